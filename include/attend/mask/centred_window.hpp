#pragma once

#include <attend/core/check.hpp>
#include <attend/core/concepts.hpp>
#include <attend/core/grid.hpp>
#include <attend/simd/pack.hpp>

#include <algorithm>
#include <cmath>
#include <utility>

namespace attend {

/// A query sees the keys around a place of its own: |key − centre| ≤ radius. The place may be predicted, and need not be
/// the query's own, nor a whole number.
///
/// One centre serves all queries, or one a query is given (as `Grid` (batch, heads, n, 1), one for each head too).
///
/// Units    tokens
/// Throws   at the call, when the radius is negative or no number, or there are several centres but not one a query
/// Edge     a centre that is no number, or further than the radius from every key: the query sees nothing
/// Cost     tiles outside of the windows of their queries are never touched: O(n · radius) where neighbouring queries
///          look at neighbouring places
/// Source   Luong 2015, section 3.2, "local-p": the window [p_t − D, p_t + D] (arXiv 1508.04025)
class CentredWindow {
 public:
  CentredWindow(double centre, double radius) : CentredWindow(Vector<double>::Constant(1, centre), radius) {}
  template <class Derived>
  CentredWindow(Eigen::DenseBase<Derived> const& centre_of_each_query, double radius)
      : CentredWindow(Grid<double>(centre_of_each_query, {1, 1, centre_of_each_query.size(), 1}), radius) {}
  CentredWindow(Grid<double> centres, double radius) : centres_(std::move(centres)), radius_(radius) {}

  void check_sizes(CallShape const& shape) const {
    check(radius_ >= 0, "CentredWindow: the radius is ", radius_, "; it must be 0 or more.");
    check(centres_.shape().columns == 1, "CentredWindow: ", centres_.shape().columns,
          " centres for each query; give one number a query.");
    centres_.check_sizes(shape, "CentredWindow");
  }

  ATTEND_INLINE auto operator()(auto const& p) const {
    Bounds const keys = bounds(p.batch, p.head, p.row);
    return p.key >= keys.first && p.key <= keys.last;
  }

  [[nodiscard]] Coverage coverage(Tile const& tile) const {
    Bounds outer{limit, -limit}, inner{-limit, limit};
    for (Index i = 0; i < tile.queries; ++i) {
      Bounds const keys = bounds(tile.batch, tile.head, tile.row + i);
      if (keys.first > keys.last) {  // no key is near enough
        inner = {limit, -limit};
        continue;
      }
      outer = {std::min(outer.first, keys.first), std::max(outer.last, keys.last)};
      inner = {std::max(inner.first, keys.first), std::min(inner.last, keys.last)};
    }
    return covered(outer.last < tile.key || outer.first > tile.last_key(),
                   inner.first <= tile.key && inner.last >= tile.last_key());
  }

 private:
  /// Further than any key, and still a number that 32-bit lanes hold.
  static constexpr Index limit = Index(1) << 30;

  struct Bounds {
    Index first, last;
  };
  [[nodiscard]] ATTEND_INLINE Bounds bounds(Index batch, Index head, Index row) const {
    double const centre = *centres_.line(batch, head, row), far = static_cast<double>(limit);
    if (!(std::abs(centre) <= far)) return {limit, -limit};
    return {static_cast<Index>(std::max(std::ceil(centre - radius_), -far)),
            static_cast<Index>(std::min(std::floor(centre + radius_), far))};
  }

  Grid<double> centres_;  // (batch, heads, n, 1)
  double radius_;
};

}  // namespace attend
