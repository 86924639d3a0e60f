#pragma once

#include <attend/core/call_shape.hpp>
#include <attend/core/concepts.hpp>
#include <attend/core/config.hpp>
#include <attend/core/math.hpp>
#include <attend/core/types.hpp>
#include <attend/normalize/family.hpp>

#include <limits>

namespace attend::detail {

/// A function of each score s whose derivative is what a loss of log-probabilities and entropies has by that score, so
/// that one backward pass of the kernel carries it to q, k and policies. With t = s/τ − lse, lse held fast:
///
///   F(t) = Σ_i c_i [key = pick_i] t − (Σ_i c_i) eᵗ − λ eᵗ (t − 1 + H)
///   F′(t) = Σ_i c_i ([key = pick_i] − p) − λ p (log p + H)
///
/// that is, ∂/∂t of Σ c_i log p(pick_i) + λ H.
template <class Scalar>
struct PickGradient {
  Index heads, queries, samples;  // h, n, M; the rows below are those of all heads, head by head
  Index const* picks;             // (b·h·n, M)
  Scalar const* coefficients;     // c (b·h·n, M)
  Scalar const* log_sum_exp;      // (b·h·n), of s/τ
  Scalar const* entropy;          // H (b·h·n)
  Scalar const* d_entropy;        // λ (b·h·n)
  Scalar per_temperature;

  template <class Number, class Place>
  [[nodiscard]] ATTEND_INLINE Number operator()(Number const& score, Place const& p) const {
    Index const row = (Index(p.batch) * heads + Index(p.head)) * queries + Index(p.row);
    Number const t = score * per_temperature - log_sum_exp[row];
    Number picked(Scalar(0));
    Scalar sum = 0;
    for (Index i = row * samples; i < (row + 1) * samples; ++i) {
      picked = picked + select(p.column == picks[i], t * coefficients[i], Number(Scalar(0)));
      sum += coefficients[i];
    }
    Number const all = exp(t) * (d_entropy[row] * (t + (entropy[row] - Scalar(1))) + sum);
    // A score of −∞ is a key that is not seen, and remains so.
    return select(score == -std::numeric_limits<Scalar>::infinity(), score, picked - all);
  }
};

/// Scores as they are, to be differentiated.
struct Scores {
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
    return score;
  }
};

}  // namespace attend::detail
