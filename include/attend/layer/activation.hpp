#pragma once

#include <attend/core/config.hpp>
#include <attend/core/types.hpp>

/// Functions of each number, and their derivatives from the result: y is all that backward needs.

namespace attend {
inline namespace ATTEND_UNIT_NAME {
namespace layer_detail {

/// y = σ(x) = 1 / (1 + e⁻ˣ)
template <class Derived>
[[nodiscard]] Matrix<typename Derived::Scalar> sigmoid(Eigen::MatrixBase<Derived> const& x) {
  using Scalar = typename Derived::Scalar;
  return (Scalar(1) + (-x.array()).exp()).inverse();
}

/// d_x = d_y · σ'(x),  σ'(x) = y (1 − y)
template <class Result, class Derivative>
[[nodiscard]] Matrix<typename Result::Scalar> sigmoid_back(Eigen::MatrixBase<Result> const& y,
                                                           Eigen::MatrixBase<Derivative> const& d_y) {
  using Scalar = typename Result::Scalar;
  return d_y.array() * y.array() * (Scalar(1) - y.array());
}

/// y = tanh(x)
template <class Derived>
[[nodiscard]] Matrix<typename Derived::Scalar> tanh(Eigen::MatrixBase<Derived> const& x) {
  return x.array().tanh();
}

/// d_x = d_y · tanh'(x),  tanh'(x) = 1 − y²
template <class Result, class Derivative>
[[nodiscard]] Matrix<typename Result::Scalar> tanh_back(Eigen::MatrixBase<Result> const& y,
                                                        Eigen::MatrixBase<Derivative> const& d_y) {
  using Scalar = typename Result::Scalar;
  return d_y.array() * (Scalar(1) - y.array().square());
}

}  // namespace layer_detail
}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
