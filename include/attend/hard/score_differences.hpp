#pragma once

#include <attend/core/call_shape.hpp>
#include <attend/core/concepts.hpp>
#include <attend/core/config.hpp>
#include <attend/normalize/family.hpp>

#include <limits>

namespace attend::detail {

/// No weights, but what is needed to pick keys: s_j − max s, less the smallest normal number, because 0 is a key that
/// is not seen.
///
/// A whole-row normaliser, because the kernel then computes each score once.
struct ScoreDifferences {
  using kind = NormalizerKind;
  static constexpr Family family = Family::whole_row;

  template <class Scalar>
  struct State {
    Scalar log_sum_exp;  // the largest score
  };

  static void check_sizes(CallShape const&) {}
  template <class Row>
  [[nodiscard]] static ATTEND_INLINE auto solve(Row const& row) {
    return State<decltype(row.largest())>{row.largest()};
  }
  template <class Scalar, class Number, class Column>
  [[nodiscard]] static ATTEND_INLINE Number weight(State<Scalar> const& state, Number const& score, Column const&) {
    return score - state.log_sum_exp - std::numeric_limits<Scalar>::min();  // never 0, and no comparison
  }
};

}  // namespace attend::detail
