#pragma once

#include <attend/core/math.hpp>
#include <attend/score/plain_features.hpp>
#include <attend/simd/pack.hpp>

namespace attend {

/// score(q, k) = q · k
///
/// Shapes   q (d)  k (d)
/// Throws   when q and k differ in d
/// Cost     d multiply-adds a pair
/// Source   Luong 2015, "dot" (arXiv 1508.04025)
struct Dot : detail::PlainFeatures {
  /// `combine` is q·k + sum and `finish` nothing: the kernel may write that itself, on the compilers' raw vectors,
  /// which GCC 12 keeps in registers where it would spill some packs.
  static constexpr bool is_dot_product = true;

  template <class Number>
  [[nodiscard]] static ATTEND_INLINE Number combine(Number const& q, Number const& k, Number const& /*weight*/,
                                                    Number const& sum) {
    return fma(q, k, sum);
  }
  template <class Number>
  [[nodiscard]] ATTEND_INLINE Number finish(Number const& sum) const {
    return sum;
  }
};

}  // namespace attend
