#pragma once

#include <attend/core/check.hpp>
#include <attend/core/types.hpp>
#include <attend/hard/draw.hpp>

#include <cmath>
#include <numbers>

namespace attend {

/// Independent normal numbers with mean 0, one for each pair; `draw` says which.
///
/// Added to the energies of monotonic attention while it learns, they teach it to make p nearly 0 or 1, as the scan in
/// use expects.
///
/// Throws   when the deviation is negative
/// Source   Box & Muller 1958; before a sigmoid: Raffel 2017 (arXiv 1704.00784)
template <class Scalar>
[[nodiscard]] Matrix<Scalar> gaussian_noise(Index n, Index m, double deviation, Draw const& draw) {
  check(deviation >= 0, "gaussian_noise: the standard deviation is ", deviation, "; it must not be negative.");
  Matrix<Scalar> noise(n, m);
  for (Index i = 0; i < n; ++i)
    for (Index j = 0; j < m; ++j) {
      double const radius = std::sqrt(-2 * std::log(draw.uniform(i, 2 * j)));
      double const angle = 2 * std::numbers::pi * draw.uniform(i, 2 * j + 1);
      noise(i, j) = static_cast<Scalar>(deviation * radius * std::cos(angle));
    }
  return noise;
}

}  // namespace attend
