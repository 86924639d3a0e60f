#pragma once

#include <attend/core/check.hpp>
#include <attend/core/view.hpp>

#include <type_traits>

/// What the learned similarities do with the matrices that they are given.

namespace attend::detail {

/// The scalar of a similarity that is made from such matrices: what they compute in.
template <class Derived>
using parameter_t = compute_t<typename Derived::Scalar>;

template <class Parameter, class Derived>
[[nodiscard]] Matrix<Parameter> parameter_matrix(Eigen::DenseBase<Derived> const& given) {
  return given.derived().matrix().template cast<Parameter>();
}

/// A row or a column, or a matrix that is one.
template <class Parameter, class Derived>
[[nodiscard]] Vector<Parameter> parameter_vector(Eigen::DenseBase<Derived> const& given, char const* name) {
  Matrix<Parameter> const copy = parameter_matrix<Parameter>(given);
  check(copy.rows() == 1 || copy.cols() == 1, name, " is (", copy.rows(), ", ", copy.cols(), "); it must be a vector.");
  return Eigen::Map<Vector<Parameter> const>(copy.data(), copy.size());
}

template <class Scalar, class Parameter>
constexpr void require_scalar() {
  static_assert(std::is_same_v<Scalar, Parameter>,
                "attend: the parameters of a learned score must have the scalar that the call computes in: float for "
                "inputs of float, half or bfloat16, double for double. Say it: Additive<float>{w, u, a}.");
}

}  // namespace attend::detail
