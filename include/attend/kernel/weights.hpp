#pragma once

#include <attend/kernel/forward.hpp>

/// The weights of one block of queries, written out: for looking at, not on the way to an output.

ATTEND_QUIET_BEGIN

namespace attend {
inline namespace ATTEND_UNIT_NAME {
namespace kernel {

/// One row of the caller's array, at the keys of the block's segment.
template <class Number>
struct WeightLine {
  Number* data = nullptr;
  Index step = 1;

  ATTEND_INLINE void fill(Index keys, Number x) const {
    if (step == 1)
      std::fill_n(data, keys, x);
    else
      for (Index j = 0; j < keys; ++j) data[j * step] = x;
  }
  ATTEND_INLINE void write(Index first, Index keys, Number const* weights) const {
    if (step == 1)
      std::copy_n(weights, keys, data + first);
    else
      for (Index j = 0; j < keys; ++j) data[(first + j) * step] = weights[j];
  }
};

/// Row r of the block in the caller's array. Rows that were picked are numbered as they were asked for.
template <class Block>
[[nodiscard]] ATTEND_INLINE WeightLine<typename Block::Number> weight_line(Block const& block, int r) {
  auto const& call = block.call;
  HeadsStrides const& strides = call.weights.strides();
  Index const rows = call.rows_of(block.segment), number = block.first + r, head = number / rows;
  Index const row = number - head * rows + (call.picked_rows == nullptr ? block.segment.row : 0);
  return {call.weights.data() + block.segment.batch * strides.batch +
              (block.key_head * call.group + head) * strides.heads + row * strides.length +
              block.segment.key * strides.dim,
          strides.dim};
}

/// The number that forward keeps of row r, where it is asked for. Rows that were picked are numbered as for weights.
template <class Block>
ATTEND_INLINE void keep_number(Block const& block, int r, typename Block::Number number_of_row) {
  auto const& call = block.call;
  if (call.log_sum_exp.data() == nullptr) return;
  Index const rows = call.rows_of(block.segment), number = block.first + r, head = number / rows;
  Index const row = number - head * rows + (call.picked_rows == nullptr ? block.segment.row : 0);
  call.log_sum_exp(block.segment.batch, block.key_head * call.group + head, row, 0) = number_of_row;
}

template <class T, class Block>
ATTEND_INLINE void write_whole_rows(Block const& block) {
  for_each_strip<T>(
      block, [&](int strip, int rows) __attribute__((always_inline)) {
        Index const padded = score_whole_rows<T>(block, strip, rows);
        for (int r = 0; r < rows; ++r) {
          auto* const scores = block.scratch.scores + r * block.scratch.score_stride;
          weigh_whole_row<T>(block, strip + r, padded, scores);
          weight_line(block, strip + r).write(0, block.segment.keys, scores);
          keep_number(block, strip + r, block.scratch.largest[strip + r]);
        }
      });
}

/// One where the key was picked. A NaN that was seen leaves no pick: the row's weights are NaN where it may look.
template <class T, class Block>
ATTEND_INLINE void write_picks(Block const& block) {
  using Number = typename Block::Number;
  Number const one = 1;
  for (int r = 0; r < block.count; ++r) {
    Number const kept = block.scratch.largest[r];
    if (kept == kept && block.scratch.picked[r] >= 0) weight_line(block, r).write(block.scratch.picked[r], 1, &one);
  }
}

/// The weights of one row in one tile, in the place of its scores, from what the row came to.
template <class T, class Block>
ATTEND_INLINE void weigh_again(Block const& block, int r, KeyRange const& range, typename Block::Number* scores) {
  using Call = typename Block::Call;
  using Normalizer = typename Call::Normalizer;
  using Number = typename Block::Number;
  using Pack = typename Block::Pack;
  auto const& normalizer = block.call.normalizer;
  RowResult<Number> const result = finish_row<T>(block, r, true);
  Number const largest = block.scratch.largest[r];
  Pack const unseen(is_logarithmic<Normalizer> ? Block::minus_infinity : Number(0));
  for (Index j = range.begin; j < range.end; j += T::lanes) {
    Pack const score = Pack::load(scores + j);
    Pack weight;
    if constexpr (is_logarithmic<Normalizer>)
      weight = score - Pack(result.kept);
    else if constexpr (Normalizer::family == Family::exponential)
      weight = exp_nonpositive(score - Pack(largest == Block::minus_infinity ? Number(0) : largest)) *
               Pack(result.scale) / Pack(result.total);
    else if constexpr (Normalizer::family == Family::pointwise)
      weight = Pack(normalizer.weight(score + Pack(normalizer.template shift<Number>(block.segment.keys)))) /
               Pack(result.total);
    else  // pick: only rows that saw a NaN come here
      weight = Pack(result.kept);
    if (!result.seen) weight = Pack(Number(0));
    select(score == Pack(Block::minus_infinity), unseen, weight).store(scores + j);
  }
}

/// Walks over the keys a second time, when it is known what each row comes to. `wanted(r)` says for which rows.
template <class T, class Block, class Wanted>
ATTEND_INLINE void write_tile_by_tile(Block const& block, Wanted const& wanted) {
  auto const& scratch = block.scratch;
  for_each_tile<T>(
      block, [&](Index tile, Index keys) __attribute__((always_inline)) {
        auto const* const packed = key_tile<T>(block, tile, keys);
        for_each_strip<T>(
            block, [&](int strip, int rows) __attribute__((always_inline)) {
              KeyRange const range = score_strip<T>(block, strip, rows, tile, keys, packed, scratch.scores);
              for (int r = 0; r < rows; ++r) {
                if (range.empty() || !wanted(strip + r)) continue;
                auto* const scores = scratch.scores + r * scratch.score_stride;
                weigh_again<T>(block, strip + r, range, scores);
                weight_line(block, strip + r)
                    .write(tile + range.begin, std::min(range.end, keys) - range.begin, scores + range.begin);
              }
            });
      });
}

template <class T, class Block>
ATTEND_INLINE void weights_block(Block const& block) {
  using Number = typename Block::Number;
  using Normalizer = typename Block::Call::Normalizer;
  block.pack_queries();
  begin_rows<T>(block);
  for (int r = 0; r < block.count; ++r)
    weight_line(block, r).fill(block.segment.keys, is_logarithmic<Normalizer> ? Block::minus_infinity : Number(0));

  if constexpr (Normalizer::family == Family::whole_row) {
    write_whole_rows<T>(block);
  } else {
    attend_online<T, false>(block);
    if constexpr (Normalizer::family == Family::pick) {
      write_picks<T>(block);
      write_tile_by_tile<T>(
          block, [&](int r)
                     __attribute__((always_inline)) { return block.scratch.largest[r] != block.scratch.largest[r]; });
    } else {
      write_tile_by_tile<T>(block, [](int) __attribute__((always_inline)) { return true; });
    }
  }
}

}  // namespace kernel
}  // namespace ATTEND_UNIT_NAME
}  // namespace attend

ATTEND_QUIET_END
