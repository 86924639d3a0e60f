#pragma once

#include <attend/core/config.hpp>
#include <attend/core/types.hpp>
#include <attend/core/view.hpp>
#include <attend/kernel/product.hpp>
#include <attend/layer/resources.hpp>

#include <type_traits>

/// The products of layers, in one place: the kernel's for float and double, Eigen's for other scalars.

namespace attend {
inline namespace ATTEND_UNIT_NAME {
namespace layer_detail {

/// An object whose memory can be read in place, or an expression's value.
template <class Derived>
[[nodiscard]] decltype(auto) in_memory(Eigen::MatrixBase<Derived> const& matrix) {
  if constexpr (attend::detail::has_direct_access<Derived>)
    return static_cast<Derived const&>(matrix.derived());
  else
    return Matrix<typename Derived::Scalar>(matrix.derived());
}

template <class Scalar>
inline constexpr bool has_kernel = std::is_same_v<Scalar, float> || std::is_same_v<Scalar, double>;

/// out = left · rightᵀ + bias, or with `adds` out += left · rightᵀ.
template <class Scalar, class Executor>
void multiply(View<Scalar> const& left, View<Scalar> const& right, Scalar const* bias, bool adds, Matrix<Scalar>& out,
              Executor& executor, Workspace& workspace) {
  kernel::Factor<Scalar, Scalar> const factor{right, mutable_view_of(out), bias};
  kernel::multiply(kernel::Product<Scalar, Scalar, Scalar>{left, {&factor, 1}, adds}, executor, workspace);
}

/// y = x · wᵀ + bias: what a projection makes of tokens.  x (n, in)  w (out, in)  bias (out), or empty  →  y (n, out)
template <class Scalar, class Tokens, class Executor>
void project_into(Eigen::MatrixBase<Tokens> const& x, Matrix<Scalar> const& w, Vector<Scalar> const& bias,
                  Matrix<Scalar>& y, Executor& executor, Workspace& workspace) {
  y.resize(x.rows(), w.rows());
  if constexpr (has_kernel<Scalar>) {
    decltype(auto) tokens = in_memory(x);
    multiply(View<Scalar>(view_of(tokens)), View<Scalar>(view_of(w)), bias.size() == 0 ? nullptr : bias.data(), false,
             y, executor, workspace);
  } else {
    y.noalias() = x.derived() * w.transpose();
    if (bias.size() > 0) y.rowwise() += bias.transpose();
  }
}
template <class Scalar, class Tokens>
[[nodiscard]] Matrix<Scalar> project(Eigen::MatrixBase<Tokens> const& x, Matrix<Scalar> const& w) {
  Serial serial;
  Workspace workspace;
  Matrix<Scalar> y;
  project_into(x, w, Vector<Scalar>(), y, serial, workspace);
  return y;
}

/// d_y · w: its derivative by the tokens.  d_y (n, out)  w (out, in)  →  (n, in)
template <class Scalar, class Derivative, class Executor>
void project_back_into(Eigen::MatrixBase<Derivative> const& d_y, Matrix<Scalar> const& w, Matrix<Scalar>& d_x,
                       Executor& executor, Workspace& workspace) {
  d_x.resize(d_y.rows(), w.cols());
  if constexpr (has_kernel<Scalar>) {
    decltype(auto) derivative = in_memory(d_y);
    multiply<Scalar>(view_of(derivative), View<Scalar>(view_of(w)).transposed(), nullptr, false, d_x, executor,
                     workspace);
  } else {
    d_x.noalias() = d_y.derived() * w;
  }
}
template <class Scalar, class Derivative>
[[nodiscard]] Matrix<Scalar> project_back(Eigen::MatrixBase<Derivative> const& d_y, Matrix<Scalar> const& w) {
  Serial serial;
  Workspace workspace;
  Matrix<Scalar> d_x;
  project_back_into(d_y, w, d_x, serial, workspace);
  return d_x;
}

/// d_w += d_yᵀ · x: its derivative by the matrix.  d_y (n, out)  x (n, in)  d_w (out, in)
template <class Scalar, class Derivative, class Tokens, class Executor>
void add_outer(Matrix<Scalar>& d_w, Eigen::MatrixBase<Derivative> const& d_y, Eigen::MatrixBase<Tokens> const& x,
               Executor& executor, Workspace& workspace) {
  if constexpr (has_kernel<Scalar>) {
    decltype(auto) derivative = in_memory(d_y);
    decltype(auto) tokens = in_memory(x);
    multiply(View<Scalar>(view_of(derivative)).transposed(), View<Scalar>(view_of(tokens)).transposed(),
             static_cast<Scalar const*>(nullptr), true, d_w, executor, workspace);
  } else {
    d_w.noalias() += d_y.derived().transpose() * x.derived();
  }
}
template <class Scalar, class Derivative, class Tokens>
void add_outer(Matrix<Scalar>& d_w, Eigen::MatrixBase<Derivative> const& d_y, Eigen::MatrixBase<Tokens> const& x) {
  Serial serial;
  Workspace workspace;
  add_outer(d_w, d_y, x, serial, workspace);
}

/// sums += Σ_i rows(i): its derivative by a bias. Blocks of rows are summed by themselves and joined in order.
template <class Scalar, class Derivative, class Executor>
void add_row_sums(Vector<Scalar>& sums, Eigen::MatrixBase<Derivative> const& rows, Executor& executor) {
  decltype(auto) lines = in_memory(rows);
  Matrix<Scalar> parts = Matrix<Scalar>::Zero(row_blocks(rows.rows()), rows.cols());
  each_row_block(rows.rows(), executor, [&](Index block, Index first, Index count) {
    for (Index i = first; i < first + count; ++i) parts.row(block) += lines.row(i);
  });
  for (Index block = 0; block < parts.rows(); ++block) sums += parts.row(block).transpose();
}

}  // namespace layer_detail
}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
