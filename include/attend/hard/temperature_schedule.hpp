#pragma once

#include <attend/core/check.hpp>
#include <attend/core/types.hpp>

#include <algorithm>
#include <cmath>

namespace attend {

/// τ(t) = max(floor, start · exp(−rate · t)): soft picks at first, that learn easily, then ever harder ones.
///
/// Units    rate per step
/// Throws   when start or floor is not positive, or rate is negative
/// Source   Jang 2017, section 4.1: start 1, floor 0.5, rates of 10⁻⁵ and 10⁻⁴ (arXiv 1611.01144)
struct TemperatureSchedule {
  double start = 1;
  double floor = 0.5;
  double rate = 1e-4;

  [[nodiscard]] double at(Index step) const {
    check(start > 0 && floor > 0 && rate >= 0, "TemperatureSchedule: start is ", start, ", floor ", floor, ", rate ",
          rate, "; the first two must be positive and the last not negative.");
    return std::max(floor, start * std::exp(-rate * static_cast<double>(step)));
  }
};

}  // namespace attend
