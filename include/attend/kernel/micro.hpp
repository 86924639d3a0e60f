#pragma once

#include <attend/kernel/bfloat16.hpp>
#include <attend/kernel/tiling.hpp>
#include <attend/simd/convert.hpp>

#include <algorithm>
#include <type_traits>

/// The two loops in which nearly all time is spent. Sums are raw vectors in an array that the compiler keeps in
/// registers (Clang 14 left an array of the class `pack` in memory: 86 instead of 195 GFLOP/s).
///
/// Every sum is a chain of multiply-adds in the order of features or keys, whatever the number of rows or vectors at a
/// time; so a row has the same bits in a strip of 12 and alone, in prefill and in decoding.

ATTEND_QUIET_BEGIN

namespace attend {
inline namespace ATTEND_UNIT_NAME {
namespace kernel {

template <class Raw, class Number>
ATTEND_INLINE void load(Raw& x, Number const* from) {
  std::memcpy(&x, from, sizeof x);
}

template <class Raw, class Number>
ATTEND_INLINE void store(Number* to, Raw const& x) {
  std::memcpy(to, &x, sizeof x);
}

/// x = the numbers stored from `from` on, widened where they are halves.
template <int lanes, class Number, class Storage>
ATTEND_INLINE void load_stored(raw_vector<Number, lanes>& x, Storage const* from) {
  if constexpr (std::is_same_v<Storage, Number>)
    load(x, from);
  else
    x = load_as<lanes>(from).value();
}

/// Keeps no vector of the code around a loop in a register while the loop runs. Of 16 registers its sums, keys and
/// query need 15: GCC 12 kept constants for later in the others and a sum on the stack, and d_weight's product took 1.9
/// times as long as that of scores, which is the same.
template <class T>
ATTEND_INLINE void free_vector_registers() {
#if defined(__x86_64__)
  if constexpr (!T::wide)
    asm volatile("" ::
                     : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11",
                       "xmm12", "xmm13", "xmm14", "xmm15");
#endif
}

/// scores (rows × vectors·lanes) = similarity(queries, keys)
///
///   queries   [feature][query_stride]      keys   [feature][panel]      weights   [feature] or null
///
/// Of bfloat16, `features` are words of two, and `factor` is what their products are still to be multiplied by.
template <class T, int rows, int vectors, int query_stride = T::rows, class Number, class Similarity>
ATTEND_INLINE void score_panel(Similarity const& similarity, Number const* __restrict queries,
                               Number const* __restrict keys, Number const* __restrict weights, Index features,
                               Number* __restrict scores, Index score_stride, Number factor = 1) {
  constexpr int lanes = T::lanes;
  using Raw = raw_vector<Number, lanes>;
  using Pack = pack<Number, lanes>;
  // A product is summed in chains: one of 128 features has 1.4 times the error of two of 64, and shorter chains cost
  // 1 % of the speed. What a similarity of its own does with its sum is not known to be a sum.
  Index const chain = is_dot_product<Similarity> ? T::chain : features;
  Index begin = 0;
  do {
    Index const end = std::min(begin + chain, features);
    free_vector_registers<T>();
    Raw sum[rows][vectors];
    ATTEND_UNROLL
    for (int r = 0; r < rows; ++r) {
      ATTEND_UNROLL
      for (int c = 0; c < vectors; ++c) sum[r][c] = Raw{};
    }
    for (Index f = begin; f < end; ++f) {
      Raw key[vectors];
      ATTEND_UNROLL
      for (int c = 0; c < vectors; ++c) load(key[c], keys + f * T::panel + c * lanes);
      Number const weight = weights == nullptr ? Number(1) : weights[f];
      ATTEND_UNROLL
      for (int r = 0; r < rows; ++r) {
        Number const query = queries[f * query_stride + r];
        ATTEND_UNROLL
        for (int c = 0; c < vectors; ++c) {
          if constexpr (is_dot_product<Similarity>)
            multiply_add<T>(sum[r][c], query, key[c]);
          else
            sum[r][c] = similarity.combine(Pack(query), Pack(key[c]), Pack(weight), Pack(sum[r][c])).value();
        }
      }
    }
    ATTEND_UNROLL
    for (int r = 0; r < rows; ++r) {
      ATTEND_UNROLL
      for (int c = 0; c < vectors; ++c) {
        Number* const score = scores + r * score_stride + c * lanes;
        if constexpr (is_dot_product<Similarity>) {
          Raw before{};
          if (begin > 0) load(before, score);
          Raw const total = before + sum[r][c];
          store(score, T::bfloat16 && end == features ? Raw(total * factor) : total);
        } else {
          similarity.finish(Pack(sum[r][c])).store(score);
        }
      }
    }
    begin = end;
  } while (begin < features);
}

/// sums (rows × vectors·lanes) += weights · values, over keys [begin, end)
///
///   weights   [row][weight_stride], or with `transposed` [key][weight_stride]
///   values    [key][value_stride], numbers or halves      sums   [row][sum_stride]
///
/// Of bfloat16, weights and packed values are words of two keys; `begin` and the strides count as ever.
/// The chain begins with what the sums hold, or with `fresh` at 0 and is added to them. `replaces` says that what they
/// hold counts as 0.
template <class T, int rows, int vectors, bool transposed = false, bool fresh = false, class Number, class Storage>
ATTEND_INLINE void accumulate(Number const* __restrict weights, Index weight_stride, Storage const* __restrict values,
                              Index value_stride, Index begin, Index end, Number* __restrict sums, Index sum_stride,
                              bool replaces = false) {
  constexpr int lanes = T::lanes;
  using Raw = raw_vector<Number, lanes>;
  free_vector_registers<T>();
  Raw sum[rows][vectors];
  ATTEND_UNROLL
  for (int r = 0; r < rows; ++r) {
    ATTEND_UNROLL
    for (int c = 0; c < vectors; ++c) sum[r][c] = Raw{};
  }
  if (!fresh && !replaces) {
    ATTEND_UNROLL
    for (int r = 0; r < rows; ++r) {
      ATTEND_UNROLL
      for (int c = 0; c < vectors; ++c) load(sum[r][c], sums + r * sum_stride + c * lanes);
    }
  }
  constexpr Index keys = T::bfloat16 ? 2 : 1;
  for (Index j = begin; j < end; j += keys) {
    Raw value[vectors];
    ATTEND_UNROLL
    for (int c = 0; c < vectors; ++c) {
      if constexpr (T::bfloat16)
        load_value_words<lanes>(value[c], values + c * lanes, value_stride, j, end);
      else
        load_stored<lanes, Number>(value[c], values + j * value_stride + c * lanes);
    }
    ATTEND_UNROLL
    for (int r = 0; r < rows; ++r) {
      Number const weight = transposed ? weights[j * weight_stride + r] : weights[r * weight_stride + j / keys];
      ATTEND_UNROLL
      for (int c = 0; c < vectors; ++c) multiply_add<T>(sum[r][c], weight, value[c]);
    }
  }
  ATTEND_UNROLL
  for (int r = 0; r < rows; ++r) {
    ATTEND_UNROLL
    for (int c = 0; c < vectors; ++c) {
      Number* const to = sums + r * sum_stride + c * lanes;
      if constexpr (fresh) {
        Raw before;
        load(before, to);
        store(to, Raw(before + sum[r][c]));
      } else {
        store(to, sum[r][c]);
      }
    }
  }
}

}  // namespace kernel
}  // namespace ATTEND_UNIT_NAME
}  // namespace attend

ATTEND_QUIET_END
