#pragma once

#include <attend/core/check.hpp>
#include <attend/core/config.hpp>
#include <attend/core/parameters.hpp>

namespace attend {
inline namespace ATTEND_UNIT_NAME {

/// y_i = x_i + table[first + i]: a learned vector for each position, added to the token that stands there.
///
/// A sequence that is cut into calls says with `first` where each begins, and so does a cache.
///
/// Shapes   x (n, d)  table (positions, d)  →  y (n, d)
/// Throws   when x has not d columns or its rows leave the table
/// Edge     NaN in a token stays in its row
/// Cost     n·d additions
/// Source   Gehring 2017, section 3.1 (arXiv 1705.03122)
template <class Scalar>
struct PositionEmbedding {
  Matrix<Scalar> table;  ///< (positions, d)

  PositionEmbedding() = default;
  /// All numbers 0; see layer/initialize.hpp.
  PositionEmbedding(Index positions, Index d) : table(Matrix<Scalar>::Zero(positions, d)) {}

  [[nodiscard]] Index positions() const { return table.rows(); }
  [[nodiscard]] Index d() const { return table.cols(); }

  template <class Tokens>
  [[nodiscard]] Matrix<Scalar> forward(Eigen::MatrixBase<Tokens> const& x, Index first = 0) const {
    check_input("x", x.rows(), x.cols(), first);
    return x + table.middleRows(first, x.rows());
  }

  /// ∂loss/∂x is d_y itself; adds ∂loss/∂table to `gradient`.
  template <class Derivative>
  [[nodiscard]] Matrix<Scalar> backward(Eigen::MatrixBase<Derivative> const& d_y, PositionEmbedding& gradient,
                                        Index first = 0) const {
    check_input("d_y", d_y.rows(), d_y.cols(), first);
    check(gradient.positions() == positions() && gradient.d() == d(), "PositionEmbedding: the gradient's table is (",
          gradient.positions(), ", ", gradient.d(), ") but the layer's (", positions(), ", ", d(),
          "); start from zeros_like(layer).");
    gradient.table.middleRows(first, d_y.rows()) += d_y;
    return d_y;
  }

  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    function("table", parameter_span(self.table));
  }

 private:
  void check_input(char const* name, Index rows, Index columns, Index first) const {
    check(columns == d(), "PositionEmbedding: ", name, " is (", rows, ", ", columns, ") but the table (", positions(),
          ", ", d(), "); both must have the same number of columns.");
    check(first >= 0 && first + rows <= positions(), "PositionEmbedding: positions ", first, " to ", first + rows - 1,
          " but the table has ", positions(), "; they must lie between 0 and ", positions() - 1, ".");
  }
};

}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
