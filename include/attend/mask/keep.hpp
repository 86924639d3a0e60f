#pragma once

#include <attend/core/concepts.hpp>
#include <attend/core/grid.hpp>
#include <attend/simd/pack.hpp>

#include <concepts>
#include <cstring>

namespace attend {

/// A query sees the keys where a boolean matrix is true. `Drop` is the one to hide them; there is no bare boolean
/// matrix, because its polarity is what libraries do not agree on.
///
/// Made from an Eigen expression (n, m), (n, 1), (1, m) or (1, 1), which is copied and serves all heads; or from a
/// pointer to an array (batch, heads, n, m) of bool with any strides, which must live as long. A size of 1 serves all.
///
/// Throws   at the call, when a size is neither 1 nor the call's
/// Cost     one byte a pair; tiles without any true are never computed
class Keep {
 public:
  template <class Derived>
  explicit Keep(Eigen::DenseBase<Derived> const& matrix) : grid_(matrix) {
    static_assert(
        std::same_as<typename Derived::Scalar, bool>,
        "attend: Keep and Drop take a matrix of bool: write (matrix.array() > 0). To add numbers there is Bias.");
  }
  Keep(bool const* data, GridShape shape) : grid_(bytes(data), shape) {}
  Keep(bool const* data, GridShape shape, GridStrides strides) : grid_(bytes(data), shape, strides) {}

  void check_sizes(CallShape const& shape) const { check_sizes(shape, "Keep"); }
  void check_sizes(CallShape const& shape, char const* name) const { grid_.check_sizes(shape, name); }

  ATTEND_INLINE auto operator()(auto const& p) const { return grid_.at(p) != 0; }

  /// Reads the tile's bytes until two differ.
  [[nodiscard]] Coverage coverage(Tile const& tile) const {
    Index const rows = grid_.row_stride() == 0 ? 1 : tile.queries, keys = grid_.column_stride() == 0 ? 1 : tile.keys;
    if (rows <= 0 || keys <= 0) return Coverage::none;
    std::uint8_t const* line = first_of(tile);
    std::uint8_t const visible = *line;
    for (Index i = 0; i < rows; ++i, line += grid_.row_stride())
      if (!all_equal(line, keys, visible)) return Coverage::some;
    return visible != 0 ? Coverage::all : Coverage::none;
  }

 private:
  [[nodiscard]] static std::uint8_t const* bytes(bool const* data) {
    static_assert(sizeof(bool) == 1);
    return reinterpret_cast<std::uint8_t const*>(data);
  }
  [[nodiscard]] std::uint8_t const* first_of(Tile const& tile) const {
    return grid_.line(tile.batch, tile.head, tile.row) + tile.column * grid_.column_stride();
  }
  [[nodiscard]] bool all_equal(std::uint8_t const* line, Index count, std::uint8_t byte) const {
    if (grid_.column_stride() == 1)
      return line[0] == byte && std::memcmp(line, line + 1, static_cast<std::size_t>(count - 1)) == 0;
    for (Index j = 0; j < count; ++j)
      if (line[j * grid_.column_stride()] != byte) return false;
    return true;
  }

  Grid<std::uint8_t> grid_;
};

}  // namespace attend
