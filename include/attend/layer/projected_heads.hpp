#pragma once

#include <attend/core/config.hpp>
#include <attend/core/heads.hpp>
#include <attend/core/types.hpp>
#include <attend/layer/rms_norm.hpp>
#include <attend/layer/rotary.hpp>

#include <algorithm>

/// Projections as heads: how they lie in the rows of a matrix, and what is done to them before they are compared.

namespace attend {
inline namespace ATTEND_UNIT_NAME {
namespace layer_detail {

/// The columns of a matrix (b·n, count·dim) as heads (b, count, n, dim).
template <class Rows>
[[nodiscard]] auto split_heads(Rows& rows, Index count, Index batch) {
  Index const length = rows.rows() / batch, dim = rows.cols() / count, width = rows.cols();
  return attend::heads(rows.data(), {batch, count, length, dim}, {length * width, dim, width, 1});
}

/// Token i of every sequence and head.
template <class Number>
[[nodiscard]] Heads<Number> token_of(Heads<Number> const& x, Index i) {
  return {x.data() + i * x.strides().length, {x.batch(), x.heads(), 1, x.dim()}, x.strides()};
}

/// Projections (b·n, count·d) become what is compared: each head normed, then turned by its position.
template <class Scalar>
struct HeadPlacing {
  RmsNorm<Scalar> const& norm;        // (d), or without weights none
  RotaryTable<Scalar> const* rotary;  // or null
  Index count;                        // heads

  /// Positions count from `first`.
  template <class Executor>
  void forward(Matrix<Scalar>& rows, Index batch, Index first, Executor& executor) const {
    if (norm.d() > 0) {
      Index const dim = rows.cols() / count;
      norm.forward_in_place(Eigen::Map<Matrix<Scalar>>(rows.data(), rows.rows() * count, dim), executor);
    }
    if (rotary != nullptr) rotary->rotary.rotate(split_heads(rows, count, batch), rotary->turns, first);
  }

  /// ∂loss by what is compared becomes ∂loss by the projections; `projected` is what they were before the norm.
  template <class Executor>
  void backward(Matrix<Scalar>& d_rows, Matrix<Scalar> const& projected, RmsNorm<Scalar>& gradient, Index batch,
                Executor& executor) const {
    if (rotary != nullptr) rotary->rotary.rotate_back(split_heads(d_rows, count, batch), rotary->turns);
    if (norm.d() > 0) {
      using Lines = Eigen::Map<Matrix<Scalar> const>;
      Index const lines = d_rows.rows() * count, dim = d_rows.cols() / count;
      Matrix<Scalar> const d_lines =
          norm.backward(Lines(projected.data(), lines, dim), Lines(d_rows.data(), lines, dim), gradient, executor);
      std::copy_n(d_lines.data(), d_lines.size(), d_rows.data());
    }
  }
};

}  // namespace layer_detail
}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
