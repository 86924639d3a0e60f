#pragma once

#include <attend/core/dual.hpp>
#include <attend/reference/evaluated.hpp>
#include <attend/reference/parameter_gradient.hpp>
#include <attend/score/adaptive_span.hpp>
#include <attend/score/alibi.hpp>
#include <attend/score/bias.hpp>
#include <attend/score/gaussian.hpp>
#include <attend/score/relative_bias.hpp>
#include <attend/score/t5_bias.hpp>

/// The derivative of an adjuster: for the score that it is handed by dual numbers through its own function, for its
/// parameters from the formulas.

namespace attend::reference {

/// ∂(new score)/∂(old score)
template <class T, class Policy>
[[nodiscard]] T adjuster_slope(Policy const& policy, T const& score, Position<> const& p) {
  using Number = Dual<evaluated_t<T>>;
  return plain<T>(Number(policy(Number(evaluated_t<T>(score), evaluated_t<T>(T(1))), p)).derivative);
}

/// ∂/∂slope_h (score − slope_h · |query − key|) = −|query − key|
template <class T>
void add_parameter_gradient(Alibi const& alibi, T const& slope, Position<> const& p, ParameterGradient<T>& parameters) {
  T const distance = T(static_cast<double>(Index(abs(p.query - p.key))));
  parameters.add("slopes", alibi.slopes().size() == 1 ? Index(0) : Index(p.head), T(-slope * distance));
}

/// ∂/∂span_h log((ramp + span_h − distance) / ramp) = 1 / (ramp + span_h − distance) on the ramp
template <class T>
void add_parameter_gradient(AdaptiveSpan const& adaptive, T const& slope, Position<> const& p,
                            ParameterGradient<T>& parameters) {
  Index const head = adaptive.spans().size() == 1 ? 0 : Index(p.head);
  T const rest = T(adaptive.ramp() + adaptive.spans()[static_cast<std::size_t>(head)]) -
                 T(static_cast<double>(Index(p.query - p.key)));
  if (rest > T(0) && rest < T(adaptive.ramp())) parameters.add("spans", head, T(slope / rest));
}

/// ∂/∂bias(query, key) (score + bias(query, key)) = 1
template <class T, class Scalar>
void add_parameter_gradient(Bias<Scalar> const& bias, T const& slope, Position<> const& p,
                            ParameterGradient<T>& parameters) {
  parameters.add("grid", bias.grid().number_of(p), slope);
}

/// ∂/∂table(head, clip(key − query)) = 1
template <class T, class Scalar>
void add_parameter_gradient(RelativeBias<Scalar> const& bias, T const& slope, Position<> const& p,
                            ParameterGradient<T>& parameters) {
  Index const column = std::clamp<Index>(p.key - p.query, -bias.reach(), bias.reach()) + bias.reach();
  Index const head = bias.table().rows() == 1 ? 0 : Index(p.head);
  parameters.add("table", head * bias.table().cols() + column, slope);
}

/// ∂/∂table(bucket(key − query), head) = 1
template <class T, class Scalar>
void add_parameter_gradient(T5Bias<Scalar> const& bias, T const& slope, Position<> const& p,
                            ParameterGradient<T>& parameters) {
  Index const head = bias.table().cols() == 1 ? 0 : Index(p.head);
  parameters.add("table", bias.bucket(p.key - p.query) * bias.table().cols() + head, slope);
}

/// ∂/∂centre (score − (key − centre)² / (2 width²)) = (key − centre) / width²,  ∂/∂width = (key − centre)² / width³
template <class T>
void add_parameter_gradient(Gaussian const& gaussian, T const& slope, Position<> const& p,
                            ParameterGradient<T>& parameters) {
  T const width = T(gaussian.width());
  T const distance = T(static_cast<double>(Index(p.key))) - T(*gaussian.centres().line(p.batch, p.head, p.row));
  parameters.add("centres", gaussian.centres().number_of(p), T(slope * distance / (width * width)));
  parameters.add("width", 0, T(slope * distance * distance / (width * width * width)));
}

template <class T, class Policy>
void add_parameter_gradient(Policy const&, T const&, Position<> const&, ParameterGradient<T>&) {
  static_assert(!Learned<Policy>,
                "attend: reference::backward knows no gradients of the parameters of this adjuster of your own.");
}

}  // namespace attend::reference
