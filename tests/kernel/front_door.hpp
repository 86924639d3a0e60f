#pragma once

#include <attend/attention.hpp>
#include <attend/reference/attention.hpp>

#include "../laws/problem.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

/// What the tests of the front door share.

namespace front_door {

namespace at = attend;
using at::Index;
using Eigen::Dynamic;

template <class Storage>
using RowMajor = Eigen::Matrix<Storage, Dynamic, Dynamic, Eigen::RowMajor>;
template <class Storage>
using ColumnMajor = Eigen::Matrix<Storage, Dynamic, Dynamic, Eigen::ColMajor>;

inline constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();
inline constexpr float untouched = -777.25f;

template <class Storage = float>
[[nodiscard]] RowMajor<Storage> numbers(Index rows, Index columns, std::uint64_t seed) {
  laws::Random random(seed);
  RowMajor<Storage> x(rows, columns);
  for (Index i = 0; i < rows; ++i)
    for (Index j = 0; j < columns; ++j) x(i, j) = static_cast<Storage>(static_cast<float>(random.normal()));
  return x;
}

template <class A, class B>
[[nodiscard]] bool same_bits(Eigen::DenseBase<A> const& a, Eigen::DenseBase<B> const& b) {
  RowMajor<typename A::Scalar> const x = a.derived(), y = b.derived();
  if (x.rows() != y.rows() || x.cols() != y.cols()) return false;
  auto const bytes = static_cast<std::size_t>(x.size()) * sizeof(typename A::Scalar);
  return bytes == 0 || std::memcmp(x.data(), y.data(), bytes) == 0;  // an empty matrix has no address to hand over
}

/// One problem of 19 queries and 37 keys; neither fills its last tile.
struct Inputs {
  RowMajor<float> q = numbers(19, 24, 1), k = numbers(37, 24, 2), v = numbers(37, 10, 3);
  RowMajor<float> out = at::attention(q, k, v);
};

/// |out − exact| ≤ 16u·Σ w|v| + half a unit of the stored result: scores of a few units, which are off by u each,
/// weights by u for exp and u for the sum, and the sum over keys. tests/laws derives the strict bounds.
template <class Out, class Query, class Key, class Value, class... Policies>
void expect_near_reference(Eigen::DenseBase<Out> const& out, Query const& q, Key const& k, Value const& v,
                           Policies const&... policies) {
  using Storage = typename Out::Scalar;
  using Exact = long double;
  auto const u = static_cast<Exact>(std::numeric_limits<at::compute_t<Storage>>::epsilon()) / 2;
  Exact const rounding = std::is_same_v<Storage, Eigen::half> ? 0x1p-11L : u;  // Eigen's own epsilon of half is 2⁻¹³
  RowMajor<Exact> const values = v.template cast<Exact>();
  RowMajor<Exact> const w = at::reference::weights<Exact>(q, k, policies...);
  RowMajor<Exact> const wanted = w * values, size = w * values.cwiseAbs();
  ASSERT_EQ(out.rows(), q.rows());
  ASSERT_EQ(out.cols(), v.cols());
  for (Index i = 0; i < out.rows(); ++i)
    for (Index f = 0; f < out.cols(); ++f) {
      auto const found = static_cast<Exact>(static_cast<at::compute_t<Storage>>(out.derived().coeff(i, f)));
      ASSERT_LE(std::abs(found - wanted(i, f)), 16 * u * size(i, f) + rounding * std::abs(wanted(i, f)))
          << "row " << i << ", column " << f;
    }
}

}  // namespace front_door
