#pragma once

#include <attend/simd/pack.hpp>

#include <Eigen/Core>

#include <cstdint>
#include <cstring>

/// Products of bfloat16, two for one instruction (AVX512-BF16): the one place of this library that names instructions
/// for arithmetic. A word of 32 bits holds two neighbours, the first in its lower half.
///
/// For kernels that run on V4Bfloat16Set alone. Sums are floats, rounded to nearest; subnormal numbers count as 0.

ATTEND_QUIET_BEGIN

namespace attend {
inline namespace ATTEND_UNIT_NAME {

/// 32 numbers of bfloat16, as 16 words.
using Bfloat16Words = raw_vector<std::uint32_t, 16>;

#if defined(__x86_64__)
#if defined(__clang__)

// Clang wants to see the instruction set at the built-in function, and no caller of a function that must be inlined may
// lack it. A function that merely may be is inlined all the same, once all others are in the kernel's entry.
#if defined(__AVX512BF16__)
#define ATTEND_TARGET_BFLOAT16
#else
#define ATTEND_TARGET_BFLOAT16 __attribute__((target("avx512f,avx512bw,avx512vl,avx512bf16")))
#endif
#if __clang_major__ >= 17
typedef __bf16 ClangBfloat16 __attribute__((vector_size(64)));
typedef ClangBfloat16 ClangRounded;
#else
typedef int ClangBfloat16 __attribute__((vector_size(64)));
typedef short ClangRounded __attribute__((vector_size(64)));
#endif

/// sum += a₀ · b₀ + a₁ · b₁, word by word.
ATTEND_TARGET_BFLOAT16 __attribute__((min_vector_width(512))) inline void add_bfloat16_products(
    raw_vector<float, 16>& sum, Bfloat16Words const& a, Bfloat16Words const& b) {
  sum = __builtin_ia32_dpbf16ps_512(sum, reinterpret_cast<ClangBfloat16>(a), reinterpret_cast<ClangBfloat16>(b));
}

/// 32 floats to the nearest bfloat16, in order; of two as near the even one.
ATTEND_TARGET_BFLOAT16 __attribute__((min_vector_width(512))) inline void round_to_bfloat16(
    Bfloat16Words& rounded, raw_vector<float, 16> const& first, raw_vector<float, 16> const& second) {
  ClangRounded const numbers = __builtin_ia32_cvtne2ps2bf16_512(second, first);
  rounded = reinterpret_cast<Bfloat16Words>(numbers);
}
#undef ATTEND_TARGET_BFLOAT16

#else

/// sum += a₀ · b₀ + a₁ · b₁, word by word.
ATTEND_INLINE void add_bfloat16_products(raw_vector<float, 16>& sum, Bfloat16Words const& a, Bfloat16Words const& b) {
  raw_vector<float, 16> total = sum;  // of its own: an operand of asm that is part of an array stays in memory
  asm("vdpbf16ps {%2, %1, %0|%0, %1, %2}" : "+v"(total) : "v"(a), "v"(b));
  sum = total;
}

/// 32 floats to the nearest bfloat16, in order; of two as near the even one.
ATTEND_INLINE void round_to_bfloat16(Bfloat16Words& rounded, raw_vector<float, 16> const& first,
                                     raw_vector<float, 16> const& second) {
  Bfloat16Words words;
  asm("vcvtne2ps2bf16 {%1, %2, %0|%0, %2, %1}" : "=v"(words) : "v"(first), "v"(second));
  rounded = words;
}

#endif
#endif

}  // namespace ATTEND_UNIT_NAME
}  // namespace attend

ATTEND_QUIET_END
