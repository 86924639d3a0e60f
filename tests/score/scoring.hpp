#pragma once

#include <attend/score.hpp>
#include <attend/simd/dispatch.hpp>
#include <attend/simd/math.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

/// Similarities driven as the kernel drives them (maps, then combine and finish on packs, on every instruction set of
/// the machine), and the same score from an equation in double.

namespace scoring {

using attend::Index;

/// x → scale · unit(matrix · x + bias), written from the words of score/feature_map.hpp.
template <class Scalar>
std::vector<Scalar> mapped(attend::FeatureMap<Scalar> const& map, std::vector<Scalar> const& x) {
  std::vector<Scalar> y = x;
  if (map.matrix.data != nullptr) {
    y.assign(std::size_t(map.matrix.rows), Scalar(0));
    for (Index f = 0; f < map.matrix.rows; ++f)
      for (Index c = 0; c < map.matrix.columns; ++c) y[std::size_t(f)] += map.matrix(f, c) * x[std::size_t(c)];
  }
  if (map.bias != nullptr)
    for (std::size_t f = 0; f < y.size(); ++f) y[f] += map.bias[f];
  Scalar length = 0;
  for (Scalar const value : y) length += value * value;
  length = std::sqrt(length);
  for (Scalar& value : y) value *= map.to_unit_length ? (length > 0 ? map.scale / length : Scalar(0)) : map.scale;
  return y;
}

/// One query against as many keys as a vector has lanes.
template <class Similarity, class Scalar>
struct ScoreKernel {
  Similarity const& similarity;
  std::vector<Scalar> const& query;              // features
  std::vector<std::vector<Scalar>> const& keys;  // each features
  Scalar const* weights;                         // features, or null
  std::vector<Scalar>& scores;

  template <class Set>
  ATTEND_INLINE void run() const {
    constexpr int lanes = Set::vector_bytes / int(sizeof(Scalar));
    using Pack = attend::pack<Scalar, lanes>;
    for (std::size_t first = 0; first < keys.size(); first += lanes) {
      Pack sum(Scalar(0));
      for (std::size_t f = 0; f < query.size(); ++f) {
        Scalar key[lanes];
        for (std::size_t lane = 0; lane < lanes; ++lane)
          key[lane] = first + lane < keys.size() ? keys[first + lane][f] : Scalar(0);
        sum =
            similarity.combine(Pack(query[f]), Pack::load(key), Pack(weights == nullptr ? Scalar(1) : weights[f]), sum);
      }
      Pack const score = similarity.finish(sum);
      for (int lane = 0; lane < lanes && first + std::size_t(lane) < keys.size(); ++lane)
        scores[first + std::size_t(lane)] = score[lane];
    }
  }
};

template <class Scalar>
std::vector<Scalar> row(attend::Matrix<Scalar> const& matrix, Index i) {
  return {matrix.data() + i * matrix.cols(), matrix.data() + (i + 1) * matrix.cols()};
}

/// The largest distance between what the similarity says and what `equation(q, k, j)` says in double, as a multiple of
/// the scalar's epsilon and `size`, the largest sum of absolute terms.
template <class Scalar, class Similarity, class Equation>
void expect_scores(Similarity const& similarity, attend::Matrix<Scalar> const& q, attend::Matrix<Scalar> const& k,
                   Equation const& equation, double size) {
  static_assert(attend::Similarity<Similarity>);
  similarity.check_sizes(q.cols(), k.cols(), k.rows());
  attend::FeatureMap<Scalar> const query_map = similarity.template query_map<Scalar>(q.cols());
  attend::FeatureMap<Scalar> const key_map = similarity.template key_map<Scalar>(k.cols());
  Scalar const* weights = nullptr;
  if constexpr (requires { similarity.template feature_weights<Scalar>(); })
    weights = similarity.template feature_weights<Scalar>();
  std::vector<std::vector<Scalar>> keys;
  for (Index j = 0; j < k.rows(); ++j) {
    if constexpr (requires { Similarity::keys_are_a_table; }) {
      keys.push_back({});
      for (Index c = 0; c < q.cols(); ++c) keys.back().push_back(similarity.key_table()(j, c));
    } else {
      keys.push_back(mapped(key_map, row(k, j)));
    }
  }
  double const tolerance = size * double(q.cols() + k.cols() + 8) * double(std::numeric_limits<Scalar>::epsilon());
  for (int isa = 0; isa <= int(attend::machine_isa()); ++isa)
    for (Index i = 0; i < q.rows(); ++i) {
      std::vector<Scalar> scores(keys.size());
      std::vector<Scalar> const query = mapped(query_map, row(q, i));
      attend::dispatch(attend::Isa(isa), ScoreKernel<Similarity, Scalar>{similarity, query, keys, weights, scores});
      for (Index j = 0; j < k.rows(); ++j) {
        std::vector<double> query_in_double, key_in_double;
        for (Index c = 0; c < q.cols(); ++c) query_in_double.push_back(double(q(i, c)));
        for (Index c = 0; c < k.cols(); ++c) key_in_double.push_back(double(k(j, c)));
        ASSERT_NEAR(double(scores[std::size_t(j)]), equation(query_in_double, key_in_double, j), tolerance)
            << attend::isa_name(attend::Isa(isa)) << ", query " << i << ", key " << j;
      }
    }
}

}  // namespace scoring
