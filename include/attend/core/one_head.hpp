#pragma once

#include <attend/core/heads.hpp>

namespace attend {
namespace detail {

/// Something whose memory can be read in place: the object itself, or an expression's value.
template <class Derived>
[[nodiscard]] decltype(auto) readable(Derived const& matrix) {
  if constexpr (has_direct_access<Derived>)
    return static_cast<Derived const&>(matrix);
  else
    return matrix.eval();
}

/// A matrix as a batch of one head.
template <class Derived>
[[nodiscard]] auto as_heads(Derived const& matrix) {
  auto const view = view_of(matrix);
  return Heads<typename Derived::Scalar const>(view.data, {1, 1, view.rows, view.columns},
                                               {0, 0, view.row_stride, view.column_stride});
}
template <class Derived>
[[nodiscard]] auto as_mutable_heads(Derived& matrix) {
  auto const view = mutable_view_of(matrix);
  return Heads<typename Derived::Scalar>(view.data, {1, 1, view.rows, view.columns},
                                         {0, 0, view.row_stride, view.column_stride});
}

/// Refuses sizes that do not fit, with both.
inline void check_same(char const* call, bool holds, char const* what, HeadsShape const& a, char const* a_name,
                       HeadsShape const& b, char const* b_name) {
  check(holds, call, ": ", a_name, " is (", a.batch, ", ", a.heads, ", ", a.length, ", ", a.dim, ") but ", b_name,
        " is (", b.batch, ", ", b.heads, ", ", b.length, ", ", b.dim, "), as (batch, heads, length, dim); ", what);
}

}  // namespace detail
}  // namespace attend
