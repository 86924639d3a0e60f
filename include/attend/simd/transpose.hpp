#pragma once

#include <attend/simd/pack.hpp>

#include <utility>

ATTEND_QUIET_BEGIN

namespace attend {
inline namespace ATTEND_UNIT_NAME {
namespace transpose_detail {

/// a0 b0 a1 b1 … from the lower or the upper halves of a and b.
template <bool upper, class Vector, std::size_t... lane>
ATTEND_INLINE void interleave(Vector const& a, Vector const& b, Vector& out, std::index_sequence<lane...>) {
  constexpr int lanes = static_cast<int>(sizeof...(lane)), skip = upper ? lanes / 2 : 0;
  out = __builtin_shufflevector(a, b, (skip + static_cast<int>(lane) / 2 + (lane % 2 == 0 ? 0 : lanes))...);
}

}  // namespace transpose_detail

/// Transposes a square of `lanes` vectors in registers.
///
/// Each round interleaves row i with row i + lanes/2, which rotates the bits of (row, lane) by one place; after
/// log2(lanes) rounds row and lane have changed places. lanes/2 · log2(lanes) · 2 shuffles: a quarter of a shuffle an
/// element for 16 floats, against a store an element done by hand.
template <class Number, int lanes>
ATTEND_INLINE void transpose(raw_vector<Number, lanes> (&row)[lanes]) {
  using Lanes = std::make_index_sequence<lanes>;
  ATTEND_UNROLL
  for (int round = 1; round < lanes; round *= 2) {
    raw_vector<Number, lanes> next[lanes];
    ATTEND_UNROLL
    for (int i = 0; i < lanes / 2; ++i) {
      transpose_detail::interleave<false>(row[i], row[i + lanes / 2], next[2 * i], Lanes{});
      transpose_detail::interleave<true>(row[i], row[i + lanes / 2], next[2 * i + 1], Lanes{});
    }
    ATTEND_UNROLL
    for (int i = 0; i < lanes; ++i) row[i] = next[i];
  }
}

}  // namespace ATTEND_UNIT_NAME
}  // namespace attend

ATTEND_QUIET_END
