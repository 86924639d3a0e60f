#pragma once

#include <attend/visualize/heatmap.hpp>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

namespace attend {
namespace detail {

[[nodiscard]] inline std::vector<std::string> block_labels(std::vector<std::string> const& labels, Index block) {
  std::vector<std::string> shorter;
  auto const size = static_cast<Index>(labels.size());
  for (Index first = 0; first < size; first += block) {
    bool const is_alone = block == 1 || first + 1 == size;
    shorter.push_back(labels[static_cast<std::size_t>(first)] + (is_alone ? "" : "…"));
  }
  return shorter;
}

}  // namespace detail

/// The heatmap with at most so many rows and columns: each cell is the largest weight of a block (named after its
/// first), because a mean would wash out the few strong links that one looks for. A block with a NaN is NaN. The note
/// says what happened.
///
/// Edge     a heatmap that fits comes back unchanged
[[nodiscard]] inline Heatmap shrunk(Heatmap const& picture, Index most_rows, Index most_columns) {
  check(most_rows > 0 && most_columns > 0, "shrunk: ", most_rows, " × ", most_columns,
        " cells; both must be at least 1.");
  Index const n = picture.values.rows(), m = picture.values.cols();
  if (n <= most_rows && m <= most_columns) return picture;
  Index const height = std::max<Index>(1, (n + most_rows - 1) / most_rows);
  Index const width = std::max<Index>(1, (m + most_columns - 1) / most_columns);
  Heatmap small;
  small.rows = detail::block_labels(picture.rows, height);
  small.columns = detail::block_labels(picture.columns, width);
  small.title = picture.title;
  small.values.resize(static_cast<Index>(small.rows.size()), static_cast<Index>(small.columns.size()));
  for (Index i = 0; i < small.values.rows(); ++i)
    for (Index j = 0; j < small.values.cols(); ++j)
      small.values(i, j) =
          picture.values.block(i * height, j * width, std::min(height, n - i * height), std::min(width, m - j * width))
              .maxCoeff<Eigen::PropagateNaN>();
  small.note = picture.note + (picture.note.empty() ? "" : " ") + "Shrunk from " + std::to_string(n) + " × " +
               std::to_string(m) + ": each cell is the largest of " + std::to_string(height) + " × " +
               std::to_string(width) + " weights.";
  return small;
}

}  // namespace attend
