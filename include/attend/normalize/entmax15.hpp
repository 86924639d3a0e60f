#pragma once

#include <attend/core/call_shape.hpp>
#include <attend/core/config.hpp>
#include <attend/core/math.hpp>
#include <attend/normalize/family.hpp>

#include <cmath>
#include <limits>

namespace attend {

/// w_j = [s_j/2 − τ]₊² with Σ w = 1: half way from softmax (1-entmax) to sparsemax (2-entmax). Smooth where it is not
/// 0, exactly 0 below the threshold.
///
/// Edge     a row that sees nothing: weights 0. NaN or +∞ among the scores seen: the row is NaN
/// Cost     2 passes over the row for each step, mostly 4 to 6 steps
/// Source   Peters 2019, equation 13 and algorithm 2 (arXiv 1905.05702)
struct Entmax15 {
  using kind = NormalizerKind;
  static constexpr Family family = Family::whole_row;

  template <class Scalar>
  struct State {
    Scalar largest;
    Scalar threshold;    // of half the scores less the largest
    Scalar log_sum_exp;  // τ
  };

  static void check_sizes(CallShape const&) {}

  /// ‖[s/2 − τ]₊‖ = 1 by Newton's steps from τ = largest/2 − 1, where the norm is at least 1.
  ///
  /// The norm is convex and falls with τ, so no step passes the root. On the square of the norm, which has the same
  /// root, steps are up to half as long: m equal scores take one step here and log m there.
  template <class Row>
  [[nodiscard]] static ATTEND_INLINE auto solve(Row const& row) {
    using Scalar = decltype(row.largest());
    Scalar const largest = row.largest();
    Scalar threshold = -1;
    for (int step = 0; step < 64; ++step) {
      auto const excess = [ largest, threshold ](auto score) __attribute__((always_inline)) {
        auto const above = (score - largest) / Scalar(2) - threshold;
        return select(above <= Scalar(0), Scalar(0), above);  // NaN stays
      };
      auto const square = [excess](auto score) __attribute__((always_inline)) {
        auto const above = excess(score);
        return above * above;
      };
      Scalar const sum = row.sum(square);
      Scalar const rise = (sum - std::sqrt(sum)) / row.sum(excess);
      threshold += rise;
      // Thresholds lie between −1 and 0: a step of less than two units of the last place was rounding.
      if (!(rise > 2 * std::numeric_limits<Scalar>::epsilon())) break;
    }
    return State<Scalar>{largest, threshold, largest / 2 + threshold};
  }

  template <class Scalar, class Number, class Column>
  [[nodiscard]] static ATTEND_INLINE Number weight(State<Scalar> const& state, Number const& score, Column const&) {
    Number const above = (score - state.largest) / Scalar(2) - state.threshold;
    Number const excess =
        select(above <= Scalar(0) || score == -std::numeric_limits<Scalar>::infinity(), Scalar(0), above);
    return excess * excess;
  }
  /// ∂w_j/∂s_i = g_j·(1[i = j] − g_i / Σg) with g = √w. Peters 2019, proposition 2 (arXiv 1905.05702).
  template <class Number>
  [[nodiscard]] static ATTEND_INLINE Number gate(Number const& weight) {
    return sqrt(weight);
  }
};

}  // namespace attend
