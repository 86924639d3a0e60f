#pragma once

#include <attend/kernel/block.hpp>

ATTEND_QUIET_BEGIN

namespace attend {
inline namespace ATTEND_UNIT_NAME {
namespace kernel {

/// x[r][j] *= scale of key `key` + j, for columns [begin, end), whole vectors; 0 behind the last key.
template <class T, class Block>
ATTEND_INLINE void scale_columns(Block const& block, Heads<typename Block::Number const> const& scales, Index key,
                                 Index begin, Index end, int rows, typename Block::Number* x) {
  using Pack = typename Block::Pack;
  auto const of_key = scales.head(block.segment.batch, block.key_head).middle_rows(block.segment.key + key, end);
  Index const known = block.segment.keys - key;
  for (Index j = begin; j < end; j += T::lanes) {
    typename Block::Number factors[T::lanes] = {};
    for (Index lane = 0; lane < std::min<Index>(T::lanes, known - j); ++lane) factors[lane] = *of_key.row(j + lane);
    Pack const factor = Pack::load(factors);
    for (int r = 0; r < rows; ++r) {
      typename Block::Number* const at = x + r * block.scratch.score_stride + j;
      (Pack::load(at) * factor).store(at);
    }
  }
}

/// Whether the scales of a panel's values are all numbers.
template <class T, class Block>
[[nodiscard]] ATTEND_INLINE bool has_finite_scales(Block const& block, Index key) {
  bool finite = true;
  if constexpr (Block::Call::scales_tokens) {
    auto const of_key = block.call.value_scale.head(block.segment.batch, block.key_head);
    for (Index j = key; j < std::min(key + T::panel, block.segment.keys); ++j) {
      auto const scale = *of_key.row(block.segment.key + j);
      finite = finite && scale - scale == 0;
    }
  }
  return finite;
}

}  // namespace kernel
}  // namespace ATTEND_UNIT_NAME
}  // namespace attend

ATTEND_QUIET_END
