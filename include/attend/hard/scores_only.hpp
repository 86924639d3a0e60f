#pragma once

#include <attend/core/call_shape.hpp>
#include <attend/core/concepts.hpp>
#include <attend/core/config.hpp>
#include <attend/normalize/family.hpp>

namespace attend::detail {

/// No normaliser: the scores themselves, −∞ where not seen. For those who pick keys and need to know of each how much
/// it was wanted; logarithmic, so that nobody weighs values with them.
struct ScoresOnly {
  using kind = NormalizerKind;
  static constexpr Family family = Family::pointwise;
  static constexpr bool normalized = false;
  static constexpr bool logarithmic = true;

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
