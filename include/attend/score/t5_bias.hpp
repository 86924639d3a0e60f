#pragma once

#include <attend/core/parameters.hpp>
#include <attend/score/relative_bias.hpp>

#include <algorithm>
#include <cmath>
#include <type_traits>

namespace attend {

/// The bucket that T5 puts the distance `key − query` in.
///
/// The first half of the buckets hold one distance each; the others grow by equal factors up to `max_distance`, and the
/// last holds all beyond. Bidirectional: one half for keys at or before the query, the other for keys after it.
/// Unidirectional: keys after the query are in bucket 0.
///
/// Source   Raffel 2020, section 2.1 (arXiv 1910.10683); in float, as the released models were trained
[[nodiscard]] inline Index t5_bucket(Index relative, Index buckets, bool bidirectional, Index max_distance) {
  Index const available = bidirectional ? buckets / 2 : buckets;
  Index const first = bidirectional && relative > 0 ? available : 0;
  Index const distance = bidirectional ? std::abs(relative) : std::max<Index>(-relative, 0);
  Index const exact = available / 2;
  if (distance < exact) return first + distance;

  double const range = std::log(static_cast<double>(max_distance) / static_cast<double>(exact));
  float const growth = std::log(static_cast<float>(distance) / static_cast<float>(exact));
  float const step = growth / static_cast<float>(range) * static_cast<float>(available - exact);
  return first + std::min(exact + static_cast<Index>(step), available - 1);
}

/// score → score + table(bucket(key − query), head): the position bias of T5.
///
/// T5 scores with `Dot{}`: it does not scale by 1/√d.
///
/// Shapes   table (buckets, heads), or (buckets, 1) for all heads
/// Units    natural-log score; distances in tokens
/// Throws   when there are too few buckets, or max_distance is not beyond those with one distance each; at the call,
///          when the table has neither one column nor one a head
/// Cost     one load a vector of keys: every distance up to max_distance is looked up once, before
/// Source   Raffel 2020, section 2.1 (arXiv 1910.10683)
template <class Scalar>
class T5Bias : public RelativeBias<Scalar> {
 public:
  template <class Derived>
  explicit T5Bias(Eigen::DenseBase<Derived> const& table, bool bidirectional = true, Index max_distance = 128)
      : T5Bias(Copied{table.derived().matrix().template cast<Scalar>()}, bidirectional, max_distance) {}

  /// (buckets, heads)
  [[nodiscard]] Matrix<Scalar> const& table() const { return buckets_; }
  /// The row of the table that serves a distance key − query.
  [[nodiscard]] Index bucket(Index distance) const {
    // Beyond, all are in the last bucket.
    Index const clipped = std::clamp(distance, -max_distance_, max_distance_);
    return t5_bucket(clipped, buckets_.rows(), bidirectional_, max_distance_);
  }

  /// A change of the table takes effect when `function` returns.
  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    function("table", parameter_span(self.buckets_));
    if constexpr (!std::is_const_v<Self>)
      self.set_table(by_distance(self.buckets_, self.bidirectional_, self.max_distance_));
  }

  /// Backward sums by distance, as RelativeBias does; distances join their buckets at the end.
  template <class Number>
  void join_gradient(T5Bias& gradient, Number const* sums, GradientPlace const& place) const {
    Index const width = 2 * max_distance_ + 1;
    for (Index head = 0; head < place.heads; ++head)
      for (Index column = 0; column < width; ++column)
        gradient.buckets_(bucket(column - max_distance_), buckets_.cols() == 1 ? 0 : place.first_head + head) +=
            static_cast<Scalar>(sums[head * width + column]);
  }

 private:
  /// The table, evaluated once: an expression may give other numbers the second time.
  struct Copied {
    Matrix<Scalar> table;
  };
  T5Bias(Copied const& copied, bool bidirectional, Index max_distance)
      : RelativeBias<Scalar>(by_distance(copied.table, bidirectional, max_distance), "T5Bias"),
        buckets_(copied.table),
        bidirectional_(bidirectional),
        max_distance_(max_distance) {}

  [[nodiscard]] static Matrix<Scalar> by_distance(Matrix<Scalar> const& table, bool bidirectional, Index max_distance) {
    Index const buckets = table.rows(), available = bidirectional ? buckets / 2 : buckets;
    check(available >= 2 && (!bidirectional || buckets % 2 == 0), "T5Bias: the table has ", buckets,
          " buckets; it must have at least ",
          bidirectional ? "4, and as many for keys before the query as after it." : "2.");
    check(max_distance > available / 2, "T5Bias: max_distance is ", max_distance, " but the first ", available / 2,
          " distances have a bucket each; it must be larger.");
    Matrix<Scalar> lines(table.cols(), 2 * max_distance + 1);
    for (Index column = 0; column < lines.cols(); ++column)
      lines.col(column) = table.row(t5_bucket(column - max_distance, buckets, bidirectional, max_distance)).transpose();
    return lines;
  }

  Matrix<Scalar> buckets_;  // (buckets, heads)
  bool bidirectional_;
  Index max_distance_;
};

template <class Derived>
T5Bias(Eigen::DenseBase<Derived> const&, bool = true, Index = 128) -> T5Bias<compute_t<typename Derived::Scalar>>;

}  // namespace attend
