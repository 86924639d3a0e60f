#pragma once

#include <attend/core/config.hpp>
#include <attend/core/ordinal.hpp>

#include <type_traits>

namespace attend::detail {

/// A policy's own number, to be joined with a score: of the score's type where that is one number, so that a double
/// does not widen a float score and a Jet accepts it at all. Packs take any number as it is.
template <class Score, class Number>
[[nodiscard]] ATTEND_INLINE auto constant(Number const& x) {
  if constexpr (Real<Score> && std::is_arithmetic_v<Number>) {
    if constexpr (std::floating_point<Score>)
      return static_cast<Score>(x);
    else
      return Score(static_cast<double>(x));
  } else {
    return x;
  }
}

}  // namespace attend::detail
