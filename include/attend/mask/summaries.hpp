#pragma once

#include <attend/core/call_shape.hpp>
#include <attend/core/check.hpp>
#include <attend/core/concepts.hpp>
#include <attend/mask/remainder.hpp>
#include <attend/mask/sliding_window.hpp>

namespace attend {

/// Every query sees the last `count` positions of every `stride` of them, which may so sum up what came before:
/// key mod stride ≥ stride − count.
///
/// Units    tokens
/// Throws   at the call, when stride is less than 1, or count is not between 0 and stride
/// Source   Child 2019, "fixed", second head (arXiv 1904.10509)
struct Summaries {
  Index stride = 1;
  Index count = 1;

  void check_sizes(CallShape const&) const {
    check(stride >= 1 && count >= 0 && count <= stride, "Summaries: the last ", count, " of every ", stride,
          " positions; the first number must be between 0 and the second, and that 1 or more.");
  }

  ATTEND_INLINE auto operator()(auto const& p) const { return detail::remainder_of(p.key, width()) >= first_seen(); }

  [[nodiscard]] Coverage coverage(Tile const& tile) const {
    Index const first = detail::remainder_of(tile.key, width()), last = first + tile.keys - 1;
    return covered(count == 0 || last < first_seen(), first_seen() == 0 || (first >= first_seen() && last < width()));
  }

 private:
  [[nodiscard]] ATTEND_INLINE Index width() const { return std::min(stride, SlidingWindow::unbounded); }
  [[nodiscard]] ATTEND_INLINE Index first_seen() const { return width() - std::min(count, width()); }
};

}  // namespace attend
