#pragma once

#include <attend/simd/pack.hpp>

namespace attend::detail {

/// x modulo step, in [0, step) for negative x too.
[[nodiscard]] ATTEND_INLINE Index remainder_of(Index x, Index step) {
  Index const rest = x % step;
  return rest < 0 ? rest + step : rest;
}

/// The same for numbers that follow one another. No instruction set divides whole vectors of integers: one division
/// serves the first lane, and the others, which are ahead by less than `lanes`, come back by subtraction.
template <class Integer, int lanes>
[[nodiscard]] ATTEND_INLINE pack<Integer, lanes> remainder_of(pack<Integer, lanes> const& consecutive, Index step) {
  Index const first = consecutive[0], rest = remainder_of(first, step);
  pack<Integer, lanes> x = consecutive - (first - rest);
  Index largest = step;
  while (largest < lanes) largest *= 2;
  for (; largest >= step; largest /= 2) x = select(x >= largest, x - largest, x);
  return x;
}

[[nodiscard]] ATTEND_INLINE Index remainder_of(Ordinal x, Index step) { return remainder_of(Index(x), step); }

}  // namespace attend::detail
