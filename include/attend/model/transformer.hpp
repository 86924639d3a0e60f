#pragma once

#include <attend/core/config.hpp>
#include <attend/layer/decoder_block.hpp>
#include <attend/layer/encoder_block.hpp>
#include <attend/layer/feed_forward.hpp>
#include <attend/layer/layer_norm.hpp>
#include <attend/model/encoder_decoder.hpp>

#include <cmath>

namespace attend {
inline namespace ATTEND_UNIT_NAME {

/// The sizes of a Transformer; given here are those of the paper's base model (65 million parameters).
struct TransformerShape {
  Index words = 37000;
  Index target_words = 0;  ///< of a table of the target's own; 0: both sides share one
  Index features = 512, layers = 6, heads = 8, hidden = 2048;
  bool attention_bias = false;  ///< of the projections: the paper has none, PyTorch has
  double epsilon = 1e-5;
};

/// Sinusoidal positions, words times √features, norms after, rectifiers, the table of words as the head.
///
/// Source   Vaswani 2017, sections 3.1 to 3.5 (arXiv 1706.03762)
template <class Scalar>
using Transformer = EncoderDecoder<Scalar, EncoderBlock<Scalar>, DecoderBlock<Scalar>, LayerNorm<Scalar>>;

/// All matrices 0, norms 1: to be read from a file, or see layer/initialize.hpp.
template <class Scalar>
[[nodiscard]] Transformer<Scalar> transformer(TransformerShape const& shape = {}) {
  Transformer<Scalar> model;
  model.words = Embedding<Scalar>(shape.words, shape.features);
  if (shape.target_words > 0) model.target_words = Embedding<Scalar>(shape.target_words, shape.features);
  model.embedding_scale = static_cast<Scalar>(std::sqrt(static_cast<double>(shape.features)));
  model.sinusoidal = true;
  MultiHead<Scalar> const attention(
      MultiHeadShape{.features = shape.features, .heads = shape.heads, .bias = shape.attention_bias});
  FeedForward<Scalar> const feed(shape.features, shape.hidden);
  LayerNorm<Scalar> const norm(shape.features, true, shape.epsilon);
  for (Index layer = 0; layer < shape.layers; ++layer) {
    model.encoder.blocks.emplace_back(attention, feed, norm, NormPlace::after);
    model.decoder.blocks.emplace_back(attention, attention, feed, norm, NormPlace::after);
  }
  return model;
}

}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
