#pragma once

#include <attend/core/concepts.hpp>
#include <attend/mask/per_sequence.hpp>
#include <attend/mask/sliding_window.hpp>
#include <attend/simd/pack.hpp>

#include <algorithm>

namespace attend {

/// Every query sees the first `length` keys, and beyond them only keys up to its own position.
///
/// One length for all, or one a sequence of the batch. 0 is `Causal{}`.
///
/// Units    tokens
/// Throws   at the call, when a length is negative or there are several but not one a sequence
/// Source   Raffel 2020, "prefix LM" (arXiv 1910.10683)
class Prefix {
 public:
  explicit Prefix(Index length) : lengths_(length) {}
  explicit Prefix(std::vector<Index> length_of_each_sequence) : lengths_(std::move(length_of_each_sequence)) {}

  void check_sizes(CallShape const& shape) const {
    lengths_.check_sizes(shape, "Prefix", "lengths");
    for (Index const length : lengths_.numbers())
      check(length >= 0, "Prefix: a length is ", length, "; it must be 0 or more.");
  }

  ATTEND_INLINE auto operator()(auto const& p) const { return p.key <= last_seen(p.query, p.batch); }

  [[nodiscard]] Coverage coverage(Tile const& tile) const {
    return covered(tile.key > last_seen(tile.last_query(), tile.batch),
                   tile.last_key() <= last_seen(tile.query, tile.batch));
  }

 private:
  /// The last key that a query sees.
  [[nodiscard]] ATTEND_INLINE Index last_seen(Index query, Index batch) const {
    return std::max(query, std::min(lengths_[batch], SlidingWindow::unbounded) - 1);
  }

  detail::PerSequence lengths_;
};

}  // namespace attend
