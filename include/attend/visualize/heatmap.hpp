#pragma once

#include <attend/core/check.hpp>
#include <attend/core/types.hpp>

#include <string>
#include <utility>
#include <vector>

namespace attend {

/// Weights with a name for each row (a query) and each column (a key): what every picture is made from.
///
/// It owns its numbers, so a picture can outlive the attention that it shows.
struct Heatmap {
  Matrix<double> values;             // (n, m)
  std::vector<std::string> rows;     // n
  std::vector<std::string> columns;  // m
  std::string title;
  std::string note;  // said under the picture

  [[nodiscard]] Heatmap titled(std::string says, std::string and_notes = {}) const {
    return {values, rows, columns, std::move(says), std::move(and_notes)};
  }
};

/// `rows`, `columns`: "0", "1", … where there are no tokens.
[[nodiscard]] inline std::vector<std::string> numbered_labels(Index count) {
  std::vector<std::string> labels;
  for (Index i = 0; i < count; ++i) labels.push_back(std::to_string(i));
  return labels;
}

/// Weights of one text over another (or scores, or a mask: any matrix of plain numbers).
///
/// Shapes   weights (n, m), n row labels, m column labels
/// Throws   when the labels do not fit the matrix
/// Edge     no rows or no columns make an empty picture that says so; non-finite values are kept and drawn as such
template <class Derived>
[[nodiscard]] Heatmap heatmap(Eigen::DenseBase<Derived> const& weights, std::vector<std::string> rows,
                              std::vector<std::string> columns) {
  auto const count = [](std::vector<std::string> const& labels) { return static_cast<Index>(labels.size()); };
  check(count(rows) == weights.rows(), "heatmap: ", count(rows), " row labels for ", weights.rows(),
        " rows of weights.");
  check(count(columns) == weights.cols(), "heatmap: ", count(columns), " column labels for ", weights.cols(),
        " columns of weights.");
  return {weights.derived().template cast<double>(), std::move(rows), std::move(columns), {}, {}};
}

/// Weights of a text over itself: one list of tokens names rows and columns.
template <class Derived>
[[nodiscard]] Heatmap heatmap(Eigen::DenseBase<Derived> const& weights, std::vector<std::string> const& tokens) {
  return heatmap(weights, tokens, tokens);
}

/// Weights without tokens: rows and columns are numbered from 0.
template <class Derived>
[[nodiscard]] Heatmap heatmap(Eigen::DenseBase<Derived> const& weights) {
  return heatmap(weights, numbered_labels(weights.rows()), numbered_labels(weights.cols()));
}

}  // namespace attend
