#pragma once

#include <attend/score/additive.hpp>

namespace attend {

/// score(q, k) = vᵀ tanh(w [q; k] [+ bias])
///
/// The product with the joined vector is the sum of two products with its halves, so this is `Additive` with
/// w = [w_q w_k] in one matrix.
///
/// Shapes   q (d_q)  k (d_k)  w (hidden, d_q + d_k)  v (hidden)  bias (hidden)
/// Throws   when the parameters do not fit each other, or q and k do not fit w
/// Cost     hidden tanh and multiply-adds a pair
/// Source   Luong 2015, "concat" (arXiv 1508.04025). Keras' score_mode="concat" is additive with one scalar
template <class Parameter>
struct Concat : detail::TanhOfSum<Parameter> {
  using detail::TanhOfSum<Parameter>::a;
  using detail::TanhOfSum<Parameter>::bias;
  Matrix<Parameter> w;  ///< (hidden, d_q + d_k)

  Concat() = default;

  template <class W, class V>
  Concat(Eigen::DenseBase<W> const& matrix, Eigen::DenseBase<V> const& weights)
      : Concat(matrix, weights, Vector<Parameter>()) {}

  template <class W, class V, class B>
  Concat(Eigen::DenseBase<W> const& matrix, Eigen::DenseBase<V> const& weights, Eigen::DenseBase<B> const& offsets)
      : w(detail::parameter_matrix<Parameter>(matrix)) {
    a = detail::parameter_vector<Parameter>(weights, "Concat: v");
    bias = detail::parameter_vector<Parameter>(offsets, "Concat: bias");
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
    check(d_query + d_key == w.cols(), "attention: Concat has w (", w.rows(), ", ", w.cols(), ") but q has ", d_query,
          " columns and k has ", d_key, "; w must be (hidden, d_q + d_k).");
  }
  [[nodiscard]] Concat gradient(FeatureGradient<Parameter> const& sums) const {
    Matrix<Parameter> halves(w.rows(), w.cols());
    halves << sums.query_matrix, sums.key_matrix;
    return Concat(halves, sums.weights, bias.size() == 0 ? Vector<Parameter>() : sums.query_bias);
  }

  template <class Scalar>
  [[nodiscard]] FeatureMap<Scalar> query_map(Index d) const {
    return this->template hidden_query<Scalar>(columns(0, d));
  }
  template <class Scalar>
  [[nodiscard]] FeatureMap<Scalar> key_map(Index d) const {
    return this->template hidden_key<Scalar>(columns(w.cols() - d, d));
  }

 private:
  [[nodiscard]] View<Parameter> columns(Index first, Index count) const {
    return {w.data() + first, w.rows(), count, w.cols(), 1};
  }
  void check_parameters() const {
    check(w.rows() == a.size() && (bias.size() == 0 || bias.size() == a.size()), "Concat: w has ", w.rows(),
          " rows, v ", a.size(), " numbers, bias ", bias.size(),
          "; all must have the same number of hidden features (bias may have none).");
    check(w.size() > 0, "Concat: w is (", w.rows(), ", ", w.cols(), "); it may not be empty.");
  }
};

template <class W, class V>
Concat(Eigen::DenseBase<W> const&, Eigen::DenseBase<V> const&) -> Concat<detail::parameter_t<W>>;
template <class W, class V, class B>
Concat(Eigen::DenseBase<W> const&, Eigen::DenseBase<V> const&,
       Eigen::DenseBase<B> const&) -> Concat<detail::parameter_t<W>>;

}  // namespace attend
