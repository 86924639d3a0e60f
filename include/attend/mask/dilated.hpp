#pragma once

#include <attend/mask/remainder.hpp>
#include <attend/mask/sliding_window.hpp>

namespace attend {

/// A query sees every step-th position around it: |query − key| ≤ reach, and step divides query − key.
///
/// `Dilated{SlidingWindow::unbounded, step}` has no end; `& Causal{}` keeps the past.
///
/// Units    tokens; reach is not multiplied by step
/// Throws   at the call, when reach is negative or step less than 1
/// Source   Beltagy 2020, section 3.1 (arXiv 2004.05150)
struct Dilated {
  Index reach = SlidingWindow::unbounded;
  Index step = 1;

  void check_sizes(CallShape const&) const {
    check(reach >= 0 && step >= 1, "Dilated: reach is ", reach, " and step ", step,
          "; reach must be 0 or more and step 1 or more.");
  }

  ATTEND_INLINE auto operator()(auto const& p) const {
    auto const distance = p.key - p.query;
    return distance >= -farthest() && distance <= farthest() && detail::remainder_of(distance, stride()) == 0;
  }

  [[nodiscard]] Coverage coverage(Tile const& tile) const {
    // Every distance between these two belongs to some pair of the tile.
    Index const lowest = tile.key - tile.last_query(), highest = tile.last_key() - tile.query;
    Index const from = std::max(lowest, -farthest()), to = std::min(highest, farthest());
    Index const last_multiple = to - detail::remainder_of(to, stride());
    bool const all_divide = stride() == 1 || (lowest == highest && last_multiple == to);
    return covered(from > to || last_multiple < from, lowest == from && highest == to && all_divide);
  }

 private:
  [[nodiscard]] ATTEND_INLINE Index farthest() const { return std::min(reach, SlidingWindow::unbounded); }
  [[nodiscard]] ATTEND_INLINE Index stride() const { return std::min(step, SlidingWindow::unbounded); }
};

}  // namespace attend
