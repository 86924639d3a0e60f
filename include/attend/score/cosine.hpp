#pragma once

#include <attend/core/parameters.hpp>
#include <attend/score/dot.hpp>
#include <attend/score/feature_gradient.hpp>

#include <cmath>

namespace attend {

/// score(q, k) = β · cos(q, k) = β · q·k / (‖q‖ ‖k‖), with sharpness β.
///
/// Shapes   q (d)  k (d)
/// Throws   when q and k differ in d, or β is not finite
/// Edge     a zero vector has no direction: its scores are 0
/// Cost     d multiply-adds a pair; lengths once a token
/// Source   Graves 2014, equations 5–6 (arXiv 1410.5401)
struct Cosine : Dot {
  double sharpness = 1;

  Cosine() = default;
  explicit Cosine(double beta) : sharpness(beta) {}

  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    function("sharpness", parameter_span(self.sharpness));
  }

  void check_sizes(Index d_query, Index d_key, Index keys) const {
    check(std::isfinite(sharpness), "attention: Cosine has sharpness ", sharpness, "; it must be finite.");
    Dot::check_sizes(d_query, d_key, keys);
  }
  template <class Number>
  [[nodiscard]] Cosine gradient(FeatureGradient<Number> const& sums) const {
    return Cosine(static_cast<double>(sums.query_scale));
  }

  template <class Scalar>
  [[nodiscard]] FeatureScale<Scalar> query_map(Index /*d*/) const {
    return {.to_unit_length = true, .scale = Scalar(sharpness)};
  }
  template <class Scalar>
  [[nodiscard]] FeatureScale<Scalar> key_map(Index /*d*/) const {
    return {.to_unit_length = true};
  }
};

}  // namespace attend
