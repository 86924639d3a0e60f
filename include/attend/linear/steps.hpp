#pragma once

#include <attend/core/config.hpp>
#include <attend/core/types.hpp>

#include <algorithm>

namespace attend {
inline namespace ATTEND_UNIT_NAME {
namespace linear_detail {

/// A head as one walk: at each step a key may enter the memory, then a query may read it.
///
/// First the keys that every query sees, then the queries that see no more than these, then pairs of both, then the
/// queries that see all keys.
class Steps {
 public:
  /// Every query reads after the last key.
  [[nodiscard]] static Steps all(Index queries, Index keys) { return {keys, 0, 0, queries}; }
  /// Query i reads after key i + first, the keys behind the last query's not at all.
  [[nodiscard]] static Steps causal(Index queries, Index keys, Index first) {
    Index const before = std::clamp<Index>(first, 0, keys);  // key `first` itself comes with query 0
    Index const blind = std::clamp<Index>(-first, 0, queries);
    Index const pairs = std::min(queries - blind, keys - before);
    return {before, blind, pairs, queries - blind - pairs};
  }

  [[nodiscard]] Index count() const { return before_ + blind_ + pairs_ + after_; }
  /// How many keys enter: the first so many.
  [[nodiscard]] Index keys() const { return before_ + pairs_; }
  /// The key that enters at a step, or −1.
  [[nodiscard]] Index key(Index step) const {
    if (step < before_) return step;
    Index const key = step - blind_;
    return key >= before_ && key < keys() ? key : Index{-1};
  }
  /// The query that reads at a step, or −1.
  [[nodiscard]] Index query(Index step) const { return step < before_ ? Index{-1} : step - before_; }

 private:
  Steps(Index before, Index blind, Index pairs, Index after)
      : before_(before), blind_(blind), pairs_(pairs), after_(after) {}
  Index before_, blind_, pairs_, after_;
};

}  // namespace linear_detail
}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
