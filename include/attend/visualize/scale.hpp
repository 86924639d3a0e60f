#pragma once

#include <attend/core/types.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

namespace attend {

/// From numbers to positions of a colour map: low is 0, high is 1, numbers outside are drawn like the ends.
///
/// Hand the same scale to several pictures to make their colours comparable.
struct Scale {
  double low = 0;
  double high = 1;

  /// The scale of these numbers: their smallest and largest finite ones, and 0 in any case, because the colour of
  /// "no weight" must not depend on how small the smallest weight is.
  [[nodiscard]] static Scale of(Matrix<double> const& values) {
    Scale scale{0, 0};
    for (double const value : values.reshaped())
      if (std::isfinite(value)) scale.low = std::min(scale.low, value), scale.high = std::max(scale.high, value);
    return scale;
  }

  /// Edge     all numbers equal: 1 where there is something, 0 where there is nothing
  [[nodiscard]] double position(double value) const {
    if (!(high > low)) return value > 0 ? 1 : 0;
    // Halves, so that the difference of two huge numbers stays finite.
    return std::clamp((value / 2 - low / 2) / (high / 2 - low / 2), 0.0, 1.0);
  }

  /// An exact 0 of weights is a pair that may not meet, or that sparsemax dropped: it is left empty, not coloured as
  /// small.
  [[nodiscard]] bool leaves_empty(double value) const { return value == 0 && low >= 0; }
};

/// The smallest and largest finite number, for the legend.
struct Extremes {
  double smallest = 0, largest = 0;
  bool any = false;  // is one number finite?
  bool all_finite = true;

  [[nodiscard]] static Extremes of(Matrix<double> const& values) {
    double const infinity = std::numeric_limits<double>::infinity();
    Extremes found{infinity, -infinity};
    for (double const value : values.reshaped()) {
      found.all_finite &= std::isfinite(value);
      if (!std::isfinite(value)) continue;
      found.any = true;
      found.smallest = std::min(found.smallest, value);
      found.largest = std::max(found.largest, value);
    }
    return found.any ? found : Extremes{0, 0, false, found.all_finite};
  }
};

}  // namespace attend
