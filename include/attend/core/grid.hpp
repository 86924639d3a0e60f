#pragma once

#include <attend/core/call_shape.hpp>
#include <attend/core/check.hpp>
#include <attend/core/config.hpp>
#include <attend/core/position.hpp>

#include <cstddef>
#include <limits>
#include <memory>
#include <span>
#include <string_view>

namespace attend {

/// Sizes of a grid, outermost first. A size of 1 serves the whole dimension.
struct GridShape {
  Index batch = 1, heads = 1, rows = 1, columns = 1;

  friend bool operator==(GridShape const&, GridShape const&) = default;
};

/// Distance between neighbours along each dimension, in elements.
struct GridStrides {
  Index batch = 0, heads = 0, rows = 0, columns = 1;
};

/// One number for every pair of a query and a key: an array (batch, heads, n, m), in which any dimension may be 1 and
/// then holds for all. Biases and boolean masks are read from it.
///
/// Made from an Eigen expression it owns a copy, which copies of the grid share until one of them is changed; made from
/// a pointer it looks at the caller's memory, which must live as long, and never changes it.
///
/// Throws   when a size is negative, or the pointer is null and the sizes are not empty
template <class Storage>
class Grid {
 public:
  Grid() = default;

  /// A matrix (n, m), (n, 1), (1, m) or (1, 1), for every head.
  template <class Derived>
  explicit Grid(Eigen::DenseBase<Derived> const& matrix)
      : Grid(matrix, {1, 1, matrix.derived().rows(), matrix.derived().cols()}) {}

  /// The numbers of a matrix, row by row, as an array of the shape given.
  template <class Derived>
  Grid(Eigen::DenseBase<Derived> const& matrix, GridShape shape) {
    Index const rows = matrix.derived().rows(), columns = matrix.derived().cols();
    check(rows * columns == shape.batch * shape.heads * shape.rows * shape.columns, "grid: a matrix (", rows, ", ",
          columns, ") does not fill sizes (", shape.batch, ", ", shape.heads, ", ", shape.rows, ", ", shape.columns,
          ").");
    auto const copy = std::make_shared<Storage[]>(static_cast<std::size_t>(rows * columns));
    Eigen::Map<Matrix<Storage>>(copy.get(), rows, columns) = matrix.derived().matrix().template cast<Storage>();
    *this = Grid(copy.get(), shape);
    owner_ = copy;
  }

  /// The caller's array, the last dimension fastest.
  Grid(Storage const* data, GridShape shape) : Grid(data, shape, contiguous(shape)) {}

  /// The caller's array, any strides.
  Grid(Storage const* data, GridShape shape, GridStrides strides) : data_(data), shape_(shape), strides_(strides) {
    check(shape.batch >= 0 && shape.heads >= 0 && shape.rows >= 0 && shape.columns >= 0, "grid: sizes (", shape.batch,
          ", ", shape.heads, ", ", shape.rows, ", ", shape.columns, ") must not be negative.");
    check(data != nullptr || shape.batch * shape.heads * shape.rows * shape.columns == 0,
          "grid: the pointer is null but the sizes (", shape.batch, ", ", shape.heads, ", ", shape.rows, ", ",
          shape.columns, ") are not empty.");
    if (shape.batch == 1) strides_.batch = 0;
    if (shape.heads == 1) strides_.heads = 0;
    if (shape.rows == 1) strides_.rows = 0;
    if (shape.columns == 1) strides_.columns = 0;
  }

  [[nodiscard]] GridShape const& shape() const { return shape_; }

  /// The numbers of one query: key j's is line[j · column_stride()].
  [[nodiscard]] ATTEND_INLINE Storage const* line(Index batch, Index head, Index row) const {
    return data_ + batch * strides_.batch + head * strides_.heads + row * strides_.rows;
  }
  [[nodiscard]] ATTEND_INLINE Index row_stride() const { return strides_.rows; }
  [[nodiscard]] ATTEND_INLINE Index column_stride() const { return strides_.columns; }
  /// Columns that may be read: any, where one number serves all.
  [[nodiscard]] ATTEND_INLINE Index readable_columns() const {
    return shape_.columns == 1 ? std::numeric_limits<Index>::max() : shape_.columns;
  }

