#pragma once

#include <attend/core/gradient_place.hpp>
#include <attend/core/grid.hpp>
#include <attend/score/constant.hpp>
#include <attend/simd/pack.hpp>

#include <type_traits>
#include <utility>

namespace attend {

/// score → score + bias(query, key), any number for every pair.
///
/// Made from an Eigen expression (n, m), (n, 1), (1, m) or (1, 1), which is copied and serves all heads; or from a
/// pointer to an array (batch, heads, n, m) with any strides, which must live as long. A size of 1 serves all.
///
/// Units    natural-log score; −∞ forbids a pair
/// Throws   at the call, when a size is neither 1 nor the call's
/// Source   Shaw 2018, Raffel 2020 and the float masks of other libraries
template <class Scalar>
class Bias {
 public:
  static_assert(std::is_floating_point_v<Scalar>,
                "attend: Bias adds numbers of float or double; a matrix of bool is a mask, Keep{…} or Drop{…}.");

  template <class Derived>
  explicit Bias(Eigen::DenseBase<Derived> const& matrix) : grid_(matrix) {}
  Bias(Scalar const* data, GridShape shape) : grid_(data, shape) {}
  Bias(Scalar const* data, GridShape shape, GridStrides strides) : grid_(data, shape, strides) {}
  explicit Bias(Grid<Scalar> grid) : grid_(std::move(grid)) {}

  [[nodiscard]] Grid<Scalar> const& grid() const { return grid_; }

  /// The numbers of the grid (batch, heads, n, m). Of a bias that looks at the caller's memory the first change makes a
  /// copy of its own.
  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    function("grid", self.grid_.numbers());
  }

  void check_sizes(CallShape const& shape) const { grid_.check_sizes(shape, "Bias"); }

  /// One number a pair. Lines end on whole vectors.
  [[nodiscard]] static Index gradient_size(GradientPlace const& place) {
    return place.heads * place.rows * line_of(place);
  }
  /// ∂score/∂bias(query, key) = 1
  template <class Number, class Slopes>
  ATTEND_INLINE void add_gradient(Number* sums, GradientPlace const& place, Index row, Slopes const& d_score,
                                  auto const& p) const {
    d_score.store(sums + row * line_of(place) + (p.key[0] - place.first_key));
  }
  template <class Number>
  void join_gradient(Bias& gradient, Number const* sums, GradientPlace const& place) const {
    auto const numbers = gradient.grid_.numbers();
    for (Index row = 0; row < place.heads * place.rows; ++row)
      for (Index key = 0; key < place.keys; ++key)
        numbers[static_cast<std::size_t>(gradient.grid_.number_of(place.position(row, key)))] +=
            static_cast<Scalar>(sums[row * line_of(place) + key]);
  }

  template <class Score>
  [[nodiscard]] ATTEND_INLINE auto operator()(Score const& score, auto const& p) const {
    return score + detail::constant<Score>(grid_.at(p));
  }

 private:
  [[nodiscard]] static Index line_of(GradientPlace const& place) { return (place.keys + 63) / 64 * 64; }

  Grid<Scalar> grid_;
};

template <class Derived>
Bias(Eigen::DenseBase<Derived> const&) -> Bias<compute_t<typename Derived::Scalar>>;

}  // namespace attend
