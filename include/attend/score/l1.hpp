#pragma once

#include <attend/core/parameters.hpp>
#include <attend/score/constant.hpp>
#include <attend/score/feature_gradient.hpp>
#include <attend/score/plain_features.hpp>
#include <attend/simd/math.hpp>

#include <cmath>

namespace attend {

/// score(q, k) = −γ Σ_f |q_f − k_f|
///
/// Under Softmax the weights are a normalised Laplace kernel of scale 1/γ.
///
/// Shapes   q (d)  k (d)
/// Throws   when q and k differ in d, or γ is not finite
/// Cost     d subtractions, absolute values and additions a pair
/// Source   Kim 2019, "Laplace" (Attentive Neural Processes, arXiv 1901.05761)
struct L1 : detail::PlainFeatures {
  double gamma = 1;

  L1() = default;
  explicit L1(double rate) : gamma(rate) {}

  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    function("gamma", parameter_span(self.gamma));
  }

  void check_sizes(Index d_query, Index d_key, Index keys) const {
    check(std::isfinite(gamma), "attention: L1 has γ ", gamma, "; it must be finite.");
    PlainFeatures::check_sizes(d_query, d_key, keys);
  }
  template <class Number>
  [[nodiscard]] static ATTEND_INLINE Number combine(Number const& q, Number const& k, Number const& /*weight*/,
                                                    Number const& sum) {
    return sum + abs(q - k);
  }
  template <class Number>
  [[nodiscard]] ATTEND_INLINE Number finish(Number const& sum) const {
    return sum * detail::constant<Number>(-gamma);
  }
  /// −γ|q − k|, differentiated, 0 where q = k; the last is the derivative by −γ.
  template <class Number>
  [[nodiscard]] ATTEND_INLINE PairGradient<Number> pair_gradient(Number const& q, Number const& k,
                                                                 Number const& /*weight*/,
                                                                 Number const& d_score) const {
    Number const difference = q - k, zero(0), step = d_score * detail::constant<Number>(-gamma);
    Number const slope = select(difference > zero, step, select(difference < zero, -step, zero));
    return {slope, -slope, d_score * abs(difference)};
  }
  template <class Number>
  [[nodiscard]] L1 gradient(FeatureGradient<Number> const& sums) const {
    return L1(-static_cast<double>(sums.weights.sum()));
  }
};

}  // namespace attend
