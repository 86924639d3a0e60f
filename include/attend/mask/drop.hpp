#pragma once

#include <attend/mask/keep.hpp>

namespace attend {

/// A query does not see the keys where a boolean matrix is true: the opposite of `Keep`, made and checked in the same
/// way.
class Drop {
 public:
  template <class Derived>
  explicit Drop(Eigen::DenseBase<Derived> const& matrix) : dropped_(matrix) {}
  Drop(bool const* data, GridShape shape) : dropped_(data, shape) {}
  Drop(bool const* data, GridShape shape, GridStrides strides) : dropped_(data, shape, strides) {}

  void check_sizes(CallShape const& shape) const { dropped_.check_sizes(shape, "Drop"); }

  ATTEND_INLINE auto operator()(auto const& p) const { return !dropped_(p); }

  [[nodiscard]] Coverage coverage(Tile const& tile) const { return opposite(dropped_.coverage(tile)); }

 private:
  Keep dropped_;
};

}  // namespace attend
