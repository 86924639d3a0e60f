#pragma once

#include <attend/core/gradient_place.hpp>
#include <attend/core/grid.hpp>
#include <attend/core/parameters.hpp>
#include <attend/score/constant.hpp>
#include <attend/simd/pack.hpp>

#include <algorithm>
#include <type_traits>

namespace attend {

/// score → score + table(head, clip(key − query)): a learned number for each distance, the last one for all beyond.
///
/// Column `reach` of the table is distance 0, the columns before it are keys before the query.
///
/// Shapes   table (heads, 2·reach + 1), or (1, 2·reach + 1) for all heads
/// Units    natural-log score; distances in tokens
/// Throws   when the table has no middle column; at the call, when it has neither one row nor one a head
/// Cost     one load a vector of keys
/// Source   Shaw 2018, equations 3–4 without the product (arXiv 1803.02155); the bias of Raffel 2020
template <class Scalar>
class RelativeBias {
 public:
  template <class Derived>
  explicit RelativeBias(Eigen::DenseBase<Derived> const& table) {
    auto const& given = table.derived();
    check(given.cols() % 2 == 1, "RelativeBias: the table has ", given.cols(),
          " columns; it must have 2·reach + 1, an odd number.");
    table_ = given.matrix().template cast<Scalar>();
    expand();
  }

  [[nodiscard]] Index reach() const { return reach_; }
  /// (heads, 2·reach + 1)
  [[nodiscard]] Matrix<Scalar> const& table() const { return table_; }

  /// A change of the table takes effect when `function` returns.
  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    function("table", parameter_span(self.table_));
    if constexpr (!std::is_const_v<Self>) self.expand();
  }

  void check_sizes(CallShape const& shape) const {
    check(lines_.shape().heads == 1 || lines_.shape().heads == shape.heads, name_, ": ", lines_.shape().heads,
          " heads for ", shape.heads, " heads; give one, or one a head.");
  }

  /// One number a distance and head.
  [[nodiscard]] Index gradient_size(GradientPlace const& place) const { return place.heads * (2 * reach_ + 1); }
  /// ∂score/∂table(head, clip(key − query)) = 1
  template <class Number, class Slopes>
  ATTEND_INLINE void add_gradient(Number* sums, GradientPlace const& place, Index /*row*/, Slopes const& d_score,
                                  auto const& p) const {
    Number* const line = sums + (Index(p.head) - place.first_head) * (2 * reach_ + 1);
    Index const column = Index(p.key[0]) - Index(p.query) + reach_;
    if (column >= 0 && column + Slopes::size <= 2 * reach_ + 1)
      (Slopes::load(line + column) + d_score).store(line + column);
    else
      for (int lane = 0; lane < Slopes::size; ++lane)
        line[std::clamp<Index>(column + lane, 0, 2 * reach_)] += d_score[lane];
  }
  template <class Number>
  void join_gradient(RelativeBias& gradient, Number const* sums, GradientPlace const& place) const {
    for (Index head = 0; head < place.heads; ++head)
      for (Index column = 0; column < table_.cols(); ++column)
        gradient.table_(table_.rows() == 1 ? 0 : place.first_head + head, column) +=
            static_cast<Scalar>(sums[head * table_.cols() + column]);
  }

  template <class Score, class Keys>
  [[nodiscard]] ATTEND_INLINE auto operator()(Score const& score, Position<Keys> const& p) const {
    Index const first = first_of(p.key), distance = first - p.query;
    // Where the first of several keys is clipped, its neighbours are too, or lie in the margin.
    Index const column = std::clamp(distance, -reach_ - margin, reach_) + reach_ + margin;
    return score + detail::constant<Score>(
                       lookup(lines_.line(0, p.head, 0), 1, lines_.readable_columns(), p.key + (column - first)));
  }

 protected:
  RelativeBias(Matrix<Scalar> const& table, char const* name) : RelativeBias(table) { name_ = name; }

  void set_table(Matrix<Scalar> const& table) {
    table_ = table;
    expand();
  }

 private:
  /// The line of a head goes on with its last number for as many columns as any vector has lanes.
  static constexpr Index margin = 64;

  /// Makes the lines that are read from the table.
  void expand() {
    reach_ = table_.cols() / 2;
    Index const width = table_.cols() + 2 * margin;
    Matrix<Scalar> lines(table_.rows(), width);
    for (Index column = 0; column < width; ++column)
      lines.col(column) = table_.col(std::clamp<Index>(column - margin, 0, table_.cols() - 1));
    lines_ = Grid<Scalar>(lines, {1, lines.rows(), 1, width});
  }

  template <class Keys>
  [[nodiscard]] static ATTEND_INLINE Index first_of(Keys const& keys) {
    if constexpr (requires { Keys::size; }) {
      static_assert(Keys::size <= margin);
      return keys[0];
    } else {
      return keys;
    }
  }

  Matrix<Scalar> table_;  // (heads, 2·reach + 1)
  Grid<Scalar> lines_;    // (1, heads, 1, 2·reach + 1 + 2·margin)
  Index reach_ = 0;
  char const* name_ = "RelativeBias";
};

template <class Derived>
RelativeBias(Eigen::DenseBase<Derived> const&) -> RelativeBias<compute_t<typename Derived::Scalar>>;

}  // namespace attend
