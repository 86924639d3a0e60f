#pragma once

#include <attend/core/concepts.hpp>
#include <attend/mask/per_sequence.hpp>
#include <attend/simd/pack.hpp>

namespace attend {

/// A query sees the keys up to its own position: key ≤ query.
///
/// Query i of n stands at i + (m − n), the last query at the last key, so prefill and decoding with a cache need no
/// other word. Where that is not so, say where the first query stands: `Causal::top_left()` (at key 0) or
/// `Causal::from(offset)`, one offset for all or one a sequence of the batch; it may be negative.
///
/// Edge     queries before the first key see nothing and get zeros
/// Cost     tiles above the diagonal are never touched
/// Source   Vaswani 2017, section 3.2.3
class Causal {
 public:
  Causal() = default;
  [[nodiscard]] static Causal top_left() { return from(0); }
  [[nodiscard]] static Causal from(Index offset) { return Causal(detail::PerSequence(offset)); }
  [[nodiscard]] static Causal from(std::vector<Index> offset_of_each_sequence) {
    return Causal(detail::PerSequence(std::move(offset_of_each_sequence)));
  }

  void check_sizes(CallShape const& shape) const {
    if (!offsets_.empty()) offsets_.check_sizes(shape, "Causal", "offsets");
    for (Index const offset : offsets_.numbers())
      check(-farthest < offset && offset < farthest, "Causal: an offset is ", offset,
            "; the first query may stand at most ", farthest, " tokens from the first key.");
  }

  ATTEND_INLINE auto operator()(auto const& p) const { return p.key <= place(p.query, p.start, p.batch); }

  /// The last key that the first query of a sequence sees, where it stands at `start` if no offset is given.
  [[nodiscard]] Index first_place(Index start, Index batch) const { return place(start, start, batch); }

  [[nodiscard]] Coverage coverage(Tile const& tile) const {
    Index const first = place(tile.query, tile.start, tile.batch);
    Index const last = first + tile.queries - 1;
    return covered(tile.key > last, tile.last_key() <= first);
  }

 private:
  // Positions ± this fit the 32-bit lanes that float scores come with.
  static constexpr Index farthest = Index(1) << 30;

  explicit Causal(detail::PerSequence offsets) : offsets_(std::move(offsets)) {}

  [[nodiscard]] ATTEND_INLINE Index place(Index query, Index start, Index batch) const {
    return offsets_.empty() ? query : query - start + offsets_[batch];
  }

  detail::PerSequence offsets_;
};

}  // namespace attend
