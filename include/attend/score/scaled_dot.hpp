#pragma once

#include <attend/core/parameters.hpp>
#include <attend/score/dot.hpp>
#include <attend/score/feature_gradient.hpp>

#include <cmath>
#include <optional>

namespace attend {

/// score(q, k) = scale · q · k, with scale = 1/√d unless one is given: the default similarity.
///
/// The scale keeps the variance of scores near 1, so that the softmax does not saturate and gradients survive;
/// overflow is the normaliser's business (it subtracts the row's maximum).
///
/// Shapes   q (d)  k (d)
/// Throws   when q and k differ in d
/// Cost     d multiply-adds a pair; the scale is folded into q once
/// Source   Vaswani 2017, equation 1 (arXiv 1706.03762); d is that of one head
struct ScaledDot : Dot {
  std::optional<double> scale;  ///< none: 1/√d

  ScaledDot() = default;
  explicit ScaledDot(double factor) : scale(factor) {}

  /// The scale, where one is given.
  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    if (self.scale) function("scale", parameter_span(*self.scale));
  }

  template <class Number>
  [[nodiscard]] ScaledDot gradient(FeatureGradient<Number> const& sums) const {
    ScaledDot result = *this;
    if (result.scale) result.scale = static_cast<double>(sums.query_scale);
    return result;
  }

  template <class Scalar>
  [[nodiscard]] FeatureScale<Scalar> query_map(Index d) const {
    FeatureScale<Scalar> map;
    map.scale = scale ? Scalar(*scale) : Scalar(1) / std::sqrt(Scalar(d > 0 ? d : 1));
    return map;
  }
};

}  // namespace attend
