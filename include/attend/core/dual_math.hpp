#pragma once

#include <attend/core/dual_number.hpp>

/// The functions that a score function may call, on dual numbers: each computes its expensive part once.
///
/// Edge     at a tie max and min have the derivative of their first argument; |x|′ is 0 at x = 0, and √x has there the
///          infinite one of calculus

namespace attend {

/// condition ? a : b, the derivative with it. The condition is a bool or a mask, a and b any mix of dual numbers, plain
/// numbers and packs.
template <class Condition, class Left, class Right>
  requires(detail::DualPair<Left, Right>)
[[nodiscard]] ATTEND_INLINE auto select(Condition const& condition, Left const& a, Right const& b) {
  using Joined = decltype(a + b);
  Joined const x(a), y(b);
  return detail::dual(select(condition, x.value, y.value), select(condition, x.derivative, y.derivative));
}

template <class Number>
[[nodiscard]] ATTEND_INLINE Dual<Number> exp(Dual<Number> const& x) {
  Number const e = exp(x.value);
  return {e, e * x.derivative};
}
template <class Number>
[[nodiscard]] ATTEND_INLINE Dual<Number> log(Dual<Number> const& x) {
  return {log(x.value), x.derivative / x.value};
}
/// tanh′ = 1 − tanh²
template <class Number>
[[nodiscard]] ATTEND_INLINE Dual<Number> tanh(Dual<Number> const& x) {
  Number const t = tanh(x.value);
  return {t, (Number(1) - t * t) * x.derivative};
}
template <class Number>
[[nodiscard]] ATTEND_INLINE Dual<Number> sqrt(Dual<Number> const& x) {
  Number const root = sqrt(x.value);
  return {root, x.derivative / (root + root)};
}
/// sigmoid′ = sigmoid · (1 − sigmoid)
template <class Number>
[[nodiscard]] ATTEND_INLINE Dual<Number> sigmoid(Dual<Number> const& x) {
  Number const s = sigmoid(x.value);
  return {s, s * (Number(1) - s) * x.derivative};
}
/// softplus′ = sigmoid. Both begin with the same exponential, which the compiler finds.
template <class Number>
[[nodiscard]] ATTEND_INLINE Dual<Number> softplus(Dual<Number> const& x) {
  return {softplus(x.value), sigmoid(x.value) * x.derivative};
}
/// erf′(x) = 2/√π exp(−x²)
template <class Number>
[[nodiscard]] ATTEND_INLINE Dual<Number> erf(Dual<Number> const& x) {
  return {erf(x.value), exp(-(x.value * x.value)) * Number(1.12837916709551257389615890312154517L) * x.derivative};
}
/// Φ′ = φ, φ′ = −x φ
template <class Number>
[[nodiscard]] ATTEND_INLINE Dual<Number> normal_cdf(Dual<Number> const& x) {
  return {normal_cdf(x.value), normal_density(x.value) * x.derivative};
}
template <class Number>
[[nodiscard]] ATTEND_INLINE Dual<Number> normal_density(Dual<Number> const& x) {
  Number const density = normal_density(x.value);
  return {density, -(x.value * density) * x.derivative};
}
template <class Number>
[[nodiscard]] ATTEND_INLINE Dual<Number> abs(Dual<Number> const& x) {
  Number const zero(0);
  return {abs(x.value), select(x.value == zero, zero, select(x.value < zero, -x.derivative, x.derivative))};
}

template <class Left, class Right>
  requires(detail::DualPair<Left, Right>)
[[nodiscard]] ATTEND_INLINE auto max(Left const& a, Right const& b) {
  return select(a < b, b, a);
}
template <class Left, class Right>
  requires(detail::DualPair<Left, Right>)
[[nodiscard]] ATTEND_INLINE auto min(Left const& a, Right const& b) {
  return select(b < a, b, a);
}

/// a·b + c. Two products of the derivative are added to c's one after the other.
template <class Number>
[[nodiscard]] ATTEND_INLINE Dual<Number> fma(Dual<Number> const& a, Dual<Number> const& b, Dual<Number> const& c) {
  return {fma(a.value, b.value, c.value), fma(a.value, b.derivative, fma(a.derivative, b.value, c.derivative))};
}
template <class First, class Second, class Third>
  requires((detail::is_dual<First> || detail::is_dual<Second> || detail::is_dual<Third>) &&
           !(std::same_as<First, Second> && std::same_as<Second, Third>))
[[nodiscard]] ATTEND_INLINE auto fma(First const& a, Second const& b, Third const& c) {
  return a * b + c;
}

}  // namespace attend
