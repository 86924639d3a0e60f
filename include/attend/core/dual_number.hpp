#pragma once

#include <attend/core/config.hpp>
#include <attend/core/math.hpp>
#include <attend/core/ordinal.hpp>
#include <attend/core/types.hpp>

#include <concepts>
#include <type_traits>

/// A number with its derivative: what a score function is called with when it is to be differentiated.
///
///   f(a + b·ε) = f(a) + f′(a)·b·ε,  ε² = 0
///
/// Number may be float, double, long double, a pack of them (whole vectors at a time), or a dual number again (second
/// derivatives). Everything that a user's function may do with plain numbers can be done with dual ones, and any mix of
/// dual numbers, plain numbers, positions and packs; the functions are in core/dual_math.hpp.
///
/// Source   Clifford 1873; Wengert 1964, A simple automatic derivative evaluation program

namespace attend {

template <class Number>
struct Dual;

namespace detail {

template <class Type>
inline constexpr bool is_dual = false;
template <class Number>
inline constexpr bool is_dual<Dual<Number>> = true;

/// How many derivatives deep a number is: 0 for float or a pack.
template <class Type>
inline constexpr int dual_depth = 0;
template <class Number>
inline constexpr int dual_depth<Dual<Number>> = 1 + dual_depth<Number>;

/// simd/pack.hpp, which core does not know.
template <class Type>
concept PackOfNumbers = requires {
  typename Type::number;
  typename Type::mask;
  Type::size;
};

/// What joins Dual<Number> as a constant.
template <class Other, class Number>
concept ConstantFor = (Plain<Other> || PackOfNumbers<Other> || is_dual<Other> || std::same_as<Other, Number>) &&
                      (dual_depth<Other> <= dual_depth<Number>);

template <class Left, class Right>
inline constexpr bool dual_pair = false;
template <class Left, class Right>
inline constexpr bool dual_pair<Dual<Left>, Right> = ConstantFor<Right, Left>;
template <class Left, class Right>
inline constexpr bool dual_pair<Left, Dual<Right>> = ConstantFor<Left, Right>;
template <class Left, class Right>
inline constexpr bool dual_pair<Dual<Left>, Dual<Right>> =
    dual_depth<Left> == dual_depth<Right> || ConstantFor<Dual<Right>, Left> || ConstantFor<Dual<Left>, Right>;

/// Two operands at least one of which is a dual number and which can be joined.
template <class Left, class Right>
concept DualPair = dual_pair<Left, Right>;

/// A constant as an operand of a Number: a double does not widen a float, a position becomes a real number.
template <class Number, class Other>
[[nodiscard]] ATTEND_INLINE auto operand(Other const& x) {
  if constexpr (Plain<Other> && std::floating_point<Number>)
    return static_cast<Number>(x);
  else if constexpr (Plain<Other> && Real<Number>)
    return Number(static_cast<double>(x));
  else
    return x;
}

template <class Type>
inline constexpr int lanes_of = 1;
template <class Type>
  requires requires { Type::size; }
inline constexpr int lanes_of<Type> = Type::size;

}  // namespace detail

/// value + derivative · ε
template <class Number>
struct Dual {
  using number = Number;
  static constexpr int size = detail::lanes_of<Number>;  // says also that this is no plain real number

  Number value{};
  Number derivative{};

  Dual() = default;
  ATTEND_INLINE Dual(Number const& x, Number const& slope) : value(x), derivative(slope) {}
  /// A constant.
  template <detail::ConstantFor<Number> Other>
    requires(std::is_constructible_v<Number, Other>)
  ATTEND_INLINE Dual(Other const& x) : value(Number(detail::operand<Number>(x))), derivative(Number(0)) {}
  /// Another precision, or one number for all lanes.
  template <class Other>
    requires(!std::same_as<Other, Number> && detail::dual_depth<Other> == detail::dual_depth<Number> &&
             std::is_constructible_v<Number, Other>)
  ATTEND_INLINE explicit Dual(Dual<Other> const& other)
      : value(Number(other.value)), derivative(Number(other.derivative)) {}
  // User-provided, so that every calling convention passes the class in memory (see simd/pack.hpp).
  ATTEND_INLINE Dual(Dual const& other) : value(other.value), derivative(other.derivative) {}
  ATTEND_INLINE Dual& operator=(Dual const& other) {
    value = other.value;
    derivative = other.derivative;
    return *this;
  }

  ATTEND_INLINE Dual operator-() const { return Dual(-value, -derivative); }
  ATTEND_INLINE Dual operator+() const { return *this; }

