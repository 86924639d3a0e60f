#pragma once

#include "series.hpp"

#include <attend/attention.hpp>
#include <attend/core/parameters.hpp>
#include <attend/score/dot.hpp>

#include <cmath>
#include <numbers>
#include <vector>

namespace find_the_lag {

/// A vector turned to position t: in each pair of features by the angle t·ω_f, ω_f = 2π f / period. The dot product of
/// one vector turned to t and another turned to j depends on the lag t − j alone, and with period/2 + 1 frequencies it
/// can be any function of it.
///
/// Source   rotary embedding: Su 2021, equation 34 (arXiv 2104.09864)
[[nodiscard]] inline Vector<double> turned(Vector<double> const& x, Index t, Index period) {
  Vector<double> result(x.size());
  for (Index f = 0; f < x.size() / 2; ++f) {
    double const angle = 2 * std::numbers::pi * static_cast<double>(f * t) / static_cast<double>(period);
    double const c = std::cos(angle), s = std::sin(angle);
    result(2 * f) = c * x(2 * f) - s * x(2 * f + 1);
    result(2 * f + 1) = s * x(2 * f) + c * x(2 * f + 1);
  }
  return result;
}
[[nodiscard]] inline Matrix<double> turned_to_all(Vector<double> const& x, Index positions, Index period) {
  Matrix<double> rows(positions, x.size());
  for (Index t = 0; t < positions; ++t) rows.row(t) = turned(x, t, period).transpose();
  return rows;
}

/// y_t = bias + Σ_heads mix_h · attention_h(t), where head h attends from t to the `reach` numbers before it, by a
/// learned score of the lag. A head is a weighted mean of the past, so a negative influence needs a negative mix.
struct Model {
  Matrix<double> query;  // (heads, d)
  Vector<double> mix;    // (heads)
  double bias = 0;
  Index reach = 0;

  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    function("query", attend::parameter_span(self.query));
    function("mix", attend::parameter_span(self.mix));
    function("bias", attend::parameter_span(self.bias));
  }

  Model(Index heads, Index look_back, std::uint64_t seed)
      : query(heads, 2 * (look_back / 2 + 1)), mix(heads), reach(look_back) {
    for (Index h = 0; h < heads; ++h) {
      mix(h) = h % 2 == 0 ? 0.5 : -0.5;
      for (Index f = 0; f < query.cols(); ++f) query(h, f) = 0.2 * attend::uniform(seed, 0, 0, h, f) - 0.1;
    }
  }

  [[nodiscard]] auto attention() const {
    return attend::Attention{attend::Dot{}, [back = static_cast<int>(reach)](auto p) {
                               auto const lag = p.query - p.key;
                               return lag >= 1 && lag <= back;
                             }};
  }
  [[nodiscard]] Matrix<double> keys(Index positions) const {
    return turned_to_all(Vector<double>::Ones(query.cols()), positions, reach);
  }
  [[nodiscard]] Matrix<double> queries(Index head, Index positions) const {
    return turned_to_all(query.row(head).transpose(), positions, reach);
  }

  struct Forward {
    Vector<double> prediction;  // (n)
    std::vector<attend::Kept<double>> heads;
  };
  [[nodiscard]] Forward forward(Vector<double> const& x) const {
    Forward kept{Vector<double>::Constant(x.size(), bias), {}};
    Matrix<double> const k = keys(x.size());
    for (Index h = 0; h < query.rows(); ++h) {
      kept.heads.push_back(attention().forward(queries(h, x.size()), k, x));
      kept.prediction += mix(h) * kept.heads.back().output.col(0);
    }
    return kept;
  }
  /// Adds the derivatives to `gradient`.
  void backward(Vector<double> const& x, Forward const& kept, Vector<double> const& d_prediction,
                Model& gradient) const {
    Matrix<double> const k = keys(x.size());
    for (Index h = 0; h < query.rows(); ++h) {
      auto const& head = kept.heads[static_cast<std::size_t>(h)];
      gradient.mix(h) += d_prediction.dot(head.output.col(0));
      Vector<double> const d_output = mix(h) * d_prediction;
      Matrix<double> const d_query = attention().backward(queries(h, x.size()), k, x, head, d_output).query;
      // Turned back, each row says what it wants of the one vector that all rows are made from.
      for (Index t = 0; t < x.size(); ++t)
        gradient.query.row(h) += turned(d_query.row(t).transpose(), -t, reach).transpose();
    }
    gradient.bias += d_prediction.sum();
  }

  /// The weight of each lag 1 … reach in each head, where all are in sight (heads, reach).
  [[nodiscard]] Matrix<double> lag_weights() const {
    Matrix<double> weights(query.rows(), reach);
    for (Index h = 0; h < query.rows(); ++h) {
      Matrix<double> const last = attention().weights(queries(h, reach + 1), keys(reach + 1), {reach});
      for (Index lag = 1; lag <= reach; ++lag) weights(h, lag - 1) = last(0, reach - lag);
    }
    return weights;
  }
};

}  // namespace find_the_lag
