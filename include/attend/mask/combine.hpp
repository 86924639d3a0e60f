#pragma once

#include <attend/core/call_shape.hpp>
#include <attend/core/concepts.hpp>
#include <attend/simd/pack.hpp>

#include <type_traits>
#include <utility>

/// a & b, a | b, !a of masks, and of what they say of a tile. One operand may be your own function (position); two of
/// them join by `where(function)`. Write (!a) & b: GCC takes !a & b for a slip.

namespace attend {

namespace detail {

template <class Answer>
inline constexpr bool is_answer = std::is_same_v<Answer, bool> || is_pack_mask<Answer>;

template <class First, class Second>
constexpr void require_answers() {
  static_assert(is_answer<First> && is_answer<Second>,
                "attend: a mask must answer with a comparison, such as `p.key <= p.query` (bool for one key, a mask of "
                "lanes for many), not with a number.");
}

// `&&` of one answer for all lanes and one a lane would be ambiguous: both types convert to the other here.
template <class First, class Second>
[[nodiscard]] ATTEND_INLINE auto meet(First const& a, Second const& b) {
  require_answers<First, Second>();
  if constexpr (std::is_same_v<First, bool> && !std::is_same_v<Second, bool>)
    return Second(a) && b;
  else if constexpr (!std::is_same_v<First, bool> && std::is_same_v<Second, bool>)
    return a && First(b);
  else
    return a && b;
}
template <class First, class Second>
[[nodiscard]] ATTEND_INLINE auto join(First const& a, Second const& b) {
  return !meet(!a, !b);
}

}  // namespace detail

/// Both masks allow the pair.
template <class First, class Second>
struct And {
  First first;
  Second second;

  void check_sizes(CallShape const& shape) const {
    check_policy(first, shape);
    check_policy(second, shape);
  }
  ATTEND_INLINE auto operator()(auto const& p) const { return detail::meet(first(p), second(p)); }
  [[nodiscard]] Coverage coverage(Tile const& tile) const {
    return both(coverage_of(first, tile), coverage_of(second, tile));
  }
};

/// At least one mask allows the pair.
template <class First, class Second>
struct Or {
  First first;
  Second second;

  void check_sizes(CallShape const& shape) const {
    check_policy(first, shape);
    check_policy(second, shape);
  }
  ATTEND_INLINE auto operator()(auto const& p) const { return detail::join(first(p), second(p)); }
  [[nodiscard]] Coverage coverage(Tile const& tile) const {
    return either(coverage_of(first, tile), coverage_of(second, tile));
  }
};

/// The mask forbids the pair.
template <class Inner>
struct Not {
  Inner inner;

  void check_sizes(CallShape const& shape) const { check_policy(inner, shape); }
  ATTEND_INLINE auto operator()(auto const& p) const {
    detail::require_answers<decltype(inner(p)), bool>();
    return !inner(p);
  }
  [[nodiscard]] Coverage coverage(Tile const& tile) const { return opposite(coverage_of(inner, tile)); }
};

/// Your own function (position) as an operand of `&`, `|`, `!`.
template <class Function>
struct Where {
  Function function;

  ATTEND_INLINE auto operator()(auto const& p) const { return function(p); }
  [[nodiscard]] Coverage coverage(Tile const&) const { return Coverage::some; }
};

template <Mask Function>
[[nodiscard]] auto where(Function&& function) {
  return Where<detail::bare<Function>>{std::forward<Function>(function)};
}

// Only a mask can answer for an `attend::Tile`, so a `coverage` tells it from any other callable with these operators.
template <Mask First, Mask Second>
  requires(CoveringMask<First> || CoveringMask<Second>)
[[nodiscard]] auto operator&(First&& first, Second&& second) {
  return And<detail::bare<First>, detail::bare<Second>>{std::forward<First>(first), std::forward<Second>(second)};
}
template <Mask First, Mask Second>
  requires(CoveringMask<First> || CoveringMask<Second>)
[[nodiscard]] auto operator|(First&& first, Second&& second) {
  return Or<detail::bare<First>, detail::bare<Second>>{std::forward<First>(first), std::forward<Second>(second)};
}
template <CoveringMask Inner>
[[nodiscard]] auto operator!(Inner&& inner) {
  return Not<detail::bare<Inner>>{std::forward<Inner>(inner)};
}

}  // namespace attend
