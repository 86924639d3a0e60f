#pragma once

#include <attend/core/call_shape.hpp>
#include <attend/core/check.hpp>
#include <attend/core/concepts.hpp>
#include <attend/simd/pack.hpp>

#include <algorithm>

namespace attend {

/// A query sees its neighbours: query − before ≤ key ≤ query + after. Its own position is always among them.
///
/// `SlidingWindow{128, 0}` is causal over 129 keys; `SlidingWindow::unbounded` opens a side.
///
/// Units    tokens
/// Throws   at the call, when a side is negative
/// Edge     a query whose whole window lies outside of the keys sees nothing and gets zeros
/// Cost     tiles outside of the band are never touched: O(n · (before + after))
/// Source   Luong 2015, section 3.2, "local-m" (arXiv 1508.04025); Beltagy 2020 (arXiv 2004.05150)
struct SlidingWindow {
  /// No two tokens are as far apart. Positions ± this still fit the 32-bit lanes that float scores come with.
  static constexpr Index unbounded = Index(1) << 30;

  Index before = unbounded;
  Index after = unbounded;

  void check_sizes(CallShape const&) const {
    check(before >= 0 && after >= 0, "SlidingWindow: before is ", before, " and after ", after,
          "; both are numbers of neighbours, 0 or more (the own position is always included).");
  }

  ATTEND_INLINE auto operator()(auto const& p) const {
    return p.key >= p.query - std::min(before, unbounded) && p.key <= p.query + std::min(after, unbounded);
  }

  [[nodiscard]] Coverage coverage(Tile const& tile) const {
    // Every distance between these two belongs to some pair of the tile.
    Index const lowest = tile.key - tile.last_query(), highest = tile.last_key() - tile.query;
    Index const back = -std::min(before, unbounded), ahead = std::min(after, unbounded);
    return covered(highest < back || lowest > ahead, lowest >= back && highest <= ahead);
  }
};

}  // namespace attend
