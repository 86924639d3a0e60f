#pragma once

#include <attend/core/call_shape.hpp>
#include <attend/core/config.hpp>
#include <attend/core/math.hpp>
#include <attend/normalize/family.hpp>

#include <limits>

namespace attend {

/// w = argmin ‖w − s‖² over weights that are ≥ 0 and sum to 1: w_j = [s_j − τ]₊, exactly 0 below the threshold τ.
///
/// Edge     a row that sees nothing: weights 0. NaN or +∞ among the scores seen: the row is NaN
/// Cost     2 passes over the row for each step, mostly 3 to 8 steps
/// Source   Martins & Astudillo 2016, algorithm 1 (arXiv 1602.02068); the steps: Michelot 1986
struct Sparsemax {
  using kind = NormalizerKind;
  static constexpr Family family = Family::whole_row;

  template <class Scalar>
  struct State {
    Scalar largest;
    Scalar threshold;    // of scores less the largest, so that it loses nothing where scores are huge
    Scalar log_sum_exp;  // τ
  };

  static void check_sizes(CallShape const&) {}

  /// Σ [s_j − τ]₊ = 1 by Newton's steps from τ = largest − 1, where the sum is at least 1.
  ///
  /// The sum is convex and falls with τ, so each step ends left of the root, on a smaller set of keys above τ; on a set
  /// that stays the step was exact. A step divides (sum − 1)·count by 4 or more, which takes less than 64 of them from
  /// m² to the last bit of a double.
  template <class Row>
  [[nodiscard]] static ATTEND_INLINE auto solve(Row const& row) {
    using Scalar = decltype(row.largest());
    Scalar const largest = row.largest();
    Scalar threshold = -1;
    Index before = -1;
    for (int step = 0; step < 64; ++step) {
      auto const excess = [ largest, threshold ](auto score) __attribute__((always_inline)) {
        auto const above = score - largest - threshold;
        return select(above <= Scalar(0), Scalar(0), above);  // NaN stays
      };
      auto const is_above = [ largest, threshold ](auto score) __attribute__((always_inline)) {
        return score - largest > threshold;
      };
      Index const count = row.count(is_above);
      Scalar const rise = (row.sum(excess) - Scalar(1)) / static_cast<Scalar>(count);
      threshold += rise;
      if (count == before || !(rise > Scalar(0))) break;
      before = count;
    }
    return State<Scalar>{largest, threshold, largest + threshold};
  }

  template <class Scalar, class Number, class Column>
  [[nodiscard]] static ATTEND_INLINE Number weight(State<Scalar> const& state, Number const& score, Column const&) {
    Number const above = score - state.largest - state.threshold;
    return select(above <= Scalar(0) || score == -std::numeric_limits<Scalar>::infinity(), Scalar(0), above);
  }
  /// ∂w_j/∂s_i = g_j·(1[i = j] − g_i / Σg): 1 on the support. Martins & Astudillo 2016, proposition 2. NaN stays.
  template <class Number>
  [[nodiscard]] static ATTEND_INLINE Number gate(Number const& weight) {
    return select(weight > Number(0), Number(1), weight);
  }
};

}  // namespace attend