  /// All numbers, the last dimension fastest.
  ///
  /// Throws   when they do not lie side by side in memory
  [[nodiscard]] std::span<Storage const> numbers() const {
    check(is_contiguous(), "grid: the numbers (", shape_.batch, ", ", shape_.heads, ", ", shape_.rows, ", ",
          shape_.columns, ") do not lie side by side in memory; make the grid from a matrix to walk over them.");
    return {data_, size()};
  }
  /// The same, to be changed: a grid that shares its numbers with others, or only looks at them, first makes its own.
  [[nodiscard]] std::span<Storage> numbers() {
    if (owner_ == nullptr || owner_.use_count() > 1) *this = copy();
    return {owner_.get(), size()};
  }
  /// Where the numbers() of a pair are.
  [[nodiscard]] Index number_of(Position<> const& p) const {
    GridShape const& s = shape_;
    Index const batch = s.batch == 1 ? 0 : Index(p.batch), head = s.heads == 1 ? 0 : Index(p.head);
    Index const row = s.rows == 1 ? 0 : Index(p.row), column = s.columns == 1 ? 0 : Index(p.column);
    return ((batch * s.heads + head) * s.rows + row) * s.columns + column;
  }
  /// A grid with numbers of its own.
  [[nodiscard]] Grid copy() const {
    auto const own = std::make_shared<Storage[]>(size());
    Storage* to = own.get();
    for (Index batch = 0; batch < shape_.batch; ++batch)
      for (Index head = 0; head < shape_.heads; ++head)
        for (Index row = 0; row < shape_.rows; ++row)
          for (Index column = 0; column < shape_.columns; ++column)
            *to++ = line(batch, head, row)[column * strides_.columns];
    Grid grid(own.get(), shape_);
    grid.owner_ = own;
    return grid;
  }

  /// The number of the pair, or of a query and a whole vector of keys.
  template <class Keys>
  [[nodiscard]] ATTEND_INLINE auto at(Position<Keys> const& p) const {
    return lookup(line(p.batch, p.head, p.row), column_stride(), readable_columns(), p.column);
  }

  /// Throws   when a size is neither 1 nor the call's; `name` is whose grid it is
  void check_sizes(CallShape const& shape, std::string_view name) const {
    check_size(shape_.batch, shape.batch, name, "batch entries", "sequences", "a sequence");
    check_size(shape_.heads, shape.heads, name, "heads", "heads", "a head");
    check_size(shape_.rows, shape.queries, name, "rows", "queries", "a query");
    check_size(shape_.columns, shape.keys, name, "columns", "keys", "a key");
  }

 private:
  [[nodiscard]] std::size_t size() const {
    return static_cast<std::size_t>(shape_.batch * shape_.heads * shape_.rows * shape_.columns);
  }
  [[nodiscard]] bool is_contiguous() const {
    GridStrides const wanted = contiguous(shape_);
    return (shape_.batch <= 1 || strides_.batch == wanted.batch) &&
           (shape_.heads <= 1 || strides_.heads == wanted.heads) &&
           (shape_.rows <= 1 || strides_.rows == wanted.rows) &&
           (shape_.columns <= 1 || strides_.columns == wanted.columns);
  }
  [[nodiscard]] static GridStrides contiguous(GridShape const& shape) {
    return {shape.heads * shape.rows * shape.columns, shape.rows * shape.columns, shape.columns, 1};
  }
  static void check_size(Index size, Index wanted, std::string_view name, char const* what, char const* of,
                         char const* each) {
    check(size == 1 || size == wanted, name, ": ", size, " ", what, " for ", wanted, " ", of, "; give one, or one ",
          each, ".");
  }

  Storage const* data_ = nullptr;
  GridShape shape_{1, 1, 0, 0};
  GridStrides strides_;
  std::shared_ptr<Storage[]> owner_;
};

}  // namespace attend
