#pragma once

#include <attend/core/check.hpp>
#include <attend/core/view.hpp>

#include <type_traits>

namespace attend {

/// Sizes of a batch of heads, outermost first.
struct HeadsShape {
  Index batch = 0, heads = 0, length = 0, dim = 0;

  friend bool operator==(HeadsShape const&, HeadsShape const&) = default;
};

/// Distance between neighbours along each dimension, in elements.
struct HeadsStrides {
  Index batch = 0, heads = 0, length = 0, dim = 1;
};

/// A batch of heads in the caller's memory, (batch, heads, length, dim) with any strides; nothing is copied.
///
/// `Heads<float>` can be written, `Heads<float const>` only read; the first converts to the second.
template <class Storage>
class Heads {
 public:
  using Scalar = std::remove_const_t<Storage>;

  Heads() = default;
  Heads(Storage* data, HeadsShape shape, HeadsStrides strides) : data_(data), shape_(shape), strides_(strides) {
    check(shape.batch >= 0 && shape.heads >= 0 && shape.length >= 0 && shape.dim >= 0, "heads: sizes (", shape.batch,
          ", ", shape.heads, ", ", shape.length, ", ", shape.dim, ") must not be negative.");
    check(data != nullptr || shape.batch * shape.heads * shape.length * shape.dim == 0,
          "heads: the pointer is null but the sizes (", shape.batch, ", ", shape.heads, ", ", shape.length, ", ",
          shape.dim, ") are not empty.");
  }

  operator Heads<Scalar const>() const
    requires(!std::is_const_v<Storage>)
  {
    Heads<Scalar const> same;  // checked when this was made
    same.data_ = data_;
    same.shape_ = shape_;
    same.strides_ = strides_;
    return same;
  }

  [[nodiscard]] Storage* data() const { return data_; }
  [[nodiscard]] HeadsShape const& shape() const { return shape_; }
  [[nodiscard]] HeadsStrides const& strides() const { return strides_; }
  [[nodiscard]] Index batch() const { return shape_.batch; }
  [[nodiscard]] Index heads() const { return shape_.heads; }
  [[nodiscard]] Index length() const { return shape_.length; }
  [[nodiscard]] Index dim() const { return shape_.dim; }

  [[nodiscard]] Storage& operator()(Index b, Index h, Index i, Index f) const {
    return data_[b * strides_.batch + h * strides_.heads + i * strides_.length + f * strides_.dim];
  }

  /// One head as a matrix (length, dim).
  [[nodiscard]] View<Scalar> head(Index b, Index h) const {
    return {data_ + b * strides_.batch + h * strides_.heads, shape_.length, shape_.dim, strides_.length, strides_.dim};
  }
  [[nodiscard]] MutableView<Scalar> mutable_head(Index b, Index h) const
    requires(!std::is_const_v<Storage>)
  {
    return {data_ + b * strides_.batch + h * strides_.heads, shape_.length, shape_.dim, strides_.length, strides_.dim};
  }

 private:
  template <class Other>
  friend class Heads;

  Storage* data_ = nullptr;
  HeadsShape shape_;
  HeadsStrides strides_;
};

/// No heads at all, for what a call is not asked for. One object for all calls: to clear 72 bytes in each took longer
/// than the checks of a small one.
template <class Storage>
inline constexpr Heads<Storage> no_heads{};

/// Heads in contiguous memory, the last dimension fastest.
template <class Storage>
[[nodiscard]] Heads<Storage> heads(Storage* data, HeadsShape shape) {
  return {data, shape, {shape.heads * shape.length * shape.dim, shape.length * shape.dim, shape.dim, 1}};
}

template <class Storage>
[[nodiscard]] Heads<Storage> heads(Storage* data, HeadsShape shape, HeadsStrides strides) {
  return {data, shape, strides};
}

/// The columns of a (length, count·dim) matrix as `count` heads of one sequence, as a projection leaves them.
///
/// Throws   when the columns do not divide into `count` heads
template <class Derived>
  requires detail::has_direct_access<Derived>
[[nodiscard]] auto heads(Eigen::DenseBase<Derived> const& matrix, Index count) {
  auto const view = view_of(matrix);
  check(count > 0 && view.columns % count == 0, "heads: ", view.columns, " columns do not divide into ", count,
        " heads.");
  Index const dim = view.columns / count;
  return Heads<typename Derived::Scalar const>(view.data, {1, count, view.rows, dim},
                                               {0, dim * view.column_stride, view.row_stride, view.column_stride});
}

template <class Derived>
  requires detail::has_direct_access<Derived>
[[nodiscard]] auto heads(Eigen::DenseBase<Derived>& matrix, Index count) {
  auto const view = mutable_view_of(matrix);
  check(count > 0 && view.columns % count == 0, "heads: ", view.columns, " columns do not divide into ", count,
        " heads.");
  Index const dim = view.columns / count;
  return Heads<typename Derived::Scalar>(view.data, {1, count, view.rows, dim},
                                         {0, dim * view.column_stride, view.row_stride, view.column_stride});
}

template <class Type>
inline constexpr bool is_heads = false;
template <class Storage>
inline constexpr bool is_heads<Heads<Storage>> = true;

}  // namespace attend
