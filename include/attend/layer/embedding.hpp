#pragma once

#include <attend/core/check.hpp>
#include <attend/core/config.hpp>
#include <attend/core/parameters.hpp>

#include <span>

namespace attend {
inline namespace ATTEND_UNIT_NAME {

/// y_i = the row of `table` that token i names
///
/// The same as a one-hot row times the table, without the zeros.
///
/// Shapes   tokens (n), each in [0, words)  table (words, d)  →  y (n, d)
/// Throws   when a token names no row
/// Cost     n·d numbers copied; backward adds each row of d_y to its token's row, in the order of tokens
template <class Scalar>
struct Embedding {
  Matrix<Scalar> table;  ///< (words, d)

  Embedding() = default;
  /// All numbers 0; see layer/initialize.hpp.
  Embedding(Index words, Index d) : table(Matrix<Scalar>::Zero(words, d)) {}

  [[nodiscard]] Index words() const { return table.rows(); }

  [[nodiscard]] Matrix<Scalar> forward(std::span<Index const> tokens) const {
    check_tokens(tokens);
    Matrix<Scalar> y(std::ssize(tokens), table.cols());
    for (Index i = 0; i < y.rows(); ++i) y.row(i) = table.row(tokens[static_cast<std::size_t>(i)]);
    return y;
  }

  /// Adds ∂loss/∂table to `gradient`. A token that occurs often gets the sum of its rows; tokens have no derivative.
  template <class Derivative>
  void backward(std::span<Index const> tokens, Eigen::MatrixBase<Derivative> const& d_y, Embedding& gradient) const {
    check_tokens(tokens);
    check(d_y.rows() == std::ssize(tokens) && d_y.cols() == table.cols(), "Embedding: d_y is (", d_y.rows(), ", ",
          d_y.cols(), "); it must be (", tokens.size(), ", ", table.cols(), ").");
    check(gradient.table.rows() == table.rows() && gradient.table.cols() == table.cols(),
          "Embedding: the gradient's table is (", gradient.table.rows(), ", ", gradient.table.cols(),
          ") but the layer's (", table.rows(), ", ", table.cols(), "); start from zeros_like(layer).");
    for (Index i = 0; i < d_y.rows(); ++i) gradient.table.row(tokens[static_cast<std::size_t>(i)]) += d_y.row(i);
  }

  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    function("table", parameter_span(self.table));
  }

 private:
  void check_tokens(std::span<Index const> tokens) const {
    for (std::size_t i = 0; i < tokens.size(); ++i)
      check(tokens[i] >= 0 && tokens[i] < words(), "Embedding: token ", i, " is ", tokens[i], " but the table has ",
            words(), " rows; a token must be between 0 and ", words() - 1, ".");
  }
};

}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
