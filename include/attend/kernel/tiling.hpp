#pragma once

#include <attend/core/types.hpp>
#include <attend/simd/dispatch.hpp>

namespace attend {
inline namespace ATTEND_UNIT_NAME {
namespace kernel {

/// The sizes of the fused computation for one instruction set and one number type.
///
/// A *panel* is `panel` keys, feature-major; a *strip* is `rows` queries, feature-major; one score micro-kernel
/// computes `score_rows` of a strip × panel in registers. A *tile* is `tile` keys, a *block* is `block` queries: the
/// unit of work of one task. Only `tile`, `chain` (features summed in one go) and the lane count decide bits of
/// results, and all are fixed for one instruction set. How many queries a block has depends on the second cache.
///
/// Registers   v4 has 32: 12 × 2 sums + 2 keys + 1 query; values 6 × 4 sums + 4 values + 1 weight.
///             v3 and the baseline have 16: 6 × 2 sums + 2 keys + 1 query, the same for values; a strip of 12 goes
///             twice over a panel of keys or a slice of values while it is in L1.
/// Memory      the scores of a strip (12 × 256 floats = 12 KiB) stay in L1; keys and values of a tile
///             (2 · 256 · 64 floats = 128 KiB) in L2, where the strips of a block use them again, beside the block's
///             own queries and sums.
template <class InstructionSet, class Number>
struct Tiling {
  using Set = InstructionSet;
  static constexpr bool wide = Set::isa == Isa::v4;
  static constexpr int lanes = Set::vector_bytes / static_cast<int>(sizeof(Number));
  static constexpr int panel = 2 * lanes;
  static constexpr int rows = 12;
  static constexpr int score_rows = wide ? 12 : 6;
  static constexpr int value_rows = 6;
  static constexpr int value_vectors = wide ? 4 : 2;
  static constexpr Index chain = Set::isa == Isa::baseline ? 32 : 64;  // without fma each step rounds twice
  static constexpr Index tile = 256;
  /// Rows of the score strip are this far apart: not a power of two, so that they do not share cache sets.
  static constexpr Index score_stride = tile + 64 / static_cast<Index>(sizeof(Number));

  /// Products of bfloat16 two at a time, of features and of keys: each stands beside its neighbour in one word, and
  /// what counts features or keys of packed arrays counts words.
  static constexpr bool bfloat16 = Set::bfloat16_products;
  [[nodiscard]] static constexpr Index steps(Index count) { return bfloat16 ? (count + 1) / 2 : count; }

  static constexpr Index fewest_block_rows = 4 * rows, most_block_rows = 16 * rows;

  /// The queries of a block: as many as stand in the second cache beside one tile of keys and values, and few enough
  /// for 64 tasks, which threads share; between 4 and 16 strips.
  ///
  /// On a Zen 4 with 1 MiB, 2048 queries: 192 are 2 to 3 % faster than 96 for d = e = 128, 1 to 2 % for 256, equal for
  /// 64. With 512 features a tile fills the cache by itself, and 48 are 2 % faster than 96.
  [[nodiscard]] static constexpr Index block(Index second_cache_bytes, Index features, Index value_features,
                                             Index queries_of_call) {
    // A key with its value takes as much as a query with its sums.
    Index const bytes = (steps(features) + value_features) * static_cast<Index>(sizeof(Number));
    Index const fit = second_cache_bytes / (bytes > 0 ? bytes : 1) - tile, shared = queries_of_call / 64;
    Index const wanted = (fit < shared ? fit : shared) / rows * rows;
    return wanted < fewest_block_rows ? fewest_block_rows : wanted > most_block_rows ? most_block_rows : wanted;
  }
};

[[nodiscard]] constexpr Index round_up(Index size, Index step) { return (size + step - 1) / step * step; }

}  // namespace kernel
}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
