#pragma once

#include <attend/simd/polynomial.hpp>

#include <bit>
#include <cstdint>
#include <limits>

ATTEND_QUIET_BEGIN

namespace attend {
inline namespace ATTEND_UNIT_NAME {
namespace pack_detail {

template <class Number>
struct log_constants;

template <>
struct log_constants<float> {
  using unsigned_bits = std::uint32_t;
  static constexpr int mantissa = 23, bias = 127, lift = 25;
  static constexpr float lifted = 0x1p25f;
  static constexpr float whole = 0x1p23f;
  static constexpr float ln2_high = 0x1.62e4p-1f, ln2_low = 0x1.7f7d1cp-20f;  // 15 bits: k·ln2_high is exact

  /// (2·artanh(s) − 2·s) / s³ on |s| ≤ 1/3, z = s²; relative error of the logarithm 2⁻²⁷·⁷.
  template <class Pack>
  static ATTEND_INLINE Pack artanh_tail(Pack const& z) {
    return polynomial(z, 0x1.1eca9ep-2f, 0x1.1ec034p-2f, 0x1.99d1ccp-2f, 0x1.555502p-1f);
  }
};

template <>
struct log_constants<double> {
  using unsigned_bits = std::uint64_t;
  static constexpr int mantissa = 52, bias = 1023, lift = 54;
  static constexpr double lifted = 0x1p54;
  static constexpr double whole = 0x1p52;
  static constexpr double ln2_high = 0x1.62e42fefa38p-1, ln2_low = 0x1.ef35793c7673p-45;

  /// Relative error 2⁻⁵⁹·⁴.
  template <class Pack>
  static ATTEND_INLINE Pack artanh_tail(Pack const& z) {
    return polynomial(z, 0x1.5c66f9920ffbdp-3, 0x1.55c39b63d7ec9p-4, 0x1.efd443c82cf36p-4, 0x1.10680220b5227p-3,
                      0x1.3b1dd72fee726p-3, 0x1.745cb42d6951ap-3, 0x1.c71c741b60528p-3, 0x1.249249208dfc8p-2,
                      0x1.99999999a0734p-2, 0x1.5555555555535p-1);
  }
};

/// log(1 + f) for −1/3 ≤ f ≤ 1: 2·artanh(s), s = f / (2 + f), written as f − s·(f − s²·tail), in which the rounding of
/// s weighs little.
template <class Number, int lanes>
[[nodiscard]] ATTEND_INLINE pack<Number, lanes> log_near_one(pack<Number, lanes> const& f) {
  using Pack = pack<Number, lanes>;
  Pack const s = f / (f + Number(2));
  Pack const z = s * s;
  return fma(-s, fma(-z, log_constants<Number>::artanh_tail(z), f), f);
}

/// log(x) of a positive normal number, times 2^lift: k·ln 2 + log(m), x = 2^(k + lift)·m with 2/3 ≤ m < 4/3.
template <class Number, int lanes>
[[nodiscard]] ATTEND_INLINE pack<Number, lanes> log_normal(pack<Number, lanes> const& x,
                                                           pack<Number, lanes> const& lift = Number(0)) {
  using Pack = pack<Number, lanes>;
  using Constants = log_constants<Number>;
  using Unsigned = typename Constants::unsigned_bits;
  using Bits = pack<Unsigned, lanes>;
  // Subtracting the bits of 2/3 leaves the exponent k on top; the exponent of 1 more keeps it positive.
  constexpr Unsigned one = Unsigned(Constants::bias) << Constants::mantissa;
  constexpr Unsigned two_thirds = std::bit_cast<Unsigned>(Number(2) / Number(3));
  constexpr Unsigned mantissa_bits = (Unsigned(1) << Constants::mantissa) - 1;

  Bits const shifted = bits_of<Bits>(x) + Unsigned(one - two_thirds);
  Pack const m = bits_of<Pack>((shifted & mantissa_bits) + two_thirds);
  // A small whole number in the low bits of 2²³ (2⁵²) is that number more: converts with the instructions of every set.
  Pack const biased = bits_of<Pack>((shifted >> Constants::mantissa) | std::bit_cast<Unsigned>(Constants::whole));
  Pack const k = biased - (lift + (Constants::whole + Number(Constants::bias)));
  return fma(k, Pack(Constants::ln2_high), fma(k, Pack(Constants::ln2_low), log_near_one(Pack(m - Number(1)))));
}

}  // namespace pack_detail

/// log(x).
///
/// Error    at most 1 ulp for every float; for doubles 1.1, and 1.3 without fma
/// Edge     log(0) = −∞, log(∞) = ∞, log(1) = +0; NaN for x < 0 and for NaN; denormal numbers as any other
/// Cost     23 instructions on AVX-512 (double: 29), one of them a division
template <class Number, int lanes>
[[nodiscard]] ATTEND_INLINE pack<real_like<Number>, lanes> log(pack<Number, lanes> const& number) {
  using Real = real_like<Number>;
  using Pack = pack<Real, lanes>;
  using Constants = pack_detail::log_constants<Real>;
  using Limits = std::numeric_limits<Real>;
  Pack const x(number);
  auto const denormal = x < Limits::min();
  Pack const normal = select(denormal, x * Constants::lifted, x);
  Pack const lift = select(denormal, Pack(Real(Constants::lift)), Pack(Real(0)));
  Pack const result = pack_detail::log_normal(normal, lift);
  Pack const finite_or_not = select(x < Limits::infinity(), result, x);
  return select(x > Real(0), finite_or_not, select(x == Real(0), Pack(-Limits::infinity()), Pack(Limits::quiet_NaN())));
}

}  // namespace ATTEND_UNIT_NAME
}  // namespace attend

ATTEND_QUIET_END
