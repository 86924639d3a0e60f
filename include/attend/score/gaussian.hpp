#pragma once

#include <attend/core/gradient_place.hpp>
#include <attend/core/grid.hpp>
#include <attend/core/math.hpp>
#include <attend/core/parameters.hpp>
#include <attend/score/constant.hpp>
#include <attend/simd/math.hpp>

#include <cmath>
#include <utility>

namespace attend {

/// score → score − (key − centre)² / (2 width²): under Softmax, weights times a Gaussian around a place, normalised.
///
/// One centre serves all queries, or one a query is given (as `Grid` (batch, heads, n, 1), one for each head too).
///
/// ≠ Luong's local attention, which multiplies after Softmax and does not normalise again: its weights sum to less
/// than 1.
///
/// Units    centre and width in tokens of the key's position; a centre may lie between two keys
/// Throws   at the call, when the width is not positive and finite, or there are several centres but not one a query
/// Source   Luong 2015, equation 10 with width = D/2 (arXiv 1508.04025)
class Gaussian {
 public:
  Gaussian(double centre, double width) : Gaussian(Vector<double>::Constant(1, centre), width) {}
  template <class Derived>
  Gaussian(Eigen::DenseBase<Derived> const& centre_of_each_query, double width)
      : Gaussian(Grid<double>(centre_of_each_query, {1, 1, size_of(centre_of_each_query.derived()), 1}), width) {}
  Gaussian(Grid<double> centres, double width) : centres_(std::move(centres)), width_(width) {}

  [[nodiscard]] Grid<double> const& centres() const { return centres_; }
  [[nodiscard]] double width() const { return width_; }

  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    function("centres", self.centres_.numbers());
    function("width", parameter_span(self.width_));
  }

  void check_sizes(CallShape const& shape) const {
    check(width_ > 0 && std::isfinite(width_), "Gaussian: the width is ", width_, "; it must be positive and finite.");
    check(centres_.shape().columns == 1, "Gaussian: ", centres_.shape().columns,
          " centres for each query; give one number a query.");
    centres_.check_sizes(shape, "Gaussian");
  }

  /// One number a query, and the width's.
  [[nodiscard]] static Index gradient_size(GradientPlace const& place) { return place.heads * place.rows + 1; }
  /// ∂score/∂centre = (key − centre) / width²,  ∂score/∂width = (key − centre)² / width³
  template <class Number, class Slopes>
  ATTEND_INLINE void add_gradient(Number* sums, GradientPlace const& place, Index row, Slopes const& d_score,
                                  auto const& p) const {
    Slopes const distance = p.key - *centres_.line(p.batch, p.head, p.row);
    Slopes const d_centre = d_score * distance;
    sums[row] += sum_of(d_centre);
    sums[place.heads * place.rows] += sum_of(Slopes(d_centre * distance));
  }
  template <class Number>
  void join_gradient(Gaussian& gradient, Number const* sums, GradientPlace const& place) const {
    auto const centres = gradient.centres_.numbers();
    Index const rows = place.heads * place.rows;
    for (Index row = 0; row < rows; ++row)
      centres[static_cast<std::size_t>(gradient.centres_.number_of(place.position(row, 0)))] +=
          static_cast<double>(sums[row]) / (width_ * width_);
    gradient.width_ += static_cast<double>(sums[rows]) / (width_ * width_ * width_);
  }

  template <class Score>
  [[nodiscard]] ATTEND_INLINE auto operator()(Score const& score, auto const& p) const {
    auto const distance = p.key - detail::constant<Score>(*centres_.line(p.batch, p.head, p.row));
    return score - distance * distance * detail::constant<Score>(0.5 / (width_ * width_));
  }

 private:
  template <class Derived>
  [[nodiscard]] static Index size_of(Derived const& centres) {
    check(centres.rows() == 1 || centres.cols() == 1, "Gaussian: the centres are (", centres.rows(), ", ",
          centres.cols(), "); they must be a vector, one a query.");
    return centres.size();
  }

  Grid<double> centres_;  // (batch, heads, n, 1)
  double width_;
};

}  // namespace attend
