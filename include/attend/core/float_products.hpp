#pragma once

#include <attend/core/concepts.hpp>

namespace attend {

/// Says that bfloat16 is widened to float before it is multiplied, on every machine.
///
/// Without it, a call whose q, k and v are all bfloat16, with a dot product and an online normaliser, multiplies them
/// two at a time where the machine can (AVX512-BF16): twice the products in a cycle. Scores are then as exact as those
/// of floats; but weights are rounded to bfloat16 before they meet the values, so that an output is off by up to
/// 2⁻⁸ · Σ w·|v| / Σ w, the rounding of a bfloat16 result. Subnormal numbers count as 0. The log-sum-exp is that of
/// weights that were not rounded. Weights that are asked for and gradients are always computed in float.
///
/// Cost     half the speed of such calls
struct FloatProducts {
  using kind = ArithmeticKind;
};

}  // namespace attend
