#pragma once

#include <attend/core/ordinal.hpp>

#include <cmath>
#include <concepts>
#include <type_traits>
#include <utility>

namespace attend::reference {

/// Does x + x give an expression that looks at its operands (Eigen::AutoDiffScalar, some of Boost's numbers)?
template <class T>
inline constexpr bool gives_expressions =
    !std::is_same_v<std::remove_cvref_t<decltype(std::declval<T const&>() + std::declval<T const&>())>, T>;

/// A number that computes at once. A user's `auto` function would otherwise return an expression over its own
/// arguments, which are gone by then: `[](auto score, auto p) { return score - 0.1 * (p.query - p.key); }`.
template <class T>
struct Evaluated {
  T value{};

  Evaluated() = default;
  Evaluated(T const& x) : value(x) {}
  template <class Number>
    requires std::is_arithmetic_v<Number>
  Evaluated(Number x) : value(static_cast<double>(x)) {}

  friend Evaluated operator-(Evaluated const& x) { return T(-x.value); }

#define ATTEND_EVALUATED_OPERATOR(op)                                                                    \
  friend Evaluated operator op(Evaluated const& a, Evaluated const& b) { return T(a.value op b.value); } \
  Evaluated& operator op##=(Evaluated const& b) { return *this = *this op b; }
#define ATTEND_EVALUATED_COMPARISON(op) \
  friend bool operator op(Evaluated const& a, Evaluated const& b) { return a.value op b.value; }
  ATTEND_EVALUATED_OPERATOR(+)
  ATTEND_EVALUATED_OPERATOR(-)
  ATTEND_EVALUATED_OPERATOR(*)
  ATTEND_EVALUATED_OPERATOR(/)
  ATTEND_EVALUATED_COMPARISON(<)
  ATTEND_EVALUATED_COMPARISON(<=)
  ATTEND_EVALUATED_COMPARISON(>)
  ATTEND_EVALUATED_COMPARISON(>=)
  ATTEND_EVALUATED_COMPARISON(==)
  ATTEND_EVALUATED_COMPARISON(!=)
#undef ATTEND_EVALUATED_OPERATOR
#undef ATTEND_EVALUATED_COMPARISON

  friend Evaluated exp(Evaluated const& x) {
    using std::exp;
    return T(exp(x.value));
  }
  friend Evaluated log(Evaluated const& x) {
    using std::log;
    return T(log(x.value));
  }
  friend Evaluated tanh(Evaluated const& x) {
    using std::tanh;
    return T(tanh(x.value));
  }
  friend Evaluated sqrt(Evaluated const& x) {
    using std::sqrt;
    return T(sqrt(x.value));
  }
  friend Evaluated abs(Evaluated const& x) { return x < 0 ? -x : x; }
  friend Evaluated max(Evaluated const& a, Evaluated const& b) { return a < b ? b : a; }
  friend Evaluated min(Evaluated const& a, Evaluated const& b) { return b < a ? b : a; }
};

/// What a user's function is handed for a scalar T, and T again.
template <class T>
using evaluated_t = std::conditional_t<gives_expressions<T>, Evaluated<T>, T>;

template <class T, class Result>
[[nodiscard]] T plain(Result const& x) {
  if constexpr (std::is_same_v<Result, Evaluated<T>>)
    return x.value;
  else
    return static_cast<T>(x);
}

}  // namespace attend::reference
