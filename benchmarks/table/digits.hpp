#pragma once

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>

namespace table {

/// Three digits that count, never an exponent: 0.0123, 1.23, 12.3, 1234.
[[nodiscard]] inline std::string three_digits(double value) {
  if (value == 0 || !std::isfinite(value)) return "0";
  int const places = std::clamp(2 - static_cast<int>(std::floor(std::log10(std::abs(value)))), 0, 9);
  char digits[64];
  std::snprintf(digits, sizeof digits, "%.*f", places, value);
  return digits;
}

/// For programs: six digits that count.
[[nodiscard]] inline std::string six_digits(double value) {
  char digits[64];
  std::snprintf(digits, sizeof digits, "%.6g", value);
  return digits;
}

[[nodiscard]] inline std::string fixed(double value, int places) {
  char digits[64];
  std::snprintf(digits, sizeof digits, "%.*f", places, value);
  return digits;
}

/// A time in the unit that leaves one to three digits before the point.
[[nodiscard]] inline std::string time_label(double seconds) {
  if (seconds < 1e-6) return three_digits(seconds * 1e9) + " ns";
  if (seconds < 1e-3) return three_digits(seconds * 1e6) + " µs";
  if (seconds < 1) return three_digits(seconds * 1e3) + " ms";
  return three_digits(seconds) + " s";
}

}  // namespace table
