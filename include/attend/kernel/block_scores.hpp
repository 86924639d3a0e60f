#pragma once

#include <attend/kernel/scores.hpp>

ATTEND_QUIET_BEGIN

namespace attend {
inline namespace ATTEND_UNIT_NAME {
namespace kernel {

/// Which keys of a tile the strips of a block have scores for; all together from `begin` to `end`, none seen from
/// `last_key` on.
template <class T, Index block>
struct BlockRange {
  KeyRange of_strip[(block + T::rows - 1) / T::rows];
  Index begin = T::tile, end = 0, last_key = 0;
  [[nodiscard]] bool empty() const { return begin >= end; }
};

/// Scores of a whole block against one tile, lines of all its rows side by side, and what the adjusters' derivatives
/// are. Panels that a strip has no scores for are left to for_each_panel.
template <class T, Index most_rows, class Block>
[[nodiscard]] ATTEND_INLINE BlockRange<T, most_rows> score_block(Block const& block, Index tile, Index keys,
                                                                 typename Block::Number const* key_panels,
                                                                 typename Block::Number* scores,
                                                                 typename Block::Number* slopes) {
  using Call = typename Block::Call;
  Index const stride = block.scratch.score_stride;
  BlockRange<T, most_rows> range;
  for (int strip = 0; strip < block.count; strip += T::rows) {
    KeyRange& here = range.of_strip[strip / T::rows];
    here = score_strip<T, true>(block, strip, std::min(T::rows, block.count - strip), tile, keys, key_panels,
                                scores + strip * stride, Call::has_adjusters ? slopes + strip * stride : nullptr);
    if (here.empty()) continue;
    range.begin = std::min(range.begin, here.begin);
    range.end = std::max(range.end, here.end);
    range.last_key = std::max(range.last_key, here.last_key);
  }
  return range;
}

/// Calls compute(panel) for the panels of a block's range that one strip has scores for. In the others, its lines get
/// −∞ as scores, and zeros as what was to be computed and as slopes.
template <class T, Index most_rows, class Block, class Compute>
ATTEND_INLINE void for_each_panel(Block const& block, BlockRange<T, most_rows> const& range, int strip, int rows,
                                  typename Block::Number* scores, typename Block::Number* computed,
                                  typename Block::Number* slopes, Compute const& compute) {
  using Number = typename Block::Number;
  using Pack = typename Block::Pack;
  Index const stride = block.scratch.score_stride;
  KeyRange const& here = range.of_strip[strip / T::rows];
  for (Index panel = range.begin; panel < range.end; panel += T::panel) {
    if (panel >= here.begin && panel < here.end && (here.computed >> (panel / T::panel) & std::uint64_t{1}) != 0) {
      compute(panel);
      continue;
    }
    for (int r = strip; r < strip + rows; ++r)
      for (Index j = panel; j < panel + T::panel; j += T::lanes) {
        Pack(Block::minus_infinity).store(scores + r * stride + j);
        Pack(Number(0)).store(computed + r * stride + j);
        if constexpr (Block::Call::has_adjusters) Pack(Number(0)).store(slopes + r * stride + j);
      }
  }
}

/// Notes which pairs of a strip meet, while their scores still hold −∞ for the others.
template <class T, Index most_rows, class Block>
ATTEND_INLINE void note_seen_pairs(Block const& block, BlockRange<T, most_rows> const& range, int strip, int rows,
                                   typename Block::Number const* scores, std::uint8_t* seen) {
  Index const stride = block.scratch.score_stride;
  for (int r = strip; r < strip + rows; ++r)
    for (Index j = range.begin; j < range.end; ++j)
      seen[r * stride + j] = scores[r * stride + j] != Block::minus_infinity;
}

}  // namespace kernel
}  // namespace ATTEND_UNIT_NAME
}  // namespace attend

ATTEND_QUIET_END
