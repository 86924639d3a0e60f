#pragma once

#include <attend/simd/pack.hpp>

#include <cstddef>
#include <cstring>
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

/// The same within each 16 bytes of a and b: a0 b0 a1 b1 of four floats, or a2 b2 a3 b3.
template <bool upper, int block, class Vector, std::size_t... lane>
ATTEND_INLINE void interleave_blocks(Vector const& a, Vector const& b, Vector& out, std::index_sequence<lane...>) {
  constexpr int lanes = static_cast<int>(sizeof...(lane)), skip = upper ? block / 2 : 0;
  out = __builtin_shufflevector(a, b,
                                (static_cast<int>(lane) / block * block + skip + static_cast<int>(lane) % block / 2 +
                                 (lane % 2 == 0 ? 0 : lanes))...);
}
/// The lower halves of each 16 bytes of a and of b, or the upper ones.
template <bool upper, int block, class Vector, std::size_t... lane>
ATTEND_INLINE void join_halves(Vector const& a, Vector const& b, Vector& out, std::index_sequence<lane...>) {
  constexpr int lanes = static_cast<int>(sizeof...(lane)), skip = upper ? block / 2 : 0;
  out = __builtin_shufflevector(a, b,
                                (static_cast<int>(lane) / block * block + skip + static_cast<int>(lane) % (block / 2) +
                                 (static_cast<int>(lane) % block < block / 2 ? 0 : lanes))...);
}

template <class Vector, class Whole, std::size_t... lane>
ATTEND_INLINE void join(Vector const& a, Vector const& b, Whole& out, std::index_sequence<lane...>) {
  out = __builtin_shufflevector(a, b, static_cast<int>(lane)...);
}

template <int first, class Whole, class Vector, std::size_t... lane>
ATTEND_INLINE void take(Whole const& from, Vector& out, std::index_sequence<lane...>) {
  out = __builtin_shufflevector(from, from, (first + static_cast<int>(lane))...);
}

/// `block` numbers from each of `lanes` / block lines, the first and every `block`th after it, side by side.
template <class Number, int lanes, int block, class Lines>
ATTEND_INLINE void gather_blocks(Lines const& lines, int first, std::ptrdiff_t at, raw_vector<Number, lanes>& out) {
  if constexpr (lanes == block) {
    std::memcpy(&out, lines(first) + at, sizeof out);
  } else {
    raw_vector<Number, lanes / 2> low, high;
    gather_blocks<Number, lanes / 2, block>(lines, first, at, low);
    gather_blocks<Number, lanes / 2, block>(lines, first + lanes / 2, at, high);
    join(low, high, out, std::make_index_sequence<lanes>());
  }
}

}  // namespace transpose_detail

/// Stores the first `columns` numbers of a vector, in pieces that are registers: a copy of 48 bytes would go by way of
/// the stack, which cost a small call 6 % of its time.
template <int columns, class Number, int lanes>
ATTEND_INLINE void store_first(Number* to, raw_vector<Number, lanes> const& x) {
  constexpr int half = lanes / 2;
  if constexpr (columns == lanes || half < 2) {
    std::memcpy(to, &x, columns * sizeof(Number));
  } else {
    raw_vector<Number, half> piece;
    transpose_detail::take<0>(x, piece, std::make_index_sequence<half>());
    store_first<(columns < half ? columns : half), Number, half>(to, piece);
    if constexpr (columns > half) {
      transpose_detail::take<half>(x, piece, std::make_index_sequence<half>());
      store_first<columns - half, Number, half>(to + half, piece);
    }
  }
}

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

/// Column j of a square of numbers in memory, whose row i begins at lines(i), into `column[j]`.
///
/// Blocks of 16 bytes find their place while they are loaded, which leaves half of the shuffles of `transpose`, and
/// none that crosses 16 bytes.
template <class Number, int lanes, class Lines>
ATTEND_INLINE void load_transposed(Lines const& lines, raw_vector<Number, lanes> (&column)[lanes]) {
  using Lanes = std::make_index_sequence<lanes>;
  constexpr int block = 16 / static_cast<int>(sizeof(Number));
  ATTEND_UNROLL
  for (int first = 0; first < lanes; first += block) {
    raw_vector<Number, lanes> row[block];
    ATTEND_UNROLL
    for (int i = 0; i < block; ++i) transpose_detail::gather_blocks<Number, lanes, block>(lines, i, first, row[i]);
    if constexpr (block == 2) {
      transpose_detail::interleave_blocks<false, block>(row[0], row[1], column[first], Lanes{});
      transpose_detail::interleave_blocks<true, block>(row[0], row[1], column[first + 1], Lanes{});
    } else {
      raw_vector<Number, lanes> low[2], high[2];
      for (int i = 0; i < 2; ++i) {
        transpose_detail::interleave_blocks<false, block>(row[2 * i], row[2 * i + 1], low[i], Lanes{});
        transpose_detail::interleave_blocks<true, block>(row[2 * i], row[2 * i + 1], high[i], Lanes{});
      }
      transpose_detail::join_halves<false, block>(low[0], low[1], column[first], Lanes{});
      transpose_detail::join_halves<true, block>(low[0], low[1], column[first + 1], Lanes{});
      transpose_detail::join_halves<false, block>(high[0], high[1], column[first + 2], Lanes{});
      transpose_detail::join_halves<true, block>(high[0], high[1], column[first + 3], Lanes{});
    }
  }
}

}  // namespace ATTEND_UNIT_NAME
}  // namespace attend

ATTEND_QUIET_END
