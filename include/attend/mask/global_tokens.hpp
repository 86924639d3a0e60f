#pragma once

#include <attend/core/call_shape.hpp>
#include <attend/core/check.hpp>
#include <attend/core/concepts.hpp>
#include <attend/mask/sliding_window.hpp>
#include <attend/simd/pack.hpp>

namespace attend {

/// The first `count` tokens see all and are seen by all: key < count or query < count. Nobody else sees anything by
/// this mask; join it to another: `SlidingWindow{64, 64} | GlobalTokens{1}`.
///
/// Units    tokens
/// Throws   at the call, when count is negative
/// Source   Beltagy 2020, section 3.1, "global attention" (arXiv 2004.05150)
struct GlobalTokens {
  Index count = 1;

  void check_sizes(CallShape const&) const {
    check(count >= 0, "GlobalTokens: the count is ", count, "; it must be 0 or more.");
  }

  ATTEND_INLINE auto operator()(auto const& p) const { return p.key < seen_by(p.query); }

  [[nodiscard]] Coverage coverage(Tile const& tile) const {
    return covered(tile.key >= seen_by(tile.query), tile.last_key() < seen_by(tile.last_query()));
  }

 private:
  /// Keys that a query sees.
  [[nodiscard]] ATTEND_INLINE Index seen_by(Index query) const {
    return query < count ? SlidingWindow::unbounded : std::min(count, SlidingWindow::unbounded);
  }
};

}  // namespace attend
