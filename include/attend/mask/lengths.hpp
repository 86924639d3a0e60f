#pragma once

#include <attend/core/concepts.hpp>
#include <attend/mask/per_sequence.hpp>
#include <attend/simd/pack.hpp>

namespace attend {

/// The first `length` keys are real, the rest is padding that nobody sees: key < length.
///
/// One length for all, or one a sequence of the batch. A batch without padding is `Documents`.
///
/// Units    tokens
/// Throws   at the call, when a length is negative or more than the keys, or there are several but not one a sequence
/// Edge     queries do not move: query i stands at i + (m − n), where m counts the padding; `QueryStart` moves them
/// Cost     tiles of padding are never touched
class Lengths {
 public:
  explicit Lengths(Index length) : lengths_(length) {}
  explicit Lengths(std::vector<Index> length_of_each_sequence) : lengths_(std::move(length_of_each_sequence)) {}

  void check_sizes(CallShape const& shape) const {
    lengths_.check_sizes(shape, "Lengths", "lengths");
    for (Index const length : lengths_.numbers())
      check(length >= 0 && length <= shape.keys, "Lengths: a length is ", length, " but there are ", shape.keys,
            " keys; it must be between 0 and that.");
  }

  ATTEND_INLINE auto operator()(auto const& p) const { return p.key < lengths_[p.batch]; }

  /// The real keys of a sequence of the batch.
  [[nodiscard]] Index of(Index batch) const { return lengths_[batch]; }

  [[nodiscard]] Coverage coverage(Tile const& tile) const {
    Index const length = lengths_[tile.batch];
    return covered(tile.key >= length, tile.last_key() < length);
  }

 private:
  detail::PerSequence lengths_;
};

}  // namespace attend
