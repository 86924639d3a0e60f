#pragma once

#include <attend/simd/pack.hpp>

#include <limits>

ATTEND_QUIET_BEGIN

namespace attend {
inline namespace ATTEND_UNIT_NAME {

/// |x|. The sign of a NaN is cleared too. Whole numbers stay whole.
template <class Number, int lanes>
[[nodiscard]] ATTEND_INLINE pack<Number, lanes> abs(pack<Number, lanes> const& x) {
  if constexpr (std::is_floating_point_v<Number>) {
    using Bits = pack<integer_like<Number>, lanes>;
    return bits_of<pack<Number, lanes>>(bits_of<Bits>(x) & std::numeric_limits<integer_like<Number>>::max());
  } else {
    return select(x < Number(0), -x, x);
  }
}

/// The larger one. As on plain numbers a is kept where either is not a number, so max(x, 0) keeps NaN.
template <class Left, class Right>
  requires(is_pack<Left> || is_pack<Right>)
[[nodiscard]] ATTEND_INLINE auto max(Left const& a, Right const& b) -> pack_detail::common_pack_t<Left, Right> {
  using Pack = pack_detail::common_pack_t<Left, Right>;
  Pack const left(a), right(b);
  return select(left < right, right, left);
}

/// The smaller one; a where either is not a number.
template <class Left, class Right>
  requires(is_pack<Left> || is_pack<Right>)
[[nodiscard]] ATTEND_INLINE auto min(Left const& a, Right const& b) -> pack_detail::common_pack_t<Left, Right> {
  using Pack = pack_detail::common_pack_t<Left, Right>;
  Pack const left(a), right(b);
  return select(right < left, right, left);
}

}  // namespace ATTEND_UNIT_NAME
}  // namespace attend

ATTEND_QUIET_END
