#pragma once

#include <attend/core/call_shape.hpp>
#include <attend/core/config.hpp>
#include <attend/core/math.hpp>
#include <attend/normalize/family.hpp>

namespace attend {

/// w_j = max(s_j, 0): exact zeros for scores that are not positive, and no row sums to 1.
///
/// Edge     a row that sees nothing: weights 0
/// Source   Zhang 2021, "Sparse attention with linear units" (arXiv 2104.07012), without its layer norm
struct Relu {
  using kind = NormalizerKind;
  static constexpr Family family = Family::pointwise;
  static constexpr bool normalized = false;

  static void check_sizes(CallShape const&) {}
  template <class Scalar>
  [[nodiscard]] static Scalar shift(Index /*keys*/) {
    return Scalar(0);
  }
  template <class Number>
  [[nodiscard]] static ATTEND_INLINE Number weight(Number const& score) {
    return select(score <= Number(0), Number(0), score);  // this way round NaN stays
  }
};

/// w_j = max(s_j, 0) / Σ_i max(s_i, 0)
///
/// Edge     a row that sees nothing, or no positive score: weights 0
struct NormalizedRelu : Relu {
  static constexpr bool normalized = true;
};

}  // namespace attend
