#pragma once

#include <attend/core/config.hpp>
#include <attend/layer/activation_kinds.hpp>
#include <attend/layer/decoder_block.hpp>
#include <attend/layer/encoder_block.hpp>
#include <attend/layer/feed_forward.hpp>
#include <attend/layer/gated_feed_forward.hpp>
#include <attend/layer/rms_norm.hpp>
#include <attend/model/encoder_decoder.hpp>
#include <attend/score/dot.hpp>
#include <attend/score/t5_bias.hpp>

#include <cmath>

namespace attend {
inline namespace ATTEND_UNIT_NAME {

/// The sizes of a T5; given here are those of t5-small (60 million parameters).
struct T5Shape {
  Index words = 32128;
  Index features = 512, layers = 6, heads = 8;
  Index decoder_layers = 0;  ///< 0: as many as layers
  Index head_dim = 64;
  Index hidden = 2048;
  Index buckets = 32, max_distance = 128;  ///< of the bias by distance
  double epsilon = 1e-6;
  bool tied = true;  ///< the table of words is the head, and the decoder's output is scaled by 1/√features; 1.1: false
};

/// Products that are not scaled, a bias by distance that all layers of a side share, RMS norms before, no biases of
/// projections. The encoder's bias knows before from after, the decoder's sees before alone, and over the memory there
/// is none.
///
/// Source   Raffel 2020, section 2.1 (arXiv 1910.10683)
template <class Scalar, class Feed = FeedForward<Scalar, Rectifier>>
using T5 = EncoderDecoder<Scalar, EncoderBlock<Scalar, RmsNorm<Scalar>, Feed, Dot>,
                          DecoderBlock<Scalar, RmsNorm<Scalar>, Feed, MultiHead<Scalar, Dot>, MultiHead<Scalar, Dot>>,
                          RmsNorm<Scalar>, T5Bias<Scalar>>;

/// Version 1.1, mT5 and Flan-T5: a gated GELU, and a head of its own.
///
/// Source   Shazeer 2020, "GEGLU" (arXiv 2002.05202)
template <class Scalar>
using T5Gated = T5<Scalar, GatedFeedForward<Scalar, GeluTanh>>;

/// All matrices 0, norms 1: to be read from a file, or see layer/initialize.hpp.
///
///   auto small = at::t5<float>();
///   auto small_1_1 = at::t5_gated<float>({.layers = 8, .heads = 6, .hidden = 1024, .tied = false});
template <class Scalar, class Feed = FeedForward<Scalar, Rectifier>>
[[nodiscard]] T5<Scalar, Feed> t5(T5Shape const& shape = {}) {
  Matrix<Scalar> const table = Matrix<Scalar>::Zero(shape.buckets, shape.heads);
  T5<Scalar, Feed> model{.encoder_policies = {T5Bias<Scalar>(table, true, shape.max_distance)},
                         .decoder_policies = {T5Bias<Scalar>(table, false, shape.max_distance)}};
  model.words = Embedding<Scalar>(shape.words, shape.features);
  MultiHead<Scalar, Dot> const attention(
      MultiHeadShape{.features = shape.features, .heads = shape.heads, .key_dim = shape.head_dim, .bias = false},
      Dot{});
  Feed const feed(shape.features, shape.hidden, false);
  RmsNorm<Scalar> const norm(shape.features, shape.epsilon);
  for (Index layer = 0; layer < shape.layers; ++layer) model.encoder.blocks.emplace_back(attention, feed, norm);
  for (Index layer = 0; layer < (shape.decoder_layers > 0 ? shape.decoder_layers : shape.layers); ++layer)
    model.decoder.blocks.emplace_back(attention, attention, feed, norm);
  model.encoder.norm = model.decoder.norm = norm;
  if (shape.tied)
    model.output_scale = static_cast<Scalar>(1 / std::sqrt(static_cast<double>(shape.features)));
  else
    model.head = Linear<Scalar>(shape.features, shape.words, false);
  return model;
}
/// The same with a gated GELU; for version 1.1 say tied = false.
template <class Scalar>
[[nodiscard]] T5Gated<Scalar> t5_gated(T5Shape const& shape) {
  return t5<Scalar, GatedFeedForward<Scalar, GeluTanh>>(shape);
}

}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
