#pragma once

#include <attend/core/parameters.hpp>
#include <attend/score/dot.hpp>
#include <attend/score/feature_gradient.hpp>
#include <attend/score/parameter.hpp>

namespace attend {

/// score(q, k_j) = (w q)_j: where to look is read from the query alone, key j only lends its place.
///
/// Row j of w takes the part of key j, so this is `Dot` with a table of keys of its own.
///
/// Shapes   q (d_q)  w (keys_max, d_q), of which the first m rows are used
/// Throws   when q does not fit w, or there are more keys than rows of w
/// Cost     d_q multiply-adds a pair
/// Source   Luong 2015, "location" (arXiv 1508.04025)
template <class Parameter>
struct Location : Dot {
  Matrix<Parameter> w;  ///< (keys_max, d_q)

  /// The kernel compares q with row j of `key_table()` instead of with key j.
  static constexpr bool keys_are_a_table = true;

  Location() = default;
  template <class Derived>
  explicit Location(Eigen::DenseBase<Derived> const& matrix) : w(detail::parameter_matrix<Parameter>(matrix)) {}

  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    function("w", parameter_span(self.w));
  }

  void check_sizes(Index d_query, Index /*d_key*/, Index keys) const {
    check(d_query == w.cols() && keys <= w.rows(), "attention: Location has w (", w.rows(), ", ", w.cols(),
          ") but q has ", d_query, " columns and there are ", keys, " keys; w must be (keys or more, d_q).");
  }
  [[nodiscard]] Location gradient(FeatureGradient<Parameter> const& sums) const {
    Location result = zeros_like(*this);
    result.w.topRows(sums.table.rows()) = sums.table;
    return result;
  }

  template <class Scalar>
  [[nodiscard]] FeatureScale<Scalar> query_map(Index /*d*/) const {
    detail::require_scalar<Scalar, Parameter>();
    return {};
  }
  [[nodiscard]] View<Parameter> key_table() const { return view_of(w); }
};

template <class Derived>
Location(Eigen::DenseBase<Derived> const&) -> Location<detail::parameter_t<Derived>>;

}  // namespace attend
