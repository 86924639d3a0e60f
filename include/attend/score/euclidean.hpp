#pragma once

#include <attend/core/math.hpp>
#include <attend/core/parameters.hpp>
#include <attend/score/constant.hpp>
#include <attend/score/feature_gradient.hpp>
#include <attend/score/plain_features.hpp>
#include <attend/simd/pack.hpp>

#include <cmath>

namespace attend {

/// score(q, k) = −γ ‖q − k‖²
///
/// Under Softmax the weights are a normalised Gaussian (RBF) kernel of width σ = 1/√(2γ): Nadaraya and Watson's
/// regression. They do not change when q and k are shifted together.
///
/// Shapes   q (d)  k (d)
/// Throws   when q and k differ in d, or γ is not finite
/// Cost     d subtractions and multiply-adds a pair
/// Source   Nadaraya 1964, Watson 1964; Kim 2021 (L2 attention, arXiv 2006.04710)
struct Euclidean : detail::PlainFeatures {
  double gamma = 1;

  Euclidean() = default;
  explicit Euclidean(double rate) : gamma(rate) {}

  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    function("gamma", parameter_span(self.gamma));
  }

  void check_sizes(Index d_query, Index d_key, Index keys) const {
    check(std::isfinite(gamma), "attention: Euclidean has γ ", gamma, "; it must be finite.");
    PlainFeatures::check_sizes(d_query, d_key, keys);
  }
  // Not 2γ(q·k − ‖k‖²/2), which is one multiply-add a feature and equal under Softmax, where ‖q‖² cancels: for tokens
  // far from the origin that is a small difference of large numbers. At ‖k‖ = 1000 and ‖q − k‖ = 1 its terms are 5·10⁵,
  // with float errors of 0.03 each before d of them are summed, and the scores lose their shift invariance. Under
  // sigmoid, softplus or ReLU ‖q‖² does not cancel at all.
  template <class Number>
  [[nodiscard]] static ATTEND_INLINE Number combine(Number const& q, Number const& k, Number const& /*weight*/,
                                                    Number const& sum) {
    Number const difference = q - k;
    return fma(difference, difference, sum);
  }
  template <class Number>
  [[nodiscard]] ATTEND_INLINE Number finish(Number const& sum) const {
    return sum * detail::constant<Number>(-gamma);
  }
  /// −γ(q − k)², differentiated; the last is the derivative by −γ.
  template <class Number>
  [[nodiscard]] ATTEND_INLINE PairGradient<Number> pair_gradient(Number const& q, Number const& k,
                                                                 Number const& /*weight*/,
                                                                 Number const& d_score) const {
    Number const difference = q - k;
    Number const slope = d_score * detail::constant<Number>(-2 * gamma) * difference;
    return {slope, -slope, d_score * difference * difference};
  }
  template <class Number>
  [[nodiscard]] Euclidean gradient(FeatureGradient<Number> const& sums) const {
    return Euclidean(-static_cast<double>(sums.weights.sum()));
  }
};

}  // namespace attend
