#pragma once

#include <attend/core/check.hpp>
#include <attend/core/types.hpp>

#include <cmath>

namespace attend {

/// Positions without parameters, to be added to embeddings:
///
///   PE(i, 2f) = sin(i / base^(2f/d)),  PE(i, 2f + 1) = cos(i / base^(2f/d))
///
/// so that PE(i + k) is a rotation of PE(i) that depends on k alone. Angles are computed in double, whatever the type.
///
/// Shapes   →  (length, d), the first row for position `first`
/// Throws   when length or d is negative, or the base is not a positive number
/// Edge     an odd d ends with a sine
/// Source   Vaswani 2017, section 3.5 (arXiv 1706.03762)
template <class Scalar = float>
[[nodiscard]] Matrix<Scalar> sinusoidal_positions(Index length, Index d, double base = 10000, Index first = 0) {
  check(length >= 0 && d >= 0, "sinusoidal_positions: length ", length, " and d ", d, "; neither may be negative.");
  check(std::isfinite(base) && base > 0, "sinusoidal_positions: the base is ", base, "; it must be more than 0.");
  Matrix<Scalar> positions(length, d);
  for (Index j = 0; j < d; j += 2) {
    double const frequency = std::pow(base, -static_cast<double>(j) / static_cast<double>(d));
    for (Index i = 0; i < length; ++i) {
      double const angle = static_cast<double>(first + i) * frequency;
      positions(i, j) = static_cast<Scalar>(std::sin(angle));
      if (j + 1 < d) positions(i, j + 1) = static_cast<Scalar>(std::cos(angle));
    }
  }
  return positions;
}

}  // namespace attend
