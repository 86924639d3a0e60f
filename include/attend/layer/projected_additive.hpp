#pragma once

#include <attend/core/check.hpp>
#include <attend/score/additive.hpp>
#include <attend/score/feature_gradient.hpp>
#include <attend/score/feature_map.hpp>
#include <attend/score/parameter.hpp>

namespace attend {

/// score(q, k) = aᵀ tanh(w q + k [+ bias]): the additive score of keys that are projected already.
///
/// A decoder asks the same memory at every step. With `u` as the key projection of DecoderAttention, u k is computed
/// once a sequence, where Additive would compute it at every step.
///
/// Shapes   q (d_q)  k (hidden)  w (hidden, d_q)  a (hidden)  bias (hidden)
/// Throws   when the parameters do not fit each other, or q or k does not fit them
/// Cost     hidden tanh and multiply-adds a pair
/// Source   Bahdanau 2015, appendix A.1.2: U h_j can be computed in advance (arXiv 1409.0473)
template <class Parameter>
struct ProjectedAdditive : detail::TanhOfSum<Parameter> {
  using detail::TanhOfSum<Parameter>::a;
  using detail::TanhOfSum<Parameter>::bias;
  Matrix<Parameter> w;  ///< (hidden, d_q)

  ProjectedAdditive() = default;

  template <class W, class A>
  ProjectedAdditive(Eigen::DenseBase<W> const& for_query, Eigen::DenseBase<A> const& weights)
      : ProjectedAdditive(for_query, weights, Vector<Parameter>()) {}

  template <class W, class A, class B>
  ProjectedAdditive(Eigen::DenseBase<W> const& for_query, Eigen::DenseBase<A> const& weights,
                    Eigen::DenseBase<B> const& offsets)
      : w(detail::parameter_matrix<Parameter>(for_query)) {
    a = detail::parameter_vector<Parameter>(weights, "ProjectedAdditive: a");
    bias = detail::parameter_vector<Parameter>(offsets, "ProjectedAdditive: bias");
    check_parameters();
  }

  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    function("w", parameter_span(self.w));
    function("a", parameter_span(self.a));
    function("bias", parameter_span(self.bias));
  }

  void check_sizes(Index d_query, Index d_key, Index /*keys*/) const {
    check_parameters();
    check(d_query == w.cols() && d_key == w.rows(), "attention: ProjectedAdditive has w (", w.rows(), ", ", w.cols(),
          ") but q has ", d_query, " columns and k has ", d_key, "; w must be (columns of k, columns of q).");
  }
  [[nodiscard]] ProjectedAdditive gradient(FeatureGradient<Parameter> const& sums) const {
    return ProjectedAdditive(sums.query_matrix, sums.weights, bias.size() == 0 ? Vector<Parameter>() : sums.query_bias);
  }

  template <class Scalar>
  [[nodiscard]] FeatureMap<Scalar> query_map(Index /*d*/) const {
    return this->template hidden_query<Scalar>(view_of(w));
  }
  template <class Scalar>
  [[nodiscard]] FeatureScale<Scalar> key_map(Index /*d*/) const {
    return {};
  }

 private:
  void check_parameters() const {
    check(w.size() > 0 && w.rows() == a.size() && (bias.size() == 0 || bias.size() == a.size()),
          "ProjectedAdditive: w is (", w.rows(), ", ", w.cols(), "), a has ", a.size(), " numbers, bias ", bias.size(),
          "; all must have the same number of hidden features (bias may have none).");
  }
};

}  // namespace attend
