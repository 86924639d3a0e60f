#pragma once

#include <attend/kernel/rows.hpp>
#include <attend/kernel/values.hpp>

ATTEND_QUIET_BEGIN

namespace attend {
inline namespace ATTEND_UNIT_NAME {
namespace kernel {

/// The packed keys of a tile: packed ahead for all blocks of a unit, or now for this block alone.
template <class T, class Block>
[[nodiscard]] ATTEND_INLINE typename Block::Number const* key_tile(Block const& block, Index tile, Index keys) {
  if (block.packed_keys != nullptr) return block.packed_keys + tile * T::steps(block.call.features.count);
  enter<typename T::Set>(PackTile<typename Block::Call>{block.call, block.segment, block.key_head, tile, keys,
                                                        block.packed_key_map, block.scratch.keys, block.scratch.room});
  return block.scratch.keys;
}

/// Calls visit(tile, keys) for every key tile of the segment that some query of the block may see. Tiles begin at
/// fixed multiples, whatever the queries: that is what makes a row's bits its own.
template <class T, class Block, class Visit>
ATTEND_INLINE void for_each_tile(Block const& block, Visit const& visit) {
  for (Index tile = 0; tile < block.segment.keys; tile += T::tile) {
    Index const keys = std::min(T::tile, block.segment.keys - tile);
    if (block.coverage(0, block.count, tile, keys) != Coverage::none) visit(tile, keys);
  }
}

template <class T, class Block, class Visit>
ATTEND_INLINE void for_each_strip(Block const& block, Visit const& visit) {
  for (int strip = 0; strip < block.count; strip += T::rows) visit(strip, std::min(T::rows, block.count - strip));
}

/// All scores of one strip against all keys, in one line a row; −∞ where nothing was computed. Returns the padded
/// number of keys, a multiple of the panel.
template <class T, class Block>
ATTEND_INLINE Index score_whole_rows(Block const& block, int strip, int rows) {
  using Pack = typename Block::Pack;
  Index const padded = round_up(block.segment.keys, T::panel), stride = block.scratch.score_stride;
  auto* const scores = block.scratch.scores;
  for (int r = 0; r < rows; ++r)
    for (Index j = 0; j < padded; j += T::lanes) Pack(Block::minus_infinity).store(scores + r * stride + j);
  for_each_tile<T>(
      block, [&](Index tile, Index keys) __attribute__((always_inline)) {
        // Panels before the first computed one are left as they are, −∞.
        (void)score_strip<T>(block, strip, rows, tile, keys, key_tile<T>(block, tile, keys), scores + tile);
      });
  return padded;
}

/// Notes which keys the rows of a strip see, while their scores still hold −∞ for the others.
template <class T, class Block>
ATTEND_INLINE void note_seen(Block const& block, int rows, Index padded_keys) {
  using Call = typename Block::Call;
  auto const& scratch = block.scratch;
  if constexpr (Call::has_masks || Call::has_adjusters)
    for (int r = 0; r < rows; ++r)
      for (Index j = 0; j < padded_keys; ++j)
        scratch.seen[r * scratch.score_stride + j] =
            scratch.scores[r * scratch.score_stride + j] != Block::minus_infinity;
}

/// sums = weights · values for one strip whose scores have become weights, over all keys; of a strip that sees none
/// they are left as they were.
template <class T, class Block>
ATTEND_INLINE void accumulate_whole_rows(Block const& block, int strip, int rows) {
  using Call = typename Block::Call;
  auto const& scratch = block.scratch;
  RowFactors<T, typename Block::Number> const same(1);
  bool first = true;
  for_each_tile<T>(
      block, [&](Index tile, Index keys) __attribute__((always_inline)) {
        auto const values = value_tile<T>(block, tile, keys);
        FinitePanels<T, typename Block::Number> finite;
        KeyRange range{0, round_up(keys, T::panel), ~std::uint64_t{0}, 0};
        std::uint64_t careful = 0;
        if constexpr (Call::has_masks || Call::has_adjusters)
          for (Index panel = 0; panel < range.end; panel += T::panel)
            if (!finite.finite(values, scratch.value_stride, panel) || !has_finite_scales<T>(block, tile + panel))
              careful |= std::uint64_t{1} << (panel / T::panel);
        if constexpr (Call::scales_tokens)
          scale_columns<T>(block, block.call.value_scale, tile, 0, range.end, rows, scratch.scores + tile);
        join_tile<T>(block, strip, rows, range, careful, values, scratch.scores + tile, scratch.seen + tile,
                     same.of_row, first);
        first = false;
      });
}

/// Whole-row normalisers: strip by strip, since a row's weights are known only after its last score.
template <class T, class Block>
ATTEND_INLINE void attend_whole_rows(Block const& block) {
  auto const& scratch = block.scratch;
  for_each_strip<T>(
      block, [&](int strip, int rows) __attribute__((always_inline)) {
        Index const padded = score_whole_rows<T>(block, strip, rows);
        note_seen<T>(block, rows, padded);
        for (int r = 0; r < rows; ++r)
          weigh_whole_row<T>(block, strip + r, padded, scratch.scores + r * scratch.score_stride);
        accumulate_whole_rows<T>(block, strip, rows);
      });
}

/// One key tile of an online normaliser, for all strips of a block. `begun` has a bit for each strip that has met a
/// key.
template <class T, bool with_values, class Block, class Values>
ATTEND_INLINE void attend_tile(Block const& block, Index tile, Index keys, typename Block::Number const* packed_keys,
                               Values const& values, std::uint64_t& begun) {
  using Call = typename Block::Call;
  constexpr Family family = Call::Normalizer::family;
  auto const& scratch = block.scratch;
  FinitePanels<T, typename Block::Number> finite;
  for_each_strip<T>(
      block, [&](int strip, int rows) __attribute__((always_inline)) {
        KeyRange const range = score_strip<T>(block, strip, rows, tile, keys, packed_keys, scratch.scores);
        if (range.empty()) return;
        if constexpr (family == Family::pick) {
          pick_largest<T>(block, strip, rows, tile, range, scratch.scores);
        } else {
          std::uint64_t careful = 0;
          if constexpr (with_values && (Call::has_masks || Call::has_adjusters))
            careful = careful_panels<T>(block, rows, tile, range, values, finite, scratch.scores, scratch.seen);
          RowFactors<T, typename Block::Number> factor(1);
          if constexpr (family == Family::exponential)
            weigh_exponential<T>(block, strip, rows, range, scratch.scores, factor);
          else
            weigh_pointwise<T>(block, strip, rows, range, scratch.scores);
          if constexpr (with_values && Call::scales_tokens)
            scale_columns<T>(block, block.call.value_scale, tile, range.begin, range.template vectors_end<T::lanes>(),
                             rows, scratch.scores);
          if constexpr (with_values) {
            std::uint64_t const bit = std::uint64_t{1} << (strip / T::rows);
            join_tile<T>(block, strip, rows, range, careful, values, scratch.scores, scratch.seen, factor.of_row,
                         (begun & bit) == 0);
            begun |= bit;
          }
        }
      });
}

/// Online normalisers: tile by tile, each tile's keys and values used by all strips while they are in L2.
template <class T, bool with_values, class Block>
ATTEND_INLINE void attend_online(Block const& block) {
  using Call = typename Block::Call;
  using Number = typename Block::Number;
  constexpr bool reads_values = with_values && Call::Normalizer::family != Family::pick;
  static_assert(T::most_block_rows <= 64 * T::rows);
  std::uint64_t begun = 0;
  for_each_tile<T>(
      block, [&](Index tile, Index keys) __attribute__((always_inline)) {
        Number const* packed = nullptr;
        if (!turns_keys_in_registers(block)) {
          if (reads_values && block.packed_keys == nullptr && keys >= T::tile / 4) fetch_values(block, tile, keys);
          packed = key_tile<T>(block, tile, keys);
        }
        if constexpr (reads_values && !std::is_same_v<typename Call::Value, Number>)
          if (widens_values_in_place<T>(block)) {
            auto const values = stored_values(block, tile, keys);
            attend_tile<T, with_values>(block, tile, keys, packed,
                                        ValueTile<Number, typename Call::Value>{values.data, values.row_stride, keys},
                                        begun);
            return;
          }
        ValueTile<Number> values;
        if constexpr (reads_values) values = value_tile<T>(block, tile, keys);
        attend_tile<T, with_values>(block, tile, keys, packed, values, begun);
      });
}

/// Writes one row of the output and the number that is kept of it.
template <class T, class Block>
ATTEND_INLINE void write_row(Block const& block, int r) {
  using Call = typename Block::Call;
  using Number = typename Block::Number;
  using Pack = typename Block::Pack;
  Call const& call = block.call;
  auto const& scratch = block.scratch;
  QueryPlace const at = block.place(r);
  Index const row = block.segment.row + at.row, e = call.value.dim();
  RowResult<Number> result = finish_row<T>(block, r, call.log_sum_exp.data() != nullptr);
  Number* const sums = scratch.sums + r * scratch.value_stride;

  if constexpr (Call::Normalizer::family == Family::pick) {
    auto const values = call.value.head(block.segment.batch, block.key_head);
    for (Index f = 0; f < e; ++f)
      sums[f] = !result.seen                 ? Number(0)
                : result.kept != result.kept ? result.kept
                                             : static_cast<Number>(values(block.segment.key + scratch.picked[r], f));
    if constexpr (Call::scales_tokens)
      if (result.seen && result.kept == result.kept)
        for (Index f = 0; f < e; ++f)
          sums[f] *= call.value_scale(block.segment.batch, block.key_head, block.segment.key + scratch.picked[r], 0);
  }
  if (!result.seen) {  // nor need there be sums
    for (Index f = 0; f < e; f += T::lanes) Pack(Number(0)).store(sums + f);
    result.total = result.scale = Number(1);
  }
  // Adding 0 makes every zero +0: whether a masked tile was skipped or summed must not show in a sign.
  auto const mean = [&](Index f) __attribute__((always_inline)) {
    return Pack::load(sums + f) * Pack(result.scale) / Pack(result.total) + Pack(Number(0));
  };
  auto const output = call.output.mutable_head(block.segment.batch, at.head);
  auto* const to = output.row(row);
  Index f = 0;
  if (output.column_stride == 1)
    for (; f + T::lanes <= e; f += T::lanes) store_as<T::lanes>(to + f, mean(f));
  for (; f < e; f += T::lanes) {
    Pack const x = mean(f);
    for (Index lane = 0; lane < std::min<Index>(T::lanes, e - f); ++lane)
      to[(f + lane) * output.column_stride] = static_cast<typename Call::Output>(x[static_cast<int>(lane)]);
  }
  if (call.log_sum_exp.data() != nullptr) call.log_sum_exp(block.segment.batch, at.head, row, 0) = result.kept;
}

template <class T, class Block>
ATTEND_INLINE void forward_block(Block const& block) {
  block.pack_queries();
  begin_rows<T>(block);
  if constexpr (Block::Call::Normalizer::family == Family::whole_row)
    attend_whole_rows<T>(block);
  else
    attend_online<T, true>(block);
  for (int r = 0; r < block.count; ++r) write_row<T>(block, r);
}

}  // namespace kernel
}  // namespace ATTEND_UNIT_NAME
}  // namespace attend

ATTEND_QUIET_END
