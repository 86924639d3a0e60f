#pragma once

#include <attend/core/types.hpp>

namespace attend {

/// A matrix read in place through its strides: element (i, j) is data[i·row_stride + j·column_stride].
///
/// Any Eigen object with direct access, one head of a batch, or plain memory is a view; nothing is copied
/// and nothing is owned, so a view must not outlive the memory it looks at.
template <class Storage>
struct View {
  Storage const* data = nullptr;
  Index rows = 0;
  Index columns = 0;
  Index row_stride = 0;
  Index column_stride = 1;

  [[nodiscard]] Storage const& operator()(Index i, Index j) const { return data[i * row_stride + j * column_stride]; }
  [[nodiscard]] Storage const* row(Index i) const { return data + i * row_stride; }
  [[nodiscard]] View middle_rows(Index first, Index count) const {
    return {data + first * row_stride, count, columns, row_stride, column_stride};
  }
  [[nodiscard]] View transposed() const { return {data, columns, rows, column_stride, row_stride}; }
};

/// The same, to be written.
template <class Storage>
struct MutableView {
  Storage* data = nullptr;
  Index rows = 0;
  Index columns = 0;
  Index row_stride = 0;
  Index column_stride = 1;

  [[nodiscard]] Storage& operator()(Index i, Index j) const { return data[i * row_stride + j * column_stride]; }
  [[nodiscard]] Storage* row(Index i) const { return data + i * row_stride; }
  operator View<Storage>() const { return {data, rows, columns, row_stride, column_stride}; }
};

namespace detail {

template <class Derived>
inline constexpr bool has_direct_access = false;
template <class Derived>
  requires requires { Derived::Flags; }
inline constexpr bool has_direct_access<Derived> = (int(Derived::Flags) & Eigen::DirectAccessBit) != 0;

template <class Derived>
constexpr bool is_row_major = bool(Derived::IsRowMajor);

template <class Result, class Storage, class Derived>
[[nodiscard]] Result view_as(Storage* data, Derived const& m) {
  if (data == nullptr) return {nullptr, m.rows(), m.cols(), 0, 0};  // there is nowhere to step from
  Index const outer = m.outerStride(), inner = m.innerStride();
  return is_row_major<Derived> ? Result{data, m.rows(), m.cols(), outer, inner}
                               : Result{data, m.rows(), m.cols(), inner, outer};
}

}  // namespace detail

/// The view of an Eigen object with direct access (matrix, block, map, transpose of one, any strides).
template <class Derived>
  requires detail::has_direct_access<Derived>
[[nodiscard]] auto view_of(Eigen::DenseBase<Derived> const& matrix) {
  return detail::view_as<View<typename Derived::Scalar>>(matrix.derived().data(), matrix.derived());
}

template <class Derived>
  requires detail::has_direct_access<Derived>
[[nodiscard]] auto mutable_view_of(Eigen::DenseBase<Derived>& matrix) {
  return detail::view_as<MutableView<typename Derived::Scalar>>(matrix.derived().data(), matrix.derived());
}

}  // namespace attend
