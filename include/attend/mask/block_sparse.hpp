#pragma once

#include <attend/core/concepts.hpp>
#include <attend/core/grid.hpp>
#include <attend/mask/remainder.hpp>

#include <concepts>

namespace attend {

/// A query sees the keys of the blocks that a boolean matrix names:
/// blocks(⌊row / block_rows⌋, ⌊column / block_columns⌋).
///
/// Made from an Eigen expression, which is copied and serves all heads, or from a `Grid` of bytes, one matrix a head
/// if wanted.
///
/// Shapes   blocks (⌈n / block_rows⌉, ⌈m / block_columns⌉), either may be 1 and then serves all
/// Units    rows and columns as stored, not positions
/// Throws   when a block is empty; at the call, when the matrix has another size
/// Cost     blocks that are false are never computed; fastest when they are multiples of 32 keys
/// Source   Child 2019, section 5.5 (arXiv 1904.10509); Zaheer 2020 (arXiv 2007.14062)
class BlockSparse {
 public:
  template <class Derived>
  BlockSparse(Eigen::DenseBase<Derived> const& blocks, Index block_rows, Index block_columns)
      : BlockSparse(Grid<std::uint8_t>(blocks), block_rows, block_columns) {
    static_assert(std::same_as<typename Derived::Scalar, bool>,
                  "attend: BlockSparse takes a matrix of bool: write (matrix.array() > 0).");
  }
  BlockSparse(Grid<std::uint8_t> blocks, Index block_rows, Index block_columns)
      : blocks_(std::move(blocks)), block_rows_(block_rows), block_columns_(block_columns) {
    check(block_rows > 0 && block_columns > 0, "BlockSparse: a block is (", block_rows, ", ", block_columns,
          "); both must be 1 or more.");
  }

  void check_sizes(CallShape const& shape) const {
    GridShape const& have = blocks_.shape();
    Index const rows = blocks_of(shape.queries, block_rows_), columns = blocks_of(shape.keys, block_columns_);
    check((have.rows == 1 || have.rows == rows) && (have.columns == 1 || have.columns == columns), "BlockSparse: (",
          have.rows, ", ", have.columns, ") blocks of (", block_rows_, ", ", block_columns_, ") for ", shape.queries,
          " queries and ", shape.keys, " keys; there must be (", rows, ", ", columns, ").");
    blocks_.check_sizes({shape.batch, shape.heads, rows, columns}, "BlockSparse");
  }

  template <class Keys>
  ATTEND_INLINE auto operator()(Position<Keys> const& p) const {
    std::uint8_t const* const line = blocks_.line(p.batch, p.head, p.row / block_rows_);
    if constexpr (requires { Keys::size; }) {
      Index const first = p.column[0];
      Index block = first / block_columns_, ends = (block + 1) * block_columns_;
      if (first + Keys::size <= ends) return typename Keys::mask(line[block * blocks_.column_stride()] != 0);
      typename Keys::number visible[Keys::size];
      for (int lane = 0; lane < Keys::size; ++lane) {
        if (first + lane == ends) {
          ++block;
          ends += block_columns_;
        }
        // Lanes past the last key are never seen.
        visible[lane] = block < blocks_.readable_columns() ? line[block * blocks_.column_stride()] : std::uint8_t(0);
      }
      return typename Keys::mask(Keys::load(visible) != 0);
    } else {
      return line[p.column / block_columns_ * blocks_.column_stride()] != 0;
    }
  }

  [[nodiscard]] Coverage coverage(Tile const& tile) const {
    if (tile.queries <= 0 || tile.keys <= 0) return Coverage::none;
    Index const first_row = tile.row / block_rows_, last_row = (tile.row + tile.queries - 1) / block_rows_;
    Index const first_column = tile.column / block_columns_;
    Index const last_column = (tile.column + tile.keys - 1) / block_columns_;
    bool const visible = block(tile, first_row, first_column);
    for (Index row = first_row; row <= last_row; ++row)
      for (Index column = first_column; column <= last_column; ++column)
        if (block(tile, row, column) != visible) return Coverage::some;
    return visible ? Coverage::all : Coverage::none;
  }

 private:
  [[nodiscard]] static Index blocks_of(Index size, Index block) { return (size + block - 1) / block; }
  [[nodiscard]] bool block(Tile const& tile, Index row, Index column) const {
    return blocks_.line(tile.batch, tile.head, row)[column * blocks_.column_stride()] != 0;
  }

  Grid<std::uint8_t> blocks_;
  Index block_rows_, block_columns_;
};

}  // namespace attend
