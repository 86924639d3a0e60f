#pragma once

#include <attend/core/ordinal.hpp>

#include <cmath>
#include <type_traits>

/// The functions that a score or mask function may call on plain numbers. Packs and dual numbers bring twins of the
/// same names; any other scalar (ceres::Jet, long double) brings its own, found by argument-dependent lookup.

namespace attend {

template <class Number>
concept Plain = std::is_arithmetic_v<Number> || std::same_as<Number, Ordinal>;

namespace detail {

template <Plain Number>
using real = std::conditional_t<std::is_floating_point_v<Number>, Number, double>;

/// What two plain numbers are brought to: the floating one wins, two whole ones are a position if one of them is.
template <class Left, class Right>
struct CommonNumber : std::common_type<Left, Right> {};
template <class Left>
struct CommonNumber<Left, Ordinal> {
  using type = std::conditional_t<std::is_floating_point_v<Left>, Left, Ordinal>;
};
template <class Right>
struct CommonNumber<Ordinal, Right> : CommonNumber<Right, Ordinal> {};
template <>
struct CommonNumber<Ordinal, Ordinal> {
  using type = Ordinal;
};
template <class Left, class Right>
using common_number = typename CommonNumber<Left, Right>::type;

}  // namespace detail

template <Plain Number>
[[nodiscard]] auto exp(Number x) {
  return std::exp(detail::real<Number>(x));
}
template <Plain Number>
[[nodiscard]] auto log(Number x) {
  return std::log(detail::real<Number>(x));
}
template <Plain Number>
[[nodiscard]] auto tanh(Number x) {
  return std::tanh(detail::real<Number>(x));
}
template <Plain Number>
[[nodiscard]] auto sqrt(Number x) {
  return std::sqrt(detail::real<Number>(x));
}
template <Plain Number>
[[nodiscard]] Number abs(Number x) {
  return x < Number(0) ? -x : x;
}
template <Plain Left, Plain Right>
[[nodiscard]] auto max(Left a, Right b) {
  using Common = detail::common_number<Left, Right>;
  return Common(a) < Common(b) ? Common(b) : Common(a);
}
template <Plain Left, Plain Right>
[[nodiscard]] auto min(Left a, Right b) {
  using Common = detail::common_number<Left, Right>;
  return Common(b) < Common(a) ? Common(b) : Common(a);
}
/// a·b + c, rounded once where the compiler finds an instruction for it.
template <Plain First, Plain Second, Plain Third>
[[nodiscard]] auto fma(First a, Second b, Third c) {
  using Common = detail::common_number<detail::common_number<First, Second>, Third>;
  return Common(a) * Common(b) + Common(c);
}
/// 1 / (1 + exp(−x)), without overflow.
template <Plain Number>
[[nodiscard]] auto sigmoid(Number x) {
  using Real = detail::real<Number>;
  Real const e = std::exp(-std::abs(Real(x)));
  return x < Number(0) ? e / (Real(1) + e) : Real(1) / (Real(1) + e);
}
/// log(1 + exp(x)), without overflow.
template <Plain Number>
[[nodiscard]] auto softplus(Number x) {
  using Real = detail::real<Number>;
  return (x > Number(0) ? Real(x) : Real(0)) + std::log1p(std::exp(-std::abs(Real(x))));
}

/// 2/√π ∫₀ˣ exp(−t²) dt
template <Plain Number>
[[nodiscard]] auto erf(Number x) {
  return std::erf(detail::real<Number>(x));
}
/// Φ(x) = ½ erfc(−x/√2): the share of a normal distribution below x.
template <Plain Number>
[[nodiscard]] auto normal_cdf(Number x) {
  using Real = detail::real<Number>;
  return std::erfc(Real(x) * Real(-0.707106781186547524400844362104849039L)) / 2;
}
/// φ(x) = Φ′(x) = exp(−x²/2) / √(2π)
template <Plain Number>
[[nodiscard]] auto normal_density(Number x) {
  using Real = detail::real<Number>;
  return std::exp(Real(x) * Real(x) / -2) * Real(0.398942280401432677939946059934381868L);
}

/// condition ? a : b. Use it in score and mask functions: on packs the condition has many answers.
template <Plain Left, Plain Right>
[[nodiscard]] auto select(bool condition, Left a, Right b) {
  using Common = detail::common_number<Left, Right>;
  return condition ? Common(a) : Common(b);
}
/// The same for a foreign scalar, against itself or a plain number.
template <class Number>
  requires(std::is_class_v<Number> && !Plain<Number> && !requires { Number::size; })
[[nodiscard]] Number select(bool condition, Number const& a, std::type_identity_t<Number> const& b) {
  return condition ? a : b;
}
template <class Number>
  requires(std::is_class_v<Number> && !Plain<Number> && !requires { Number::size; })
[[nodiscard]] Number select(bool condition, double a, Number const& b) {
  return condition ? Number(a) : b;
}

}  // namespace attend
