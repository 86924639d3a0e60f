#pragma once

#include <attend/simd/polynomial.hpp>

#include <cstdint>

ATTEND_QUIET_BEGIN

namespace attend {
inline namespace ATTEND_UNIT_NAME {
namespace pack_detail {

template <class Number>
struct tanh_constants;

template <>
struct tanh_constants<float> {
  static constexpr float saturated = 10.f;  // tanh rounds to 1 from 9.02
  static constexpr float rounder = 0x1.8p23f;
  static constexpr int mantissa = 23, bias = 127;
  static constexpr float per_half_ln2 = 0x1.715476p1f, half_ln2 = 0x1.62e43p-2f;

  /// tanh(y) / y on |y| ≤ ln 2 / 4, w = y²; relative error 2⁻²⁴·¹. One coefficient more (2⁻³²) does not lower the bound
  /// of the whole.
  template <class Pack>
  static ATTEND_INLINE Pack near_zero(Pack const& w) {
    return polynomial(w, 0x1.0c7fc4p-3f, -0x1.554feap-2f, 1.f);
  }
};

template <>
struct tanh_constants<double> {
  static constexpr double saturated = 20.;  // tanh rounds to 1 from 19.07
  static constexpr double rounder = 0x1.8p52;
  static constexpr int mantissa = 52, bias = 1023;
  static constexpr double per_half_ln2 = 0x1.71547652b82fep1, half_ln2 = 0x1.62e42fefa39efp-2;

  /// Relative error 2⁻⁵⁷·⁷.
  template <class Pack>
  static ATTEND_INLINE Pack near_zero(Pack const& w) {
    return polynomial(w, 0x1.c37f04278212ep-9, -0x1.223c5aeeb5e04p-7, 0x1.664ec976845e8p-6, -0x1.ba1ba1161a5e9p-5,
                      0x1.11111110e057cp-3, -0x1.55555555554bbp-2, 1.);
  }
};

}  // namespace pack_detail

/// tanh(x), with x = n·(ln 2)/2 + y, s = 2ⁿ and t = tanh(y), a short polynomial:
///
///   tanh(x) = (s·(1 + t) − (1 − t)) / (s·(1 + t) + (1 − t)) = ((s + 1)·t + (s − 1)) / ((s − 1)·t + (s + 1))
///
/// For n = 0 it is t itself, for large n numerator and denominator become the same number: small and saturated x need
/// no path of their own. −n swaps s and 1/s, a power of two, so the function is odd to the last bit. A rational
/// function of x² of the same length was tried: no faster on AVX-512 (both wait for the division), up to 6 ulp off, and
/// above 1.
///
/// Error    at most 2.6 ulp for every float, 2.8 without fma; 2.7 for doubles
/// Edge     tanh(±∞) = ±1, |tanh| ≤ 1 everywhere, tanh(x) = x for |x| < 10⁻⁴, signed zeros and NaN are kept
/// Cost     15 instructions on AVX-512 (double: 19), one of them a division
template <class Number, int lanes>
[[nodiscard]] ATTEND_INLINE pack<real_like<Number>, lanes> tanh(pack<Number, lanes> const& number) {
  using Real = real_like<Number>;
  using Pack = pack<Real, lanes>;
  using Bits = pack<integer_like<Real>, lanes>;
  using Constants = pack_detail::tanh_constants<Real>;
  constexpr Real rounder = Constants::rounder + Real(Constants::bias);  // see exp

  Pack const x(number);
  Pack const not_high = select(x > Constants::saturated, Constants::saturated, x);
  Pack const bounded = select(not_high < -Constants::saturated, -Constants::saturated, not_high);
  Pack const rounded = fma(bounded, Pack(Constants::per_half_ln2), Pack(rounder));
  Pack const n = rounded - rounder;
  Pack const y = fma(n, Pack(-Constants::half_ln2), bounded);
  Pack const s = bits_of<Pack>(bits_of<Bits>(rounded) << Constants::mantissa);
  Pack const t = y * Constants::near_zero(Pack(y * y));
  Pack const sum = s + Real(1);
  Pack const difference = Real(1) - s;  // this way round a negative zero survives
  return fma(sum, t, -difference) / fma(-difference, t, sum);
}

}  // namespace ATTEND_UNIT_NAME
}  // namespace attend

ATTEND_QUIET_END
