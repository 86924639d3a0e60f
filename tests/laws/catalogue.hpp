#pragma once

#include "variant.hpp"

#include <attend/normalize.hpp>
#include <attend/score.hpp>

#include <vector>

/// The kernels that the laws are tried on, compiled in variants_*.cpp.

namespace laws {

/// −Σ_f min(|q_f − k_f|, 1), in which no feature counts for more than 1: a similarity of one's own.
struct AddClippedDifference {
  template <class Number>
  Number operator()(Number const& q, Number const& k, Number const& sum) const {
    return sum + attend::min(attend::abs(q - k), Number(1));
  }
};
struct Negated {
  template <class Number>
  Number operator()(Number const& x) const {
    return -x;
  }
};
using ClippedL1 = attend::FeatureWise<AddClippedDifference, Negated>;
[[nodiscard]] inline ClippedL1 clipped_l1() { return ClippedL1(AddClippedDifference{}, Negated{}); }

/// A similarity of any kind under Softmax, without adjusters. Compiled for ScaledDot (with `announced`), Bilinear,
/// Additive, Concat, Location, Cosine, Euclidean, L1, ClippedL1.
template <class Similarity>
[[nodiscard]] Variant<float> scored_by(Similarity const& similarity);

/// Scaled dot products under a normaliser of any kind. Softmax, Sigmoid, GumbelMax and Sparsemax are compiled with
/// adjusters; Softmax, NormalizedRelu, GumbelMax, Sparsemax and TopK with weights, LogSoftmax with nothing else.
[[nodiscard]] Variant<float> normalized_by(attend::Softmax const&);
[[nodiscard]] Variant<float> normalized_by(attend::LogSoftmax const&);
[[nodiscard]] Variant<float> normalized_by(attend::Sigmoid const&);
[[nodiscard]] Variant<float> normalized_by(attend::NormalizedSigmoid const&);  // of Dot
[[nodiscard]] Variant<float> normalized_by(attend::Softplus const&);
[[nodiscard]] Variant<float> normalized_by(attend::NormalizedSoftplus const&);
[[nodiscard]] Variant<float> normalized_by(attend::Relu const&);
[[nodiscard]] Variant<float> normalized_by(attend::NormalizedRelu const&);
[[nodiscard]] Variant<float> normalized_by(attend::Argmax const&);
[[nodiscard]] Variant<float> normalized_by(attend::GumbelMax const&);
[[nodiscard]] Variant<float> normalized_by(attend::Sparsemax const&);
[[nodiscard]] Variant<float> normalized_by(attend::Entmax15 const&);
[[nodiscard]] Variant<float> normalized_by(attend::TopK const&);

/// In double: ScaledDot under Softmax or Sparsemax, Additive under Softmax or Sigmoid.
template <class Similarity, class Normalizer>
[[nodiscard]] Variant<double> in_double(Similarity const& similarity, Normalizer const& normalizer);

/// Scaled dot products under Softmax, stored as half or bfloat16.
[[nodiscard]] Variant<Eigen::half> in_half();
[[nodiscard]] Variant<Eigen::bfloat16> in_bfloat16();

template <class Parameter>
[[nodiscard]] inline attend::Matrix<Parameter> random_matrix(Index rows, Index columns, std::uint64_t seed,
                                                             double scale) {
  Random random(seed);
  attend::Matrix<Parameter> matrix(rows, columns);
  for (Index i = 0; i < rows; ++i)
    for (Index j = 0; j < columns; ++j) matrix(i, j) = static_cast<Parameter>(scale * random.normal());
  return matrix;
}

inline constexpr Index hidden = 7;

template <class Parameter>
[[nodiscard]] attend::Additive<Parameter> additive(Index d_query, Index d_key) {
  return attend::Additive<Parameter>(random_matrix<Parameter>(hidden, d_query, 11, 0.5),
                                     random_matrix<Parameter>(hidden, d_key, 12, 0.5),
                                     random_matrix<Parameter>(hidden, 1, 13, 1), random_matrix<Parameter>(hidden, 1, 14, 1));
}

/// Every similarity, with parameters that fit the sizes.
[[nodiscard]] inline std::vector<Variant<float>> every_similarity(Shape const& shape) {
  Index const d = shape.d, d_key = shape.features_of_key();
  std::vector<Variant<float>> all;
  if (d == d_key) {
    all.push_back(scored_by(attend::ScaledDot{}));
    all.push_back(scored_by(attend::Cosine{5}));
    all.push_back(scored_by(attend::Euclidean{0.2}));
    all.push_back(scored_by(attend::L1{0.3}));
    all.push_back(scored_by(clipped_l1()));
  }
  if (d > 0 && d_key > 0) {
    all.push_back(scored_by(attend::Bilinear<float>(random_matrix<float>(d, d_key, 15, 0.4))));
    all.push_back(scored_by(additive<float>(d, d_key)));
    all.push_back(scored_by(attend::Concat<float>(random_matrix<float>(hidden, d + d_key, 16, 0.5),
                                                  random_matrix<float>(hidden, 1, 17, 1))));
    all.push_back(scored_by(attend::Location<float>(random_matrix<float>(shape.m + 3, d, 18, 0.4))));
  }
  return all;
}

/// Every normaliser on scaled dot products.
[[nodiscard]] inline std::vector<Variant<float>> every_normalizer() {
  return {normalized_by(attend::Softmax{}),
          normalized_by(attend::Softmax{.temperature = 0.7, .sinks = {0.5}}),
          normalized_by(attend::Sigmoid{}),
          normalized_by(attend::Sigmoid{-3.0}),
          normalized_by(attend::NormalizedSigmoid{-1.0}),
          normalized_by(attend::Softplus{}),
          normalized_by(attend::NormalizedSoftplus{}),
          normalized_by(attend::Relu{}),
          normalized_by(attend::NormalizedRelu{}),
          normalized_by(attend::Argmax{}),
          normalized_by(attend::GumbelMax{.seed = 5, .temperature = 1.5}),
          normalized_by(attend::Sparsemax{}),
          normalized_by(attend::Entmax15{}),
          normalized_by(attend::TopK{5})};
}

/// Both lists: scaled dot products under Softmax are in both, compiled with and without adjusters.
[[nodiscard]] inline std::vector<Variant<float>> every_kernel(Shape const& shape) {
  std::vector<Variant<float>> all = every_similarity(shape);
  if (shape.d == shape.features_of_key())
    for (Variant<float>& variant : every_normalizer()) all.push_back(std::move(variant));
  return all;
}

[[nodiscard]] inline std::vector<Variant<double>> every_kernel_in_double(Shape const& shape) {
  attend::Additive<double> const sum = additive<double>(shape.d, shape.features_of_key());
  return {in_double(attend::ScaledDot{}, attend::Softmax{}), in_double(attend::ScaledDot{}, attend::Sparsemax{}),
          in_double(sum, attend::Softmax{}), in_double(sum, attend::Sigmoid{})};
}

}  // namespace laws
