#pragma once

#include <attend/normalize/softmax.hpp>

namespace attend {

/// log w_j = s_j/τ − lse: the logarithms of softmax weights, exact where the weights themselves round to 0 or 1. For
/// log-probabilities, entropies and divergences: `weights(q, k, LogSoftmax{})`.
///
/// They are no weights (none is positive), so a call that would weigh values with them does not compile.
///
/// Edge     −∞ where a key is not seen
/// Throws   as Softmax
struct LogSoftmax : Softmax {
  static constexpr bool logarithmic = true;
};

}  // namespace attend
