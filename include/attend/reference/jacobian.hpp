#pragma once

#include <attend/core/check.hpp>
#include <attend/core/dual.hpp>
#include <attend/reference/attention.hpp>

#include <string_view>

/// How the output answers small steps of the inputs, by dual numbers through the dense formulas.

namespace attend::reference {

namespace detail {

/// x + direction · ε
template <class T, class Place, class Direction>
[[nodiscard]] Matrix<Dual<T>> along(std::string_view name, Eigen::MatrixBase<Place> const& x,
                                    Eigen::MatrixBase<Direction> const& direction) {
  check(x.rows() == direction.rows() && x.cols() == direction.cols(), "jvp: ", name, " is (", x.rows(), ", ", x.cols(),
        ") but its direction is (", direction.rows(), ", ", direction.cols(), ").");
  Matrix<T> const values = x.template cast<T>(), slopes = direction.template cast<T>();
  Matrix<Dual<T>> result(x.rows(), x.cols());
  for (Index i = 0; i < result.size(); ++i) result.data()[i] = Dual<T>(values.data()[i], slopes.data()[i]);
  return result;
}

template <class T>
[[nodiscard]] Matrix<T> derivatives_of(Matrix<Dual<T>> const& x) {
  Matrix<T> result(x.rows(), x.cols());
  for (Index i = 0; i < result.size(); ++i) result.data()[i] = x.data()[i].derivative;
  return result;
}

}  // namespace detail

/// The derivative of the output (n, e) along a direction of the inputs, the Jacobian times it:
///
///   d/dt attention(q + t·dq, k + t·dk, v + t·dv) at t = 0
///
/// Throws   when a direction has another size than what it moves
/// Cost     about three forward passes, whatever the sizes
template <class Compute = void, class Query, class Key, class Value, class DQuery, class DKey, class DValue,
          class... Given>
[[nodiscard]] auto jvp(Eigen::MatrixBase<Query> const& q, Eigen::MatrixBase<Key> const& k,
                       Eigen::MatrixBase<Value> const& v, Eigen::MatrixBase<DQuery> const& dq,
                       Eigen::MatrixBase<DKey> const& dk, Eigen::MatrixBase<DValue> const& dv, Given const&... given) {
  using T = detail::scalar_of<Compute, typename Query::Scalar>;
  return detail::derivatives_of<T>(
      forward(detail::along<T>("q", q, dq), detail::along<T>("k", k, dk), detail::along<T>("v", v, dv), given...)
          .output);
}

/// Every derivative of every output: element (i·e + f, j·d + g) of `query` is ∂out(i, f)/∂q(j, g), and so on.
template <class T>
struct Jacobian {
  Matrix<T> query;  // (n·e, n·d)
  Matrix<T> key;    // (n·e, m·d)
  Matrix<T> value;  // (n·e, m·e)
};

/// Cost     a `jvp` for each input number: for small sizes
template <class Compute = void, class Query, class Key, class Value, class... Given>
[[nodiscard]] auto jacobian(Eigen::MatrixBase<Query> const& q, Eigen::MatrixBase<Key> const& k,
                            Eigen::MatrixBase<Value> const& v, Given const&... given) {
  using T = detail::scalar_of<Compute, typename Query::Scalar>;
  Matrix<T> const x = q.template cast<T>(), y = k.template cast<T>(), z = v.template cast<T>();
  Matrix<T> dx = x, dy = y, dz = z;
  for (Matrix<T>* const direction : {&dx, &dy, &dz}) direction->setConstant(T(0));
  auto const columns = [&](Matrix<T>& direction) {
    Matrix<T> all(x.rows() * z.cols(), direction.size());
    for (Index j = 0; j < direction.size(); ++j) {
      direction.data()[j] = T(1);
      Matrix<T> const column = jvp<T>(x, y, z, dx, dy, dz, given...);
      direction.data()[j] = T(0);
      all.col(j) = Eigen::Map<Vector<T> const>(column.data(), column.size());
    }
    return all;
  };
  return Jacobian<T>{columns(dx), columns(dy), columns(dz)};
}

}  // namespace attend::reference
