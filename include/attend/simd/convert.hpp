#pragma once

#include <attend/simd/pack.hpp>

#include <cstring>
#include <type_traits>

ATTEND_QUIET_BEGIN

namespace attend {
inline namespace ATTEND_UNIT_NAME {

/// Whether AVX2 or AVX-512 has instructions that convert so many numbers at a time.
template <int lanes>
inline constexpr bool has_conversions =
#if defined(ATTEND_EMULATE_V4)
    false;
#else
    lanes == 8 || lanes == 16;
#endif

/// Reads `lanes` stored numbers as numbers to compute with; the result is exact.
template <int lanes, class Number>
[[nodiscard]] ATTEND_INLINE pack<Number, lanes> load_as(Number const* from) {
  return pack<Number, lanes>::load(from);
}

/// Numbers of 16 bits as they are stored, as floats; the result is exact.
///
/// A half has 5 bits of exponent biased by 15, a float 8 biased by 127: shift the magnitude into place and multiply by
/// 2^112, which also makes normal floats of subnormal halves. Infinity and NaN keep their mantissa. AVX2 and AVX-512
/// have an instruction for it, which GCC is told as text because the unit may be compiled for neither.
template <class Storage, int lanes>
[[nodiscard]] ATTEND_INLINE pack<float, lanes> widen(raw_vector<std::uint16_t, lanes> const& stored) {
  using Bits = raw_vector<std::uint32_t, lanes>;
  using Floats = raw_vector<float, lanes>;
  if constexpr (std::is_same_v<Storage, Eigen::bfloat16>)
    return pack<float, lanes>(reinterpret_cast<Floats>(__builtin_convertvector(stored, Bits) << 16));
#if defined(__x86_64__)
  if constexpr (has_conversions<lanes>) {
#if defined(__clang__)
    using Halves = __fp16 __attribute__((ext_vector_type(lanes)));
    return pack<float, lanes>(__builtin_convertvector(reinterpret_cast<Halves>(stored), Floats));
#else
    Floats wide;
    asm("vcvtph2ps {%1, %0|%0, %1}" : "=v"(wide) : "v"(stored));  // for either -masm
    return pack<float, lanes>(wide);
#endif
  }
#endif
  Bits const half = __builtin_convertvector(stored, Bits);
  Bits const sign = (half & 0x8000u) << 16, magnitude = (half & 0x7fffu) << 13;
  Floats const scaled = reinterpret_cast<Floats>(magnitude) * 0x1p112f;
  Bits const special = magnitude | 0x7f800000u;
  Bits const bits = magnitude >= 0x0f800000u ? special : reinterpret_cast<Bits>(scaled);
  return pack<float, lanes>(reinterpret_cast<Floats>(bits | sign));
}

template <int lanes, class Storage>
  requires(std::is_same_v<Storage, Eigen::half> || std::is_same_v<Storage, Eigen::bfloat16>)
[[nodiscard]] ATTEND_INLINE pack<float, lanes> load_as(Storage const* from) {
  raw_vector<std::uint16_t, lanes> stored;
  std::memcpy(&stored, from, sizeof stored);
  return widen<Storage, lanes>(stored);
}

/// Bytes, exactly. AVX2 and AVX-512 have an instruction that reads and widens them; see widen.
template <int lanes>
[[nodiscard]] ATTEND_INLINE pack<float, lanes> load_as(std::int8_t const* from) {
  using Whole = raw_vector<std::int32_t, lanes>;
  using Floats = raw_vector<float, lanes>;
#if defined(__x86_64__) && !defined(__clang__)
  if constexpr (has_conversions<lanes>) {
    typedef std::int8_t Stored __attribute__((vector_size(lanes), aligned(1), may_alias));
    Whole whole;
    asm("vpmovsxbd {%1, %0|%0, %1}" : "=v"(whole) : "m"(*reinterpret_cast<Stored const*>(from)));
    return pack<float, lanes>(__builtin_convertvector(whole, Floats));
  }
#endif
  // Step by step: a longer step GCC 12 takes byte by byte.
  raw_vector<std::int8_t, lanes> stored;
  std::memcpy(&stored, from, sizeof stored);
  auto const wider = __builtin_convertvector(stored, raw_vector<std::int16_t, lanes>);
  return pack<float, lanes>(__builtin_convertvector(__builtin_convertvector(wider, Whole), Floats));
}

/// Writes numbers as what they are stored as; of two as near the one whose last bit is 0.
template <int lanes, class Number>
ATTEND_INLINE void store_as(Number* to, pack<Number, lanes> const& x) {
  x.store(to);
}

template <int lanes>
ATTEND_INLINE void store_as(Eigen::bfloat16* to, pack<float, lanes> const& x) {
  using Bits = raw_vector<std::uint32_t, lanes>;
  Bits const bits = reinterpret_cast<Bits>(x.value());
  Bits const near = (bits + 0x7fffu + (bits >> 16 & 1u)) >> 16;
  Bits const quiet = (bits >> 16 & 0x8000u) | 0x7fc0u;  // adding would carry a NaN to infinity
  auto const rounded =
      __builtin_convertvector((bits & 0x7fffffffu) > 0x7f800000u ? quiet : near, raw_vector<std::uint16_t, lanes>);
  std::memcpy(static_cast<void*>(to), &rounded, sizeof rounded);
}

/// With the instruction for it where there is one, see load_as.
template <int lanes>
ATTEND_INLINE void store_as(Eigen::half* to, pack<float, lanes> const& x) {
#if defined(__x86_64__)
  if constexpr (has_conversions<lanes>) {
#if defined(__clang__)
    using Halves = __fp16 __attribute__((ext_vector_type(lanes)));
    auto const rounded = __builtin_convertvector(x.value(), Halves);
#else
    raw_vector<std::uint16_t, lanes> rounded;
    asm("vcvtps2ph {$0, %1, %0|%0, %1, 0}" : "=v"(rounded) : "v"(x.value()));
#endif
    std::memcpy(static_cast<void*>(to), &rounded, sizeof rounded);
    return;
  }
#endif
  for (int lane = 0; lane < lanes; ++lane) to[lane] = static_cast<Eigen::half>(x[lane]);
}

}  // namespace ATTEND_UNIT_NAME
}  // namespace attend

ATTEND_QUIET_END
