#pragma once

#include <attend/core/config.hpp>
#include <attend/layer/activation_kinds.hpp>
#include <attend/layer/encoder_block.hpp>
#include <attend/layer/feed_forward.hpp>
#include <attend/layer/layer_norm.hpp>
#include <attend/model/language_model.hpp>

namespace attend {
inline namespace ATTEND_UNIT_NAME {

/// The sizes of a Gpt2; given here are those of the released small one (124 million parameters).
struct Gpt2Shape {
  Index words = 50257, positions = 1024;
  Index features = 768, layers = 12, heads = 12;
  Index hidden = 0;  ///< of the feed-forward layers; 0: 4·features
  double epsilon = 1e-5;
};

/// Learned positions, norms before, GELU by tanh, scaled dot products, and the table of words as its own head.
///
/// Source   Radford 2019, section 2.3, "Language Models are Unsupervised Multitask Learners"
template <class Scalar>
using Gpt2 =
    LanguageModel<Scalar, EncoderBlock<Scalar, LayerNorm<Scalar>, FeedForward<Scalar, GeluTanh>>, LayerNorm<Scalar>>;

/// All matrices 0, norms 1: to be read from a file, or see layer/initialize.hpp.
template <class Scalar>
[[nodiscard]] Gpt2<Scalar> gpt2(Gpt2Shape const& shape = {}) {
  Gpt2<Scalar> model;
  model.words = Embedding<Scalar>(shape.words, shape.features);
  model.positions = PositionEmbedding<Scalar>(shape.positions, shape.features);
  using Feed = FeedForward<Scalar, GeluTanh>;
  for (Index layer = 0; layer < shape.layers; ++layer)
    model.blocks.blocks.emplace_back(
        MultiHead<Scalar>(MultiHeadShape{.features = shape.features, .heads = shape.heads}),
        Feed(shape.features, shape.hidden > 0 ? shape.hidden : 4 * shape.features),
        LayerNorm<Scalar>(shape.features, true, shape.epsilon), NormPlace::before);
  model.blocks.norm = LayerNorm<Scalar>(shape.features, true, shape.epsilon);
  return model;
}

}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
