#pragma once

#include <attend/kernel/call.hpp>

#include <algorithm>
#include <numeric>
#include <span>

namespace attend {
inline namespace ATTEND_UNIT_NAME {
namespace kernel {

/// What backward is handed besides the arrays of the forward call, and where the gradients go.
template <class Number, class Output, class OutputGradient>
struct GradientArrays {
  Heads<Output const> output;             // (b, h, n, e) as forward left it
  Heads<Number const> log_sum_exp;        // (b, h, n, 1) likewise
  Heads<OutputGradient const> d_output;   // (b, h, n, e)
  Heads<Number const> d_log_sum_exp;      // (b, h, n, 1) or no data
  Heads<Number> d_query, d_key, d_value;  // with any strides
};

template <class CallType, class ArraysType>
struct BackwardCall {
  using Call = CallType;
  using Arrays = ArraysType;
  using Number = typename Call::Number;

  Call const& forward;
  Arrays const& arrays;
};

/// Blocks of queries, from `begin` to before `end`.
struct BlockSpan {
  Index begin = 0, end = 0;
  [[nodiscard]] bool holds(Index block) const { return begin <= block && block < end; }
};

/// What a chunk of keys adds to d_query.
struct ChunkPart {
  BlockSpan span;   // which blocks have one
  Index pairs = 0;  // of queries and keys in blocks that meet: how long it takes
};

/// The order in which chunks are taken: no worker shall begin a long one when the others are done.
inline void take_longest_first(std::span<ChunkPart const> parts, Index* turns) {
  Index* const end = turns + parts.size();
  std::iota(turns, end, Index{0});
  std::sort(turns, end, [&](Index a, Index b) {
    Index const pairs_a = parts[static_cast<std::size_t>(a)].pairs, pairs_b = parts[static_cast<std::size_t>(b)].pairs;
    return pairs_a != pairs_b ? pairs_a > pairs_b : a < b;
  });
}

/// What one key/value head of one segment is cut into.
///
///   block   up to `block` queries: their tokens, features and row numbers are packed together
///   chunk   up to `chunk` keys: one task, which alone writes the gradients of its keys and values, and sums what its
///           keys add to the gradients of all queries
///
/// All of it is a pure function of sizes, so the order of every sum is, too.
struct GradientUnit {
  static constexpr Index block = 48;
  static constexpr Index chunk = 512;

  Segment segment;
  Index key_head = 0;
  Index rows = 0;        // queries of all heads of the group
  Index block_rows = 0;  // queries that are cut together: of one head, or of the whole group
  Index blocks_each = 0;
  Index blocks = 0, tiles = 0, chunks = 0;
  Index first_block = 0, first_tile = 0, first_chunk = 0;  // counted from the wave's first
  std::size_t memory = 0;                                  // where its arrays begin

  GradientUnit() = default;
  GradientUnit(Segment const& where, Index head, Index group, Index tile, Index strip)
      : segment(where), key_head(head), rows(group * where.rows) {
    block_rows = where.rows >= strip ? where.rows : rows;
    blocks_each = (block_rows + block - 1) / block;
    blocks = block_rows == 0 ? 0 : rows / block_rows * blocks_each;
    tiles = (where.keys + tile - 1) / tile;
    chunks = (where.keys + chunk - 1) / chunk;
  }

  /// The first query of a block, counted head by head, and how many it has.
  [[nodiscard]] Index first_row(Index number) const {
    return number / blocks_each * block_rows + number % blocks_each * block;
  }
  [[nodiscard]] int rows_of(Index number) const {
    return static_cast<int>(std::min(block, block_rows - number % blocks_each * block));
  }
};

/// The unit of a wave that a task belongs to; `first` is the member that counts tasks of its kind.
template <auto first>
[[nodiscard]] GradientUnit const& unit_of_task(std::span<GradientUnit const> units, Index task) {
  return *(
      std::upper_bound(units.begin(), units.end(), task, [](Index t, GradientUnit const& u) { return t < u.*first; }) -
      1);
}

}  // namespace kernel
}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
