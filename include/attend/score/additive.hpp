#pragma once

#include <attend/core/concepts.hpp>
#include <attend/core/parameters.hpp>
#include <attend/score/feature_gradient.hpp>
#include <attend/score/feature_map.hpp>
#include <attend/score/parameter.hpp>
#include <attend/simd/math.hpp>

namespace attend {

namespace detail {

/// What additive and concat scores share: Σ_f a_f · tanh(q_f + k_f + bias_f) over the hidden features.
template <class Parameter>
struct TanhOfSum {
  using kind = SimilarityKind;

  Vector<Parameter> a;     ///< (hidden)
  Vector<Parameter> bias;  ///< (hidden), or empty

  /// The bias joins the query, which has fewer rows to add it to in decoding.
  template <class Scalar>
  [[nodiscard]] FeatureMap<Scalar> hidden_query(View<Parameter> const& matrix) const {
    require_scalar<Scalar, Parameter>();
    return {.matrix = matrix, .bias = bias.size() == 0 ? nullptr : bias.data()};
  }
  template <class Scalar>
  [[nodiscard]] FeatureMap<Scalar> hidden_key(View<Parameter> const& matrix) const {
    require_scalar<Scalar, Parameter>();
    return {.matrix = matrix};
  }
  template <class Scalar>
  [[nodiscard]] Scalar const* feature_weights() const {
    require_scalar<Scalar, Parameter>();
    return a.data();
  }
  template <class Number>
  [[nodiscard]] static ATTEND_INLINE Number combine(Number const& q, Number const& k, Number const& weight,
                                                    Number const& sum) {
    return fma(weight, tanh(q + k), sum);
  }
  template <class Number>
  [[nodiscard]] ATTEND_INLINE Number finish(Number const& sum) const {
    return sum;
  }
  /// combine, differentiated: ∂tanh(x) = 1 − tanh²(x)
  template <class Number>
  [[nodiscard]] ATTEND_INLINE PairGradient<Number> pair_gradient(Number const& q, Number const& k, Number const& weight,
                                                                 Number const& d_score) const {
    Number const t = tanh(q + k);
    Number const slope = d_score * weight * (1 - t * t);
    return {slope, slope, d_score * t};
  }
};

}  // namespace detail

/// score(q, k) = aᵀ tanh(w q + u k [+ bias])
///
/// Keys are projected once, not once a query, and tanh runs on a tile at a time: there is no (n, m, hidden) tensor.
///
/// Shapes   q (d_q)  k (d_k)  w (hidden, d_q)  u (hidden, d_k)  a (hidden)  bias (hidden)
/// Throws   when the parameters do not fit each other, or q or k does not fit them
/// Cost     hidden tanh and multiply-adds a pair
/// Source   Bahdanau 2015, appendix A.1.2 (arXiv 1409.0473). Keras' AdditiveAttention has neither w nor u
template <class Parameter>
struct Additive : detail::TanhOfSum<Parameter> {
  using detail::TanhOfSum<Parameter>::a;
  using detail::TanhOfSum<Parameter>::bias;
  Matrix<Parameter> w;  ///< (hidden, d_q)
  Matrix<Parameter> u;  ///< (hidden, d_k)

  Additive() = default;

  template <class W, class U, class A>
  Additive(Eigen::DenseBase<W> const& for_query, Eigen::DenseBase<U> const& for_key, Eigen::DenseBase<A> const& weights)
      : Additive(for_query, for_key, weights, Vector<Parameter>()) {}

  template <class W, class U, class A, class B>
  Additive(Eigen::DenseBase<W> const& for_query, Eigen::DenseBase<U> const& for_key, Eigen::DenseBase<A> const& weights,
           Eigen::DenseBase<B> const& offsets)
      : w(detail::parameter_matrix<Parameter>(for_query)), u(detail::parameter_matrix<Parameter>(for_key)) {
    a = detail::parameter_vector<Parameter>(weights, "Additive: a");
    bias = detail::parameter_vector<Parameter>(offsets, "Additive: bias");
    check_parameters();
  }

  /// score(q, k) = g · vᵀ tanh(w q + u k [+ bias]) / ‖v‖: the length of a is a parameter of its own.
  ///
  /// Throws   when v is zero and so has no direction
  /// Source   Salimans 2016, equation 2 (arXiv 1602.07868)
  template <class W, class U, class V>
  [[nodiscard]] static Additive weight_normalized(Eigen::DenseBase<W> const& for_query,
                                                  Eigen::DenseBase<U> const& for_key,
                                                  Eigen::DenseBase<V> const& direction, Parameter const& length) {
    return weight_normalized(for_query, for_key, direction, length, Vector<Parameter>());
  }
  template <class W, class U, class V, class B>
  [[nodiscard]] static Additive weight_normalized(Eigen::DenseBase<W> const& for_query,
                                                  Eigen::DenseBase<U> const& for_key,
                                                  Eigen::DenseBase<V> const& direction, Parameter const& length,
                                                  Eigen::DenseBase<B> const& offsets) {
    Vector<Parameter> const v = detail::parameter_vector<Parameter>(direction, "Additive: v");
    Parameter const norm = v.stableNorm();
    check(norm > Parameter(0), "Additive: v is zero and has no direction; weight normalisation divides by its length.");
    return Additive(for_query, for_key, Vector<Parameter>(v * (length / norm)), offsets);
  }

  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    function("w", parameter_span(self.w));
    function("u", parameter_span(self.u));
    function("a", parameter_span(self.a));
    function("bias", parameter_span(self.bias));
  }

  void check_sizes(Index d_query, Index d_key, Index /*keys*/) const {
    check_parameters();
    check(d_query == w.cols() && d_key == u.cols(), "attention: Additive has w (", w.rows(), ", ", w.cols(),
          ") and u (", u.rows(), ", ", u.cols(), ") but q has ", d_query, " columns and k has ", d_key,
          "; w must be (hidden, d_q) and u (hidden, d_k).");
  }
  [[nodiscard]] Additive gradient(FeatureGradient<Parameter> const& sums) const {
    return Additive(sums.query_matrix, sums.key_matrix, sums.weights,
                    bias.size() == 0 ? Vector<Parameter>() : sums.query_bias);
  }

  template <class Scalar>
  [[nodiscard]] FeatureMap<Scalar> query_map(Index /*d*/) const {
    return this->template hidden_query<Scalar>(view_of(w));
  }
  template <class Scalar>
  [[nodiscard]] FeatureMap<Scalar> key_map(Index /*d*/) const {
    return this->template hidden_key<Scalar>(view_of(u));
  }

 private:
  void check_parameters() const {
    check(w.rows() == u.rows() && w.rows() == a.size() && (bias.size() == 0 || bias.size() == a.size()),
          "Additive: w has ", w.rows(), " rows, u ", u.rows(), ", a ", a.size(), " numbers, bias ", bias.size(),
          "; all must have the same number of hidden features (bias may have none).");
    check(w.size() > 0 && u.size() > 0, "Additive: w is (", w.rows(), ", ", w.cols(), ") and u (", u.rows(), ", ",
          u.cols(), "); neither may be empty.");
  }
};

template <class W, class U, class A>
Additive(Eigen::DenseBase<W> const&, Eigen::DenseBase<U> const&,
         Eigen::DenseBase<A> const&) -> Additive<detail::parameter_t<W>>;
template <class W, class U, class A, class B>
Additive(Eigen::DenseBase<W> const&, Eigen::DenseBase<U> const&, Eigen::DenseBase<A> const&,
         Eigen::DenseBase<B> const&) -> Additive<detail::parameter_t<W>>;

}  // namespace attend
