#pragma once

#include <attend/core/config.hpp>
#include <attend/core/types.hpp>

/// The products of layers, in one place.

namespace attend {
inline namespace ATTEND_UNIT_NAME {
namespace layer_detail {

/// x · wᵀ: what a projection makes of tokens.  x (n, in)  w (out, in)  →  (n, out)
template <class Scalar, class Tokens>
[[nodiscard]] Matrix<Scalar> project(Eigen::MatrixBase<Tokens> const& x, Matrix<Scalar> const& w) {
  return x.derived() * w.transpose();
}

/// d_y · w: its derivative by the tokens.  d_y (n, out)  w (out, in)  →  (n, in)
template <class Scalar, class Derivative>
[[nodiscard]] Matrix<Scalar> project_back(Eigen::MatrixBase<Derivative> const& d_y, Matrix<Scalar> const& w) {
  return d_y.derived() * w;
}

/// d_w += d_yᵀ · x: its derivative by the matrix.  d_y (n, out)  x (n, in)  d_w (out, in)
template <class Scalar, class Derivative, class Tokens>
void add_outer(Matrix<Scalar>& d_w, Eigen::MatrixBase<Derivative> const& d_y, Eigen::MatrixBase<Tokens> const& x) {
  d_w.noalias() += d_y.derived().transpose() * x.derived();
}

}  // namespace layer_detail
}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