  template <class Other>
    requires(detail::DualPair<Dual, Other>)
  ATTEND_INLINE Dual& operator+=(Other const& other) {
    return *this = Dual(*this + other);
  }
  template <class Other>
    requires(detail::DualPair<Dual, Other>)
  ATTEND_INLINE Dual& operator-=(Other const& other) {
    return *this = Dual(*this - other);
  }
  template <class Other>
    requires(detail::DualPair<Dual, Other>)
  ATTEND_INLINE Dual& operator*=(Other const& other) {
    return *this = Dual(*this * other);
  }
  template <class Other>
    requires(detail::DualPair<Dual, Other>)
  ATTEND_INLINE Dual& operator/=(Other const& other) {
    return *this = Dual(*this / other);
  }
};

namespace detail {

/// The derivative is brought to the value's type, which has lanes where one operand had.
template <class Value, class Slope>
[[nodiscard]] ATTEND_INLINE Dual<Value> dual(Value const& value, Slope const& slope) {
  return Dual<Value>(value, Value(slope));
}

template <class Left, class Right>
concept EqualDepth = dual_depth<Left> == dual_depth<Right>;

}  // namespace detail

template <class Left, class Right>
  requires(detail::EqualDepth<Left, Right>)
[[nodiscard]] ATTEND_INLINE auto operator+(Dual<Left> const& a, Dual<Right> const& b) {
  return detail::dual(a.value + b.value, a.derivative + b.derivative);
}
template <class Number, detail::ConstantFor<Number> Other>
[[nodiscard]] ATTEND_INLINE auto operator+(Dual<Number> const& a, Other const& x) {
  return detail::dual(a.value + detail::operand<Number>(x), a.derivative);
}
template <class Number, detail::ConstantFor<Number> Other>
[[nodiscard]] ATTEND_INLINE auto operator+(Other const& x, Dual<Number> const& b) {
  return detail::dual(detail::operand<Number>(x) + b.value, b.derivative);
}

template <class Left, class Right>
  requires(detail::EqualDepth<Left, Right>)
[[nodiscard]] ATTEND_INLINE auto operator-(Dual<Left> const& a, Dual<Right> const& b) {
  return detail::dual(a.value - b.value, a.derivative - b.derivative);
}
template <class Number, detail::ConstantFor<Number> Other>
[[nodiscard]] ATTEND_INLINE auto operator-(Dual<Number> const& a, Other const& x) {
  return detail::dual(a.value - detail::operand<Number>(x), a.derivative);
}
template <class Number, detail::ConstantFor<Number> Other>
[[nodiscard]] ATTEND_INLINE auto operator-(Other const& x, Dual<Number> const& b) {
  return detail::dual(detail::operand<Number>(x) - b.value, -b.derivative);
}

template <class Left, class Right>
  requires(detail::EqualDepth<Left, Right>)
[[nodiscard]] ATTEND_INLINE auto operator*(Dual<Left> const& a, Dual<Right> const& b) {
  return detail::dual(a.value * b.value, a.derivative * b.value + a.value * b.derivative);
}
template <class Number, detail::ConstantFor<Number> Other>
[[nodiscard]] ATTEND_INLINE auto operator*(Dual<Number> const& a, Other const& x) {
  auto const factor = detail::operand<Number>(x);
  return detail::dual(a.value * factor, a.derivative * factor);
}
template <class Number, detail::ConstantFor<Number> Other>
[[nodiscard]] ATTEND_INLINE auto operator*(Other const& x, Dual<Number> const& b) {
  auto const factor = detail::operand<Number>(x);
  return detail::dual(factor * b.value, factor * b.derivative);
}

/// (a/b)′ = (a′ − (a/b)·b′) / b
template <class Left, class Right>
  requires(detail::EqualDepth<Left, Right>)
[[nodiscard]] ATTEND_INLINE auto operator/(Dual<Left> const& a, Dual<Right> const& b) {
  auto const quotient = a.value / b.value;
  return detail::dual(quotient, (a.derivative - quotient * b.derivative) / b.value);
}
template <class Number, detail::ConstantFor<Number> Other>
[[nodiscard]] ATTEND_INLINE auto operator/(Dual<Number> const& a, Other const& x) {
  auto const divisor = detail::operand<Number>(x);
  return detail::dual(a.value / divisor, a.derivative / divisor);
}
template <class Number, detail::ConstantFor<Number> Other>
[[nodiscard]] ATTEND_INLINE auto operator/(Other const& x, Dual<Number> const& b) {
  auto const quotient = detail::operand<Number>(x) / b.value;
  return detail::dual(quotient, -quotient * b.derivative / b.value);
}

// Comparisons look at the values alone and give what Number's give: a bool, or a mask.
#define ATTEND_DUAL_COMPARISON(op)                                                          \
  template <class Left, class Right>                                                        \
    requires(detail::EqualDepth<Left, Right>)                                               \
  [[nodiscard]] ATTEND_INLINE auto operator op(Dual<Left> const& a, Dual<Right> const& b) { \
    return a.value op b.value;                                                              \
  }                                                                                         \
  template <class Number, detail::ConstantFor<Number> Other>                                \
  [[nodiscard]] ATTEND_INLINE auto operator op(Dual<Number> const& a, Other const& x) {     \
    return a.value op detail::operand<Number>(x);                                           \
  }                                                                                         \
  template <class Number, detail::ConstantFor<Number> Other>                                \
  [[nodiscard]] ATTEND_INLINE auto operator op(Other const& x, Dual<Number> const& b) {     \
    return detail::operand<Number>(x) op b.value;                                           \
  }
ATTEND_DUAL_COMPARISON(<)
ATTEND_DUAL_COMPARISON(<=)
ATTEND_DUAL_COMPARISON(>)
ATTEND_DUAL_COMPARISON(>=)
ATTEND_DUAL_COMPARISON(==)
ATTEND_DUAL_COMPARISON(!=)
#undef ATTEND_DUAL_COMPARISON

}  // namespace attend

/// Matrices of dual numbers.
template <class Number>
struct Eigen::NumTraits<attend::Dual<Number>> : Eigen::NumTraits<Number> {
  using Real = attend::Dual<Number>;
  using NonInteger = attend::Dual<Number>;
  using Literal = attend::Dual<Number>;
  using Nested = attend::Dual<Number>;
  enum {
    IsComplex = 0,
    IsInteger = 0,
    IsSigned = 1,
    RequireInitialization = 1,
    ReadCost = 2 * Eigen::NumTraits<Number>::ReadCost,
    AddCost = 2 * Eigen::NumTraits<Number>::AddCost,
    MulCost = 3 * Eigen::NumTraits<Number>::MulCost
  };
};
