#pragma once

#include <attend/attention.hpp>
#include <attend/core/check.hpp>
#include <attend/core/parameters.hpp>
#include <attend/score/additive.hpp>

namespace attend {
inline namespace ATTEND_UNIT_NAME {

/// f_j = F ∗ α around j: what some filters see of the last step's weights.
///
///   f_jc = Σ_t filters_ct · α_{j + t − width/2}, weights outside of the memory being 0
///
/// Shapes   α (m)  filters (count, width), width odd  →  f (m, count)
/// Source   Chorowski 2015, equation 8 (arXiv 1506.07503)
template <class Scalar>
struct WeightFilters {
  Matrix<Scalar> filters;  ///< (count, width)

  template <class Weights>
  [[nodiscard]] Matrix<Scalar> forward(Eigen::MatrixBase<Weights> const& weights) const {
    check(filters.cols() % 2 == 1, "WeightFilters: the filters are ", filters.cols(),
          " wide; they must have a middle, so an odd width.");
    Matrix<Scalar> features = Matrix<Scalar>::Zero(weights.size(), filters.rows());
    for_each_meeting(weights.size(), [&](Index j, Index t, Index from) {
      features.row(j) += weights(from) * filters.col(t).transpose();
    });
    return features;
  }
  /// ∂loss/∂α from ∂loss/∂f; the filters' is added to `gradient`.
  template <class Weights>
  [[nodiscard]] Vector<Scalar> backward(Eigen::MatrixBase<Weights> const& weights, Matrix<Scalar> const& d_features,
                                        WeightFilters& gradient) const {
    Vector<Scalar> d_weights = Vector<Scalar>::Zero(weights.size());
    for_each_meeting(weights.size(), [&](Index j, Index t, Index from) {
      d_weights(from) += d_features.row(j).dot(filters.col(t));
      gradient.filters.col(t) += weights(from) * d_features.row(j).transpose();
    });
    return d_weights;
  }

  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    function("filters", parameter_span(self.filters));
  }

 private:
  template <class Visit>
  void for_each_meeting(Index length, Visit const& visit) const {
    for (Index j = 0; j < length; ++j)
      for (Index t = 0; t < filters.cols(); ++t)
        if (Index const from = j + t - filters.cols() / 2; from >= 0 && from < length) visit(j, t, from);
  }
};

/// Attention that knows where it looked last, one step of a decoder at a time:
///
///   e_j = aᵀ tanh(W s + V h_j + U f_j + b),   f = F ∗ α_{last}
///   α = normalise(e),   c = Σ_j α_j h_j
///
/// Without f a decoder cannot tell two equal sounds of a recording apart. It is `Additive` over keys [h_j; f_j], with
/// u = [V U].
///
/// Shapes   s (d)  h (m, e)  α (m)  w (hidden, d)  u (hidden, e + count)  →  c (e), α (m)
/// Throws   when sizes do not fit
/// Cost     (m·hidden) tanh a step, m·count·width for the filters
/// Source   Chorowski 2015, equations 5–9 (arXiv 1506.07503); sharpening and smoothing: the normaliser's temperature,
///          NormalizedSigmoid
template <class Scalar, class... Policies>
struct LocationAware {
  Additive<Scalar> score;         ///< w (hidden, d), u (hidden, e + count), a, bias (hidden)
  WeightFilters<Scalar> filters;  ///< (count, width)
  std::tuple<Policies...> policies{};

  struct Forward {
    Vector<Scalar> context;  // (e)
    Vector<Scalar> weights;  // (m)
    Matrix<Scalar> keys;     // (m, e + count)
    Kept<Scalar> kept;
  };
  struct Gradient {
    Vector<Scalar> state;         // (d)
    Matrix<Scalar> memory;        // (m, e)
    Vector<Scalar> last_weights;  // (m)
  };

  template <class State, class Weights>
  [[nodiscard]] Forward forward(Eigen::MatrixBase<State> const& state, Matrix<Scalar> const& memory,
                                Eigen::MatrixBase<Weights> const& last_weights) const {
    check(last_weights.size() == memory.rows(), "LocationAware: ", last_weights.size(),
          " weights of the last step for ", memory.rows(), " keys.");
    Matrix<Scalar> const features = filters.forward(last_weights);  // not within <<, which may not be left by throwing
    Forward result;
    result.keys.resize(memory.rows(), memory.cols() + features.cols());
    result.keys << memory, features;
    auto const op = attention();
    Matrix<Scalar> const query = as_row(state);
    result.kept = op.forward(query, result.keys, memory);
    result.context = result.kept.output.row(0).transpose();
    result.weights = op.weights(query, result.keys).row(0).transpose();
    return result;
  }

  /// From ∂loss/∂c and, since the next step looks at them, ∂loss/∂α; the parameters' are added to `gradient`.
  template <class State, class Weights>
  [[nodiscard]] Gradient backward(Eigen::MatrixBase<State> const& state, Matrix<Scalar> const& memory,
                                  Eigen::MatrixBase<Weights> const& last_weights, Forward const& forwarded,
                                  Vector<Scalar> const& d_context, Vector<Scalar> const& d_weights,
                                  LocationAware& gradient) const {
    // ∂loss/∂α_j = d_context · h_j + d_weights_j: that of values [h_j, d_weights_j] whose output has the gradient
    // [d_context, 1].
    Index const m = memory.rows(), e = memory.cols();
    check(forwarded.keys.rows() == m && last_weights.size() == m && d_weights.size() == m && d_context.size() == e,
          "LocationAware: of a memory (", m, ", ", e, ") forward kept ", forwarded.keys.rows(), " keys; there are ",
          last_weights.size(), " last weights, ", d_weights.size(), " derivatives of weights and ", d_context.size(),
          " of the context; they must be ", m, ", ", m, " and ", e, ".");
    Matrix<Scalar> values(m, e + 1), d_output(1, e + 1);
    values << memory, d_weights;
    d_output << d_context.transpose(), Scalar(1);
    Kept<Scalar> kept{Matrix<Scalar>(1, e + 1), forwarded.kept.log_sum_exp};
    kept.output << forwarded.kept.output, forwarded.weights.dot(d_weights);
    auto const back = attention().backward(as_row(state), forwarded.keys, values, kept, d_output);
    add_parameters(gradient.score, std::get<0>(back.policies));
    Matrix<Scalar> const d_features = back.key.rightCols(filters.filters.rows());
    return {back.query.row(0).transpose(), back.key.leftCols(e) + back.value.leftCols(e),
            filters.backward(last_weights, d_features, gradient.filters)};
  }

  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    attend::each_parameter(self.score, "score", function);
    attend::each_parameter(self.filters, "filters", function);
  }

 private:
  [[nodiscard]] auto attention() const {
    return std::apply([this](auto const&... policy) { return Attention{score, policy...}; }, policies);
  }
  template <class State>
  [[nodiscard]] static Matrix<Scalar> as_row(Eigen::MatrixBase<State> const& state) {
    Matrix<Scalar> row(1, state.size());
    for (Index f = 0; f < state.size(); ++f) row(0, f) = state(f);
    return row;
  }
};

}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
