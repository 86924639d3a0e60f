#pragma once

#include <algorithm>
#include <cmath>

namespace attend::testing {

/// f′(0) of a function of one number, by differences on both sides.
///
///   f′ ≈ (8 (f(h) − f(−h)) − (f(2h) − f(−2h))) / 12h
///
/// Two steps are tried, and the one at which the formula agrees better with (f(h) − f(−h)) / 2h is taken: the larger
/// where f is smooth, the smaller one where f has a kink close by (ReLU, sparse weights).
///
/// Units    `magnitude` is that of the number which is moved: steps are 3·10⁻⁵ and 10⁻⁶ of it, or of 1
///          `size` is that of the terms which f sums up, where they cancel
/// Edge     smooth f: relative errors of about 10⁻¹⁰ of f in double
template <class Function>
[[nodiscard]] double central_difference(Function const& f, double magnitude = 1, double size = 0) {
  struct Estimate {
    double slope, doubt, size;
  };
  auto const estimate = [&f](double h) {
    double const above = f(h), below = f(-h);
    double const near = (above - below) / (2 * h), far = (f(2 * h) - f(-2 * h)) / (4 * h);
    double const slope = (4 * near - far) / 3;
    return Estimate{slope, std::abs(slope - near), std::max(std::abs(above), std::abs(below))};
  };
  double const unit = std::max(1.0, std::abs(magnitude));
  Estimate const smooth = estimate(3e-5 * unit);
  // Doubts of 10⁻¹⁰ of f are rounding, of which the smaller step has more.
  size = std::max(size, smooth.size);
  if (smooth.doubt <= std::max(1e-7 * std::abs(smooth.slope), 1e-10 * size)) return smooth.slope;
  Estimate const close = estimate(1e-6 * unit);
  return close.doubt < 0.1 * smooth.doubt ? close.slope : smooth.slope;
}

}  // namespace attend::testing
