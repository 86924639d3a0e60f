#pragma once

#include <attend/core/types.hpp>

#include <cmath>
#include <cstdio>
#include <limits>
#include <ostream>
#include <string>
#include <utility>

namespace attend::testing {

/// What a comparison of derivatives with differences found: its worst entry.
struct GradientReport {
  double error = 0;   ///< |analytic − numeric|, relative to the largest entry of the same array's gradient
  std::string entry;  ///< "key(3, 1)", "Additive.w[7]"
  double analytic = 0;
  double numeric = 0;
  Index entries = 0;  ///< how many were compared

  [[nodiscard]] bool passed(double tolerance = 1e-6) const { return entries > 0 && error <= tolerance; }

  [[nodiscard]] std::string sentence() const {
    if (entries == 0) return "No entry was compared.";
    char numbers[160];
    std::snprintf(numbers, sizeof numbers, ": %.9g by the gradient, %.9g by differences, relative error %.2g.",
                  analytic, numeric, error);
    return "The worst of " + std::to_string(entries) + " entries is " + entry + numbers;
  }

  /// Both together.
  void add(GradientReport const& other) {
    Index const together = entries + other.entries;
    if (entries == 0 || other.error > error) *this = other;
    entries = together;
  }

  friend std::ostream& operator<<(std::ostream& out, GradientReport const& report) { return out << report.sentence(); }
};

}  // namespace attend::testing
