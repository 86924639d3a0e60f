#pragma once

#include <attend/kernel/forward.hpp>

ATTEND_QUIET_BEGIN

namespace attend {
inline namespace ATTEND_UNIT_NAME {
namespace kernel {

/// The weights of one block of queries, written out: for looking at, not on the way to an output. Online normalisers
/// walk over the keys twice, first for what the row comes to, then for each weight.
template <class T, class Block>
ATTEND_INLINE void weights_block(Block const& block) {
  using Call = typename Block::Call;
  using Number = typename Block::Number;
  using Pack = typename Block::Pack;
  constexpr Family family = Call::Normalizer::family;
  Call const& call = block.call;
  auto const& scratch = block.scratch;
  Index const rows_of_unit = call.rows_of(block.segment);

  // Row r of the block as a line of the caller's array. Rows that were picked are numbered as they were asked for.
  auto const line = [&](int r) __attribute__((always_inline)) {
    Index const number = block.first + r, head = number / rows_of_unit;
    Index const row =
        call.picked_rows == nullptr ? block.segment.row + number - head * rows_of_unit : number - head * rows_of_unit;
    return call.weights.data() + block.segment.batch * call.weights.strides().batch +
           (block.key_head * call.group + head) * call.weights.strides().heads + row * call.weights.strides().length +
           block.segment.key * call.weights.strides().dim;
  };
  Index const step = call.weights.strides().dim;
  Number const unseen = is_logarithmic<typename Call::Normalizer> ? Block::minus_infinity : Number(0);

  block.pack_queries();
  begin_rows<T>(block);
  for (int r = 0; r < block.count; ++r)
    for (Index j = 0; j < block.segment.keys; ++j) line(r)[j * step] = unseen;

  if constexpr (family == Family::whole_row) {
    for_each_strip<T>(
        block, [&](int strip, int rows) __attribute__((always_inline)) {
          Index const padded = score_whole_rows<T>(block, strip, rows);
          for (int r = 0; r < rows; ++r) {
            Number* const scores = scratch.scores + r * scratch.score_stride;
            weigh_whole_row<T>(block, strip + r, padded, scores);
            for (Index j = 0; j < block.segment.keys; ++j) line(strip + r)[j * step] = scores[j];
          }
        });
    return;
  }

  attend_online<T, false>(block);
  if constexpr (family == Family::pick) {
    for (int r = 0; r < block.count; ++r) {
      Number const kept = scratch.largest[r];
      if (kept != kept)
        for (Index j = 0; j < block.segment.keys; ++j) line(r)[j * step] = kept;
      else if (scratch.picked[r] >= 0)
        line(r)[scratch.picked[r] * step] = Number(1);
    }
  } else if constexpr (family != Family::whole_row) {
    for_each_tile<T>(
        block, [&](Index tile, Index keys) __attribute__((always_inline)) {
          auto const* const packed = key_tile<T>(block, tile, keys);
          for_each_strip<T>(
              block, [&](int strip, int rows) __attribute__((always_inline)) {
                KeyRange const range = score_strip<T>(block, strip, rows, tile, keys, packed, scratch.scores);
                for (int r = 0; r < rows; ++r) {
                  RowResult<Number> const result = finish_row<T>(block, strip + r);
                  if (!result.seen) continue;
                  Number* const scores = scratch.scores + r * scratch.score_stride;
                  Number const largest = scratch.largest[strip + r];
                  for (Index j = range.begin; j < range.end; j += T::lanes) {
                    Pack const score = Pack::load(scores + j);
                    Pack weight;
                    if constexpr (is_logarithmic<typename Call::Normalizer>)
                      weight = score - Pack(result.kept);
                    else if constexpr (family == Family::exponential)
                      weight = exp_nonpositive(score - Pack(largest == Block::minus_infinity ? Number(0) : largest)) *
                               Pack(result.scale) / Pack(result.total);
                    else
                      weight = Pack(call.normalizer.weight(
                                   score + Pack(call.normalizer.template shift<Number>(block.segment.keys)))) /
                               Pack(result.total);
                    select(score == Pack(Block::minus_infinity), Pack(unseen), weight).store(scores + j);
                  }
                  for (Index j = range.begin; j < std::min(range.end, keys); ++j)
                    line(strip + r)[(tile + j) * step] = scores[j];
                }
              });
        });
  }
}

}  // namespace kernel
}  // namespace ATTEND_UNIT_NAME
}  // namespace attend

ATTEND_QUIET_END
