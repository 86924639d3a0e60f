#pragma once

#include <attend/core/parameters.hpp>
#include <attend/score/dot.hpp>
#include <attend/score/feature_gradient.hpp>
#include <attend/score/parameter.hpp>

namespace attend {

/// score(q, k) = qᵀ w k
///
/// Not scaled: where w is drawn with variance 1/d the scores keep the variance that q · k/√d has.
///
/// Shapes   q (d_q)  k (d_k)  w (d_q, d_k)
/// Throws   when q or k does not fit w
/// Cost     d_k multiply-adds a pair; wᵀq once a query
/// Source   Luong 2015, "general" (arXiv 1508.04025)
template <class Parameter>
struct Bilinear : Dot {
  Matrix<Parameter> w;  ///< (d_q, d_k)

  Bilinear() = default;
  template <class Derived>
  explicit Bilinear(Eigen::DenseBase<Derived> const& matrix) : w(detail::parameter_matrix<Parameter>(matrix)) {}

  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    function("w", parameter_span(self.w));
  }

  void check_sizes(Index d_query, Index d_key, Index /*keys*/) const {
    check(w.size() > 0, "Bilinear: w is empty.");
    check(d_query == w.rows() && d_key == w.cols(), "attention: Bilinear has w (", w.rows(), ", ", w.cols(),
          ") but q has ", d_query, " columns and k has ", d_key, "; w must be (d_q, d_k).");
  }
  [[nodiscard]] Bilinear gradient(FeatureGradient<Parameter> const& sums) const {
    return Bilinear(sums.query_matrix.transpose());
  }

  template <class Scalar>
  [[nodiscard]] FeatureMap<Scalar> query_map(Index /*d*/) const {
    detail::require_scalar<Scalar, Parameter>();
    return {.matrix = view_of(w).transposed()};
  }
};

template <class Derived>
Bilinear(Eigen::DenseBase<Derived> const&) -> Bilinear<detail::parameter_t<Derived>>;

}  // namespace attend
