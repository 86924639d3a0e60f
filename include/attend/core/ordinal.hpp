#pragma once

#include <attend/core/types.hpp>

#include <concepts>
#include <type_traits>

namespace attend {

/// A whole number as score and mask functions see it: the place of a query or key, the number of a head.
///
/// It behaves as an integer, indexes arrays, and joins real numbers of any type without a narrowing warning in the
/// user's own code: `0.1f * (p.query - p.key)` is a float, and a ceres::Jet where scores are Jets.
class Ordinal {
 public:
  constexpr Ordinal() = default;
  template <std::integral Integer>
  constexpr Ordinal(Integer value) : value_(static_cast<Index>(value)) {}

  constexpr operator Index() const { return value_; }

  constexpr Ordinal operator-() const { return -value_; }

 private:
  Index value_ = 0;
};

namespace detail {

/// A real number type: float, double, long double, Jet, … but no integer, and nothing made of lanes.
///
/// It must not ask for `x + x`: that would look among the operators below, which ask for it (GCC then rejects even the
/// iterators of a std::vector of anything in this namespace).
template <class Type>
concept Real = std::floating_point<Type> || (std::is_class_v<Type> && !std::same_as<Type, Ordinal> &&
                                             !requires { Type::size; } && std::is_constructible_v<Type, double>);

template <class Type>
concept WholeNumber = std::integral<Type> || std::same_as<Type, Ordinal>;

template <class Left, class Right>
concept OrdinalPair =
    WholeNumber<Left> && WholeNumber<Right> && (std::same_as<Left, Ordinal> || std::same_as<Right, Ordinal>);

}  // namespace detail

#define ATTEND_ORDINAL_OPERATOR(op)                        \
  template <class Left, class Right>                       \
    requires detail::OrdinalPair<Left, Right>              \
  constexpr Ordinal operator op(Left a, Right b) {         \
    return static_cast<Index>(a) op static_cast<Index>(b); \
  }
// The Ordinal is deduced, not converted to: otherwise these would be candidates for `atomic < int`, too.
#define ATTEND_ORDINAL_REAL_OPERATOR(op)                              \
  template <std::same_as<Ordinal> Whole, detail::Real Number>         \
  constexpr auto operator op(Whole a, Number const& b) {              \
    if constexpr (std::floating_point<Number>)                        \
      return static_cast<Number>(static_cast<Index>(a)) op b;         \
    else                                                              \
      return Number(static_cast<double>(static_cast<Index>(a))) op b; \
  }                                                                   \
  template <std::same_as<Ordinal> Whole, detail::Real Number>         \
  constexpr auto operator op(Number const& a, Whole b) {              \
    if constexpr (std::floating_point<Number>)                        \
      return a op static_cast<Number>(static_cast<Index>(b));         \
    else                                                              \
      return a op Number(static_cast<double>(static_cast<Index>(b))); \
  }
#define ATTEND_ORDINAL_COMPARISON(op)                      \
  template <class Left, class Right>                       \
    requires detail::OrdinalPair<Left, Right>              \
  constexpr bool operator op(Left a, Right b) {            \
    return static_cast<Index>(a) op static_cast<Index>(b); \
  }
ATTEND_ORDINAL_OPERATOR(+)
ATTEND_ORDINAL_OPERATOR(-)
ATTEND_ORDINAL_OPERATOR(*)
ATTEND_ORDINAL_OPERATOR(/)
ATTEND_ORDINAL_OPERATOR(%)
ATTEND_ORDINAL_OPERATOR(&)
ATTEND_ORDINAL_OPERATOR(|)
ATTEND_ORDINAL_OPERATOR(^)
ATTEND_ORDINAL_OPERATOR(<<)
ATTEND_ORDINAL_OPERATOR(>>)
ATTEND_ORDINAL_REAL_OPERATOR(+)
ATTEND_ORDINAL_REAL_OPERATOR(-)
ATTEND_ORDINAL_REAL_OPERATOR(*)
ATTEND_ORDINAL_REAL_OPERATOR(/)
ATTEND_ORDINAL_REAL_OPERATOR(<)
ATTEND_ORDINAL_REAL_OPERATOR(<=)
ATTEND_ORDINAL_REAL_OPERATOR(>)
ATTEND_ORDINAL_REAL_OPERATOR(>=)
ATTEND_ORDINAL_COMPARISON(<)
ATTEND_ORDINAL_COMPARISON(<=)
ATTEND_ORDINAL_COMPARISON(>)
ATTEND_ORDINAL_COMPARISON(>=)
ATTEND_ORDINAL_COMPARISON(==)
ATTEND_ORDINAL_COMPARISON(!=)
#undef ATTEND_ORDINAL_OPERATOR
#undef ATTEND_ORDINAL_REAL_OPERATOR
#undef ATTEND_ORDINAL_COMPARISON

}  // namespace attend
