#pragma once

#include <attend/core/check.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

namespace train {

/// Numbers over time as a picture of `rows` lines, such as the loss of each step of a training, on a logarithmic axis:
///
///     2.30 |▇▅▃
///    0.316 |███▆▄▂
///   0.0435 |██████▇▅▄▃▂▁
///
/// More numbers than columns are averaged, evenly.
///
/// Throws   when there are no numbers, one is not positive and finite, or rows or columns are less than 1
[[nodiscard]] inline std::string curve(std::vector<double> const& numbers, int rows = 8, int columns = 60) {
  attend::check(!numbers.empty() && rows > 0 && columns > 0, "curve: ", numbers.size(), " numbers on ", rows,
                " rows and ", columns, " columns; there must be one or more of each.");
  std::vector<double> heights;  // logarithms
  auto const width = std::min(numbers.size(), static_cast<std::size_t>(columns));
  for (std::size_t column = 0; column < width; ++column) {
    std::size_t const from = column * numbers.size() / width, to = (column + 1) * numbers.size() / width;
    double sum = 0;
    for (std::size_t i = from; i < to; ++i) {
      attend::check(std::isfinite(numbers[i]) && numbers[i] > 0, "curve: number ", i, " is ", numbers[i],
                    "; a logarithmic axis takes positive ones.");
      sum += numbers[i];
    }
    heights.push_back(std::log(sum / static_cast<double>(to - from)));
  }
  auto const [lowest, highest] = std::minmax_element(heights.begin(), heights.end());
  double const low = *lowest, span = std::max(*highest - low, 1e-9);

  static constexpr char const* eighths[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  std::string picture;
  for (int row = rows; row-- > 0;) {
    char axis[32];
    // The value at the top of the line; the lowest column is one eighth high.
    std::snprintf(axis, sizeof axis, "%9.3g |", std::exp(low + span * (row + 1) / rows));
    picture += axis;
    for (double const height : heights) {
      double const filled = (height - low) / span * (8 * rows - 1) + 1 - 8 * row;
      picture += eighths[std::clamp(static_cast<int>(std::lround(filled)), 0, 8)];
    }
    picture += "\n";
  }
  return picture;
}

}  // namespace train
