#pragma once

#include <attend/core/call_shape.hpp>
#include <attend/core/config.hpp>
#include <attend/normalize/family.hpp>

namespace attend {

/// w_j = 1 for the key with the largest score, 0 for all others: hard attention without chance.
///
/// Edge     of equal scores the first key is picked; a row that sees nothing picks none and gets zeros
/// Cost     scoring is still n·m; only the values picked are read
/// Source   Xu 2015, section 4.1, at the mode of its distribution (arXiv 1502.03044)
struct Argmax {
  using kind = NormalizerKind;
  static constexpr Family family = Family::pick;

  static void check_sizes(CallShape const&) {}
  template <class Number, class Place>
  [[nodiscard]] static ATTEND_INLINE Number perturb(Number const& score, Place const&) {
    return score;
  }
};

}  // namespace attend
