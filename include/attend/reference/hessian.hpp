#pragma once

#include <attend/core/dual.hpp>
#include <attend/reference/backward.hpp>
#include <attend/reference/jacobian.hpp>

namespace attend::reference {

/// The gradient's answer to a small step of the inputs.
template <class T>
struct HessianProduct {
  Matrix<T> query;  // (n, d)
  Matrix<T> key;    // (m, d)
  Matrix<T> value;  // (m, e)
};

/// The Hessian of L = Σ d_output ∘ attention(q, k, v) times a direction of the inputs, without the Hessian:
///
///   d/dt ∇L(q + t·dq, k + t·dk, v + t·dv) at t = 0,  the backward pass on dual numbers
///
/// Throws   when a direction has another size than what it moves
/// Cost     about three backward passes, whatever the sizes
/// Source   Pearlmutter 1994, Fast exact multiplication by the Hessian
template <class Compute = void, class Query, class Key, class Value, class DQuery, class DKey, class DValue,
          class Output, class... Given>
[[nodiscard]] auto hessian_vector_product(Eigen::MatrixBase<Query> const& q, Eigen::MatrixBase<Key> const& k,
                                          Eigen::MatrixBase<Value> const& v, Eigen::MatrixBase<DQuery> const& dq,
                                          Eigen::MatrixBase<DKey> const& dk, Eigen::MatrixBase<DValue> const& dv,
                                          Eigen::MatrixBase<Output> const& d_output, Given const&... given) {
  using T = detail::scalar_of<Compute, typename Query::Scalar>;
  Matrix<T> const fixed = d_output.template cast<T>();
  auto const gradient = backward(detail::along<T>("q", q, dq), detail::along<T>("k", k, dk),
                                 detail::along<T>("v", v, dv), fixed.template cast<Dual<T>>(), given...);
  return HessianProduct<T>{detail::derivatives_of<T>(gradient.query), detail::derivatives_of<T>(gradient.key),
                           detail::derivatives_of<T>(gradient.value)};
}

}  // namespace attend::reference
