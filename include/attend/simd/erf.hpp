#pragma once

#include <attend/simd/exp.hpp>
#include <attend/simd/magnitude.hpp>

#include <limits>

ATTEND_QUIET_BEGIN

namespace attend {
inline namespace ATTEND_UNIT_NAME {
namespace pack_detail {

/// The coefficients were fitted for this library: interpolation at Chebyshev nodes in 40 decimal digits, rounded to the
/// type, the error taken on 400 points afterwards.
///
///   near(w)    erf(x)/x − 1 on 0 ≤ w = x² ≤ 1
///   far(t)     exp(z²)·erfc(z)·(z + centre) on z ≥ 0, t = z/(z + centre) − ½: finite at both ends, −½ at 0 and ½ at
///              infinity, so that one polynomial serves all z
///
/// t written as ½ − centre/(z + centre), the same number, has twice the rounding error where z is small.
template <class Number>
struct erf_constants;

template <>
struct erf_constants<float> {
  static constexpr float centre = 2.f, centre_sqrt2 = 0x1.6a09e6p1f;
  static constexpr float saturated = 12.f, cdf_saturated = 16.f;  // exp(−z²), exp(−z²/2) are 0
  static constexpr std::int32_t upper_half = ~std::int32_t{0xfff};
  /// Relative error of erf 2⁻²⁷·².
  template <class Pack>
  static ATTEND_INLINE Pack near(Pack const& w) {
    return polynomial(w, 0x1.4a569p-14f, -0x1.a45088p-11f, 0x1.54127p-8f, -0x1.b7fabap-6f, 0x1.ce2d1p-4f,
                      -0x1.81273ep-2f, 0x1.06eba8p-3f);
  }
  /// Relative error 2⁻²⁷·⁴ before, 2⁻²⁵·⁸ after the coefficients were rounded.
  template <class Pack>
  static ATTEND_INLINE Pack far(Pack const& t) {
    return polynomial(t, 0x1.1a4c18p-4f, 0x1.7eca4cp-6f, -0x1.342090p-3f, -0x1.b29f2cp-4f, 0x1.91069ap-3f,
                      0x1.a84988p-3f, -0x1.60567ap-2f, -0x1.2a8744p-2f, 0x1.1e2dd4p0f, -0x1.5fd388p0f, 0x1.058672p0f);
  }
};

template <>
struct erf_constants<double> {
  static constexpr double centre = 4., centre_sqrt2 = 0x1.6a09e667f3bcdp2;
  static constexpr double saturated = 28., cdf_saturated = 40.;
  static constexpr std::int64_t upper_half = ~std::int64_t{0x7ffffff};
  /// Relative error 2⁻⁵⁵·⁵.
  template <class Pack>
  static ATTEND_INLINE Pack near(Pack const& w) {
    return polynomial(w, 0x1.05ffd737fb32ep-34, -0x1.389d4f2641625p-30, 0x1.f7b4bf3b13964p-27, -0x1.5f1ecb6f0764cp-23,
                      0x1.b9df224ca4b97p-20, -0x1.f4d1e3183f7aep-17, 0x1.f9a321d5b8e1ep-14, -0x1.c02db3dac435fp-11,
                      0x1.565bcd0dbaa38p-8, -0x1.b82ce31284e00p-6, 0x1.ce2f21a042b30p-4, -0x1.812746b0379e6p-2,
                      0x1.06eba8214db69p-3);
  }
  /// Relative error 2⁻⁵⁷·² before, 2⁻⁵³·⁵ after the coefficients were rounded.
  template <class Pack>
  static ATTEND_INLINE Pack far(Pack const& t) {
    return polynomial(t, 0x1.f36d8f26067d6p-9, -0x1.5e243bcb5bcd0p-10, -0x1.055c642430266p-6, 0x1.d16930edb8c31p-10,
                      0x1.0a395a44d8d18p-5, -0x1.534dbf9f8d75fp-7, -0x1.c6596b17a2096p-5, 0x1.7f048f4ea1fbdp-5,
                      0x1.3b0cf5024bf2dp-4, -0x1.3c7440d5e91e8p-3, -0x1.e7ebd7777a24ep-7, 0x1.72cddbdba093ap-2,
                      -0x1.dd2843b0c3d54p-2, -0x1.269b5709946d1p-3, 0x1.908f471ffe9afp0, -0x1.b00c0529fc336p1,
                      0x1.38dbd2c8e8e74p2, -0x1.645fd8a4c08c6p2, 0x1.52cac23710011p2, -0x1.14eacb1ad02b6p2,
                      0x1.8be202d26c708p1, -0x1.f3fe31ecb49c0p0, 0x1.18932bf08e154p0);
  }
};

/// exp(−scale·z²), scale a power of two. A rounded square would cost z² half ulp in the far tail, so what it lost is
/// found (its upper half of bits squares exactly) and made good to first order.
template <class Number, int lanes>
[[nodiscard]] ATTEND_INLINE pack<Number, lanes> exp_minus_square(pack<Number, lanes> const& z, Number scale) {
  using Pack = pack<Number, lanes>;
  using Bits = pack<integer_like<Number>, lanes>;
  Pack const high = bits_of<Pack>(bits_of<Bits>(z) & erf_constants<Number>::upper_half);
  Pack const square = z * z;  // also a factor below, so that no compiler joins it to the difference
  Pack const lost = (z - high) * (z + high) - (square - high * high);  // z² − square
  Pack const e = exp_nonpositive(Pack(square * -scale));
  return fma(e, Pack(lost * -scale), e);
}

/// half the area under the normal density beyond |x| = z: ½ erfc(z/√2) from e = exp(−z²/2).
template <class Number, int lanes>
[[nodiscard]] ATTEND_INLINE pack<Number, lanes> normal_tail(pack<Number, lanes> const& z,
                                                            pack<Number, lanes> const& e) {
  using Pack = pack<Number, lanes>;
  using Constants = erf_constants<Number>;
  constexpr Number sqrt_half = Number(0x1.6a09e667f3bcdp-1);
  Pack const s = Number(1) / (z + Constants::centre_sqrt2);
  Pack const t = fma(z, s, Pack(Number(-0.5)));
  return e * (s * sqrt_half) * Constants::far(t);
}

}  // namespace pack_detail

/// erf(x) = 2/√π ∫₀ˣ exp(−t²) dt: a polynomial up to |x| = 1, from there 1 − exp(−x²)·far/(|x| + centre).
///
/// Error    at most 1.4 ulp, 1.2 with fma (math.hpp has the table)
/// Edge     erf(±∞) = ±1, |erf| ≤ 1 everywhere, odd to the last bit; signed zeros, denormal numbers and NaN are kept
/// Cost     about 50 instructions on AVX-512 (double: 75), one of them a division
template <class Number, int lanes>
[[nodiscard]] ATTEND_INLINE pack<real_like<Number>, lanes> erf(pack<Number, lanes> const& number) {
  using Real = real_like<Number>;
  using Pack = pack<Real, lanes>;
  using Constants = pack_detail::erf_constants<Real>;
  Pack const x(number);
  Pack const z = min(abs(x), Constants::saturated);
  Pack const s = Real(1) / (z + Constants::centre);
  Pack const t = fma(z, s, Pack(Real(-0.5)));
  Pack const tail = pack_detail::exp_minus_square(z, Real(1)) * s * Constants::far(t);
  Pack const beyond = Real(1) - tail;
  Pack const near = fma(x, Constants::near(Pack(z * z)), x);
  return select(z < Real(1), near, select(x < Real(0), -beyond, beyond));
}

/// Φ(x) = ½ (1 + erf(x/√2)): the share of a normal distribution below x. Of negative x it is the tail itself, where
/// 1 + erf would cancel.
///
/// Error    at most 5.3 ulp, 4.6 with fma, denormal results included
/// Edge     Φ(−∞) = 0, Φ(∞) = 1, Φ(±0) = ½, NaN stays NaN
/// Cost     about 40 instructions on AVX-512 (double: 55), one of them a division
template <class Number, int lanes>
[[nodiscard]] ATTEND_INLINE pack<real_like<Number>, lanes> normal_cdf(pack<Number, lanes> const& number) {
  using Real = real_like<Number>;
  using Pack = pack<Real, lanes>;
  Pack const x(number);
  Pack const z = min(abs(x), pack_detail::erf_constants<Real>::cdf_saturated);
  Pack const tail = pack_detail::normal_tail(z, pack_detail::exp_minus_square(z, Real(0.5)));
  return select(x < Real(0), tail, Real(1) - tail);
}

/// φ(x) = Φ′(x) = exp(−x²/2) / √(2π)
///
/// Error    at most 2.8 ulp
/// Edge     φ(±∞) = 0, NaN stays NaN
/// Cost     about 22 instructions on AVX-512 (double: 27)
template <class Number, int lanes>
[[nodiscard]] ATTEND_INLINE pack<real_like<Number>, lanes> normal_density(pack<Number, lanes> const& number) {
  using Real = real_like<Number>;
  using Pack = pack<Real, lanes>;
  Pack const z = min(abs(Pack(number)), pack_detail::erf_constants<Real>::cdf_saturated);
  return pack_detail::exp_minus_square(z, Real(0.5)) * Real(0x1.9884533d43651p-2);
}

}  // namespace ATTEND_UNIT_NAME
}  // namespace attend

ATTEND_QUIET_END
