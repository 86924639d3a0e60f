#pragma once

#include <attend/core/heads.hpp>

namespace attend {

/// What each token does to the memory of RecurrentAttention besides adding k·vᵀ. Both are read in place.
///
///   decay   (b, h_kv, n, d) or (b, h_kv, n, 1): natural logarithms, ≤ 0; before the token is added, row f of S is
///           multiplied by exp(decay_f)
///   rate    (b, h_kv, n, 1): β of the delta rule, 0 to 1; the token is added as β·(v − Sᵀk), so that S answers k with
///           v where β = 1 and |k| = 1
///
/// Neither is linear attention, decay alone gated linear attention, rate alone the delta rule, both the gated delta
/// rule. One rate for all heads is `heads(data, shape, strides)` with a stride of 0.
template <class Number>
struct Gates {
  Heads<Number const> decay = {};
  Heads<Number const> rate = {};
};

template <class Type>
inline constexpr bool is_gates = false;
template <class Number>
inline constexpr bool is_gates<Gates<Number>> = true;

}  // namespace attend
