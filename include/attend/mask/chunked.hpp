#pragma once

#include <attend/core/call_shape.hpp>
#include <attend/core/check.hpp>
#include <attend/core/concepts.hpp>
#include <attend/mask/remainder.hpp>
#include <attend/mask/sliding_window.hpp>

namespace attend {

/// A query sees the keys of its own chunk of `size` positions: ⌊key / size⌋ = ⌊query / size⌋.
///
/// Units    tokens
/// Throws   at the call, when size is less than 1
/// Cost     only the diagonal blocks: O(n · size)
/// Source   Child 2019, "fixed", first head (arXiv 1904.10509)
struct Chunked {
  Index size = 1;

  void check_sizes(CallShape const&) const {
    check(size >= 1, "Chunked: a chunk has ", size, " tokens; it must have 1 or more.");
  }

  ATTEND_INLINE auto operator()(auto const& p) const {
    Index const begin = chunk_begin(p.query);
    return p.key >= begin && p.key < begin + width();
  }

  [[nodiscard]] Coverage coverage(Tile const& tile) const {
    Index const first = chunk_begin(tile.query), last = chunk_begin(tile.last_query());
    bool const none = tile.last_key() < first || tile.key >= last + width();
    return covered(none, first == last && tile.key >= first && tile.last_key() < first + width());
  }

 private:
  [[nodiscard]] ATTEND_INLINE Index width() const { return std::min(size, SlidingWindow::unbounded); }
  [[nodiscard]] ATTEND_INLINE Index chunk_begin(Index query) const {
    return query - detail::remainder_of(query, width());
  }
};

}  // namespace attend
