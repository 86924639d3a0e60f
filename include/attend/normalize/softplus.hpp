#pragma once

#include <attend/core/call_shape.hpp>
#include <attend/core/config.hpp>
#include <attend/core/math.hpp>
#include <attend/normalize/family.hpp>

namespace attend {

/// w_j = log(1 + exp(s_j)): positive, grows as the score itself, and no row sums to 1.
///
/// Edge     a row that sees nothing: weights 0
/// Source   Gao 2025, before its normalisation (arXiv 2501.13428)
struct Softplus {
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
    return softplus(score);
  }
};

/// w_j = log(1 + exp(s_j)) / Σ_i log(1 + exp(s_i)): softplus alone does not normalise, the division does.
///
/// Edge     a row that sees nothing, or whose terms all round to 0: weights 0
/// Source   Gao 2025, the ℓ1-normalised softplus (arXiv 2501.13428)
struct NormalizedSoftplus : Softplus {
  static constexpr bool normalized = true;
};

}  // namespace attend
