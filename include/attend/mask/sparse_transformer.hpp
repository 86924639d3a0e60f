#pragma once

#include <attend/mask/causal.hpp>
#include <attend/mask/chunked.hpp>
#include <attend/mask/combine.hpp>
#include <attend/mask/dilated.hpp>
#include <attend/mask/sliding_window.hpp>
#include <attend/mask/summaries.hpp>

namespace attend {

/// The last `stride` positions and every stride-th before: the "strided" pattern of the Sparse Transformer, for data
/// with a period (rows of an image).
///
/// The two parts are heads of their own in the paper; this is their union, its "merged" head.
///
/// Source   Child 2019, section 4.3 (arXiv 1904.10509)
[[nodiscard]] inline auto strided_pattern(Index stride) {
  return Causal{} & (SlidingWindow{stride, 0} | Dilated{SlidingWindow::unbounded, stride});
}

/// The own chunk of `stride` positions and the last `summaries` of every chunk before: the "fixed" pattern, for data
/// without a period (text).
///
/// Source   Child 2019, section 4.3 (arXiv 1904.10509)
[[nodiscard]] inline auto fixed_pattern(Index stride, Index summaries) {
  return Causal{} & (Chunked{stride} | Summaries{stride, summaries});
}

}  // namespace attend
