#pragma once

#include <attend/core/config.hpp>
#include <attend/layer/encoder_block.hpp>
#include <attend/layer/gated_feed_forward.hpp>
#include <attend/layer/rms_norm.hpp>
#include <attend/model/language_model.hpp>

#include <memory>

namespace attend {
inline namespace ATTEND_UNIT_NAME {

/// The sizes of a Llama; given here are those of Llama 2 with 7 billion parameters.
struct LlamaShape {
  Index words = 32000, positions = 4096;
  Index features = 4096, layers = 32, heads = 32;
  Index kv_heads = 0;  ///< 0: as many as heads
  Index head_dim = 0;  ///< 0: features / heads
  Index hidden = 11008;
  double rotary_base = 10000;
  double epsilon = 1e-5;
  bool tied = false;     ///< the table of words is the head
  bool qk_norm = false;  ///< norms of queries and keys, as Qwen 3 and OLMo 2 have them
};

/// Rotary positions, RMS norms before, SwiGLU, grouped queries, no biases.
///
/// Source   Touvron 2023, section 2.2 (arXiv 2302.13971)
template <class Scalar>
using Llama = LanguageModel<Scalar, EncoderBlock<Scalar, RmsNorm<Scalar>, SwiGlu<Scalar>>, RmsNorm<Scalar>>;

/// All matrices 0, norms 1: to be read from a file, or see layer/initialize.hpp. Positions turn in halves, as in the
/// files of Hugging Face; for those of Meta, hand in a `Rotary` that turns interleaved.
template <class Scalar>
[[nodiscard]] Llama<Scalar> llama(LlamaShape const& shape, Rotary const& rotary) {
  Llama<Scalar> model;
  model.words = Embedding<Scalar>(shape.words, shape.features);
  MultiHead<Scalar> attention(MultiHeadShape{.features = shape.features,
                                             .heads = shape.heads,
                                             .kv_heads = shape.kv_heads,
                                             .key_dim = shape.head_dim,
                                             .bias = false});
  attention.rotary = std::make_shared<RotaryTable<Scalar> const>(rotary, shape.positions);
  if (shape.qk_norm) attention.query_norm = attention.key_norm = RmsNorm<Scalar>(attention.key_dim(), shape.epsilon);
  for (Index layer = 0; layer < shape.layers; ++layer)
    model.blocks.blocks.emplace_back(attention, SwiGlu<Scalar>(shape.features, shape.hidden),
                                     RmsNorm<Scalar>(shape.features, shape.epsilon), NormPlace::before);
  model.blocks.norm = RmsNorm<Scalar>(shape.features, shape.epsilon);
  if (!shape.tied) model.head = Linear<Scalar>(shape.features, shape.words, false);
  return model;
}
template <class Scalar>
[[nodiscard]] Llama<Scalar> llama(LlamaShape const& shape = {}) {
  check(shape.head_dim > 0 || (shape.heads > 0 && shape.features % shape.heads == 0), "llama: ", shape.features,
        " features do not divide into ", shape.heads, " heads; give head_dim.");
  Index const dim = shape.head_dim > 0 ? shape.head_dim : shape.features / shape.heads;
  return llama<Scalar>(shape, Rotary(dim, RotaryLayout::halves, shape.rotary_base));
}

}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
