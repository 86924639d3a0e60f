#pragma once

#include <attend/simd/polynomial.hpp>

#include <concepts>
#include <limits>

ATTEND_QUIET_BEGIN

namespace attend {
inline namespace ATTEND_UNIT_NAME {
namespace pack_detail {

/// exp(x) = 2ⁿ·exp(r), n = round(x / ln 2), |r| ≤ ln 2 / 2.
///
/// Adding 1.5·2²³ (1.5·2⁵²) rounds to a whole number and leaves it in the low bits; `bias` more, and these bits are
/// the exponent field of 2^(n + shift). The scale is larger than the result by 2^shift, so that it is a normal number
/// even where the result is not, and one last product rounds a denormal result once.
template <class Number>
struct exp_constants;

template <>
struct exp_constants<float> {
  static constexpr float lowest = -104.f;  // below it exp is less than half of the least denormal
  static constexpr float highest = 89.f;   // above it exp is more than the largest number
  static constexpr float rounder = 0x1.8p23f;
  static constexpr int mantissa = 23, bias = 127, shift = 64;
  static constexpr float shifted = 0x1p64f, unshifted = 0x1p-64f;
  static constexpr float per_ln2 = 0x1.715476p0f;
  // ln 2 in two parts. n·ln2_high is exact: 15 bits and 8 bits.
  static constexpr float ln2_high = 0x1.62e4p-1f, ln2_low = 0x1.7f7d1cp-20f;

  /// (exp(r) − 1 − r) / r², so that exp(r) has relative error 2⁻²⁸·² on |r| ≤ ln 2 / 2.
  template <class Pack>
  static ATTEND_INLINE Pack tail(Pack const& r) {
    return polynomial(r, 0x1.6a4d34p-10f, 0x1.12398ep-7f, 0x1.5558bp-5f, 0x1.555492p-3f, 0x1.fffffcp-2f);
  }
};

template <>
struct exp_constants<double> {
  static constexpr double lowest = -746.;
  static constexpr double highest = 710.;
  static constexpr double rounder = 0x1.8p52;
  static constexpr int mantissa = 52, bias = 1023, shift = 512;
  static constexpr double shifted = 0x1p512, unshifted = 0x1p-512;
  static constexpr double per_ln2 = 0x1.71547652b82fep0;
  // 42 bits and 11 bits.
  static constexpr double ln2_high = 0x1.62e42fefa38p-1, ln2_low = 0x1.ef35793c7673p-45;

  /// Relative error 2⁻⁵⁷·⁹.
  template <class Pack>
  static ATTEND_INLINE Pack tail(Pack const& r) {
    return polynomial(r, 0x1.ada96e5051b79p-26, 0x1.28ae17ddf0071p-22, 0x1.71df0a32a8601p-19, 0x1.a01999459e4aap-16,
                      0x1.a01a0136db5fbp-13, 0x1.6c16c1847e856p-10, 0x1.1111111125557p-7, 0x1.55555555506a6p-5,
                      0x1.5555555555504p-3, 0x1.000000000000ap-1);
  }
};

/// exp(r) for |r| ≤ ln 2 / 2.
///
/// 1 + r·(1 + r·tail) takes one operation less than 1 + (r + r²·tail), but rounds well enough for 1 ulp only where fma
/// rounds once: 0.90 ulp, and 1.17 without. The second form has 1.00 and 0.99; used everywhere it would cost 2 % of the
/// speed on AVX-512 and 4 to 14 % on AVX2.
template <class Number, int lanes>
[[nodiscard]] ATTEND_INLINE pack<Number, lanes> exp_near_zero(pack<Number, lanes> const& r) {
  using Pack = pack<Number, lanes>;
  Pack const one(Number(1));
  Pack const tail = exp_constants<Number>::tail(r);
  if constexpr (rounds_fma_once<Pack>)
    return fma(fma(tail, r, one), r, one);
  else
    return fma(tail, r * r, r) + one;
}

}  // namespace pack_detail

/// exp(x) for x ≤ 0: the one that turns scores into weights.
///
/// Error    at most 1 ulp for every x, denormal results included (0.90 with fma, 0.99 without; math.hpp has the table)
/// Edge     exp(−∞) = 0 exactly, exp(±0) = 1, NaN stays NaN; also right up to x = 44 (float), 354 (double)
/// Cost     14 instructions on AVX-512 (double: 19)
template <std::floating_point Number, int lanes>
[[nodiscard]] ATTEND_INLINE pack<Number, lanes> exp_nonpositive(pack<Number, lanes> const& x) {
  using Pack = pack<Number, lanes>;
  using Bits = pack<integer_like<Number>, lanes>;
  using Constants = pack_detail::exp_constants<Number>;
  constexpr Number rounder = Constants::rounder + Number(Constants::bias + Constants::shift);

  Pack const rounded = fma(x, Pack(Constants::per_ln2), Pack(rounder));
  Pack const n = rounded - rounder;
  Pack const r = fma(n, Pack(-Constants::ln2_low), fma(n, Pack(-Constants::ln2_high), x));
  Pack const scale = bits_of<Pack>(bits_of<Bits>(rounded) << Constants::mantissa);
  Pack const result = pack_detail::exp_near_zero(r) * scale * Constants::unshifted;
  // Chosen at the end, not clamped at the start: off the critical path, and one masked product on AVX-512.
  return select(x < Constants::lowest, Number(0), result);
}

/// exp(x).
///
/// Error    at most 1 ulp for every x (0.90 with fma, 0.99 without)
/// Edge     exp(−∞) = 0 exactly, exp(∞) = ∞, exp(±0) = 1, NaN stays NaN
/// Cost     16 instructions on AVX-512 (double: 21)
template <class Number, int lanes>
[[nodiscard]] ATTEND_INLINE auto exp(pack<Number, lanes> const& number) {
  using Real = real_like<Number>;
  using Pack = pack<Real, lanes>;
  using Bits = pack<integer_like<Real>, lanes>;
  using Constants = pack_detail::exp_constants<Real>;
  constexpr Real rounder_up = Constants::rounder + Real(Constants::bias + Constants::shift);
  constexpr Real rounder_down = Constants::rounder + Real(Constants::bias - Constants::shift);

  Pack const x(number);
  auto const negative = x < Real(0);
  // The scale is shifted towards 1 on both sides, so that neither it nor the product with it leaves the normal numbers.
  Pack const rounder = select(negative, Pack(rounder_up), Pack(rounder_down));
  Pack const unshift = select(negative, Pack(Constants::unshifted), Pack(Constants::shifted));
  Pack const rounded = fma(x, Pack(Constants::per_ln2), rounder);
  Pack const n = rounded - rounder;
  Pack const r = fma(n, Pack(-Constants::ln2_low), fma(n, Pack(-Constants::ln2_high), x));
  Pack const scale = bits_of<Pack>(bits_of<Bits>(rounded) << Constants::mantissa);
  Pack const result = pack_detail::exp_near_zero(r) * scale * unshift;
  Pack const bounded = select(x > Constants::highest, std::numeric_limits<Real>::infinity(), result);
  return Pack(select(x < Constants::lowest, Real(0), bounded));
}

}  // namespace ATTEND_UNIT_NAME
}  // namespace attend

ATTEND_QUIET_END
