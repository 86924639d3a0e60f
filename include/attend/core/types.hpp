#pragma once

/// The legend that every file of the library uses.
///
///   n  queries    d  features of q and k    h  heads
///   m  keys       e  features of v          b  sequences in a batch
///
/// One token is one row: q (n, d), k (m, d), v (m, e) → out (n, e).

#include <Eigen/Core>

#include <cstdint>
#include <type_traits>

namespace attend {

using Index = Eigen::Index;

/// What the library returns: row-major, so that the features of one token are contiguous.
template <class Scalar>
using Matrix = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

template <class Scalar>
using Vector = Eigen::Matrix<Scalar, Eigen::Dynamic, 1>;

/// Half precision and bytes are ways to store numbers; arithmetic on them is done in float.
template <class Storage>
struct ComputeType {
  using type = Storage;
};
template <>
struct ComputeType<Eigen::half> {
  using type = float;
};
template <>
struct ComputeType<Eigen::bfloat16> {
  using type = float;
};
template <>
struct ComputeType<std::int8_t> {
  using type = float;
};

template <class Storage>
using compute_t = typename ComputeType<std::remove_cv_t<Storage>>::type;

/// The scalars that the fused kernel computes in; every other scalar runs through the dense reference.
template <class Scalar>
inline constexpr bool is_kernel_scalar = std::is_same_v<Scalar, float> || std::is_same_v<Scalar, double>;

}  // namespace attend
