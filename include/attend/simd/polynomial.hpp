#pragma once

#include <attend/simd/pack.hpp>

ATTEND_QUIET_BEGIN

namespace attend {
inline namespace ATTEND_UNIT_NAME {
namespace pack_detail {

/// highest·xᵏ + … + lowest by Horner's rule: one fma a coefficient, and only one way to compute it.
template <class Pack>
[[nodiscard]] ATTEND_INLINE Pack horner(Pack const&, Pack const& value) {
  return value;
}
template <class Pack, class Number, class... Numbers>
[[nodiscard]] ATTEND_INLINE Pack horner(Pack const& x, Pack const& value, Number next, Numbers... lower) {
  return horner(x, fma(value, x, Pack(next)), lower...);
}
template <class Pack, class Number, class... Numbers>
[[nodiscard]] ATTEND_INLINE Pack polynomial(Pack const& x, Number highest, Numbers... lower) {
  return horner(x, Pack(highest), lower...);
}

/// Whether fma(a, b, c) on packs of this width is one instruction that rounds once. On x86-64 without flags only the
/// wider vectors are computed under an instruction set that has it; GCC joins product and sum from -O2 on.
template <class Pack>
inline constexpr bool rounds_fma_once =
#if !defined(__clang__) && !defined(__OPTIMIZE__)
    false;
#elif defined(__x86_64__) && !defined(__FMA__)
    sizeof(typename Pack::raw) > 16;
#else
    true;
#endif

}  // namespace pack_detail
}  // namespace ATTEND_UNIT_NAME
}  // namespace attend

ATTEND_QUIET_END
