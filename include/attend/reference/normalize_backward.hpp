#pragma once

#include <attend/core/dual.hpp>
#include <attend/reference/evaluated.hpp>
#include <attend/reference/normalize.hpp>
#include <attend/reference/parameter_gradient.hpp>

#include <cmath>
#include <concepts>

/// From ∂loss/∂weights of one row, g (m), to ∂loss/∂scores (m), from the formulas. Keys that are not seen have 0.

namespace attend::reference {

template <class Chosen>
concept AnySoftmax = std::derived_from<Chosen, Softmax>;

/// w = exp(z) / (exp(sink) + Σ exp(z_i)) with z = s/τ:
///
///   ∂loss/∂z_j = w_j (g_j − Σ w_i g_i + d_lse),  of the sink the same with g = 0
///   ∂loss/∂s_j = ∂loss/∂z_j / τ,  ∂loss/∂τ = −Σ ∂loss/∂z_j · s_j / τ²
template <class T>
[[nodiscard]] Vector<T> exponential_gradient(T const& temperature, T const& sink, Index sink_number,
                                             ScoreRow<T> const& row, WeightRow<T> const& weights, Vector<T> const& g,
                                             T const& d_log_sum_exp, ParameterGradient<T>& parameters) {
  using std::exp;
  Vector<T> d_scores = Vector<T>::Constant(row.size(), T(0));
  T mean = T(0);
  for (Index const j : row.seen()) mean += weights.weights(j) * g(j);
  for (Index const j : row.seen()) {
    T const d_z = weights.weights(j) * (g(j) - mean + d_log_sum_exp);
    d_scores(j) = d_z / temperature;
    parameters.add("temperature", 0, T(-d_scores(j) * row.scores(j) / temperature));
  }
  if (is_seen(sink) && !row.seen().empty())
    parameters.add("sinks", sink_number, T(T(exp(T(sink - weights.log_sum_exp))) * (d_log_sum_exp - mean)));
  return d_scores;
}

/// f(x) of a pointwise normaliser, differentiated.
template <class T, Normalizer Chosen>
[[nodiscard]] T weight_slope(Chosen const& chosen, T const& x) {
  if constexpr (std::derived_from<Chosen, Sigmoid> || std::derived_from<Chosen, NormalizedSigmoid>) {
    return logistic(x) * logistic(T(-x));
  } else if constexpr (std::derived_from<Chosen, Softplus>) {
    return logistic(x);
  } else if constexpr (std::derived_from<Chosen, Relu>) {
    return x <= T(0) ? T(0) : T(1);
  } else {
    using Number = Dual<evaluated_t<T>>;
    return plain<T>(Number(chosen.weight(Number(evaluated_t<T>(x), evaluated_t<T>(T(1))))).derivative);
  }
}

/// The number that a pointwise normaliser adds to every score.
template <class T, Normalizer Chosen>
[[nodiscard]] T shift_of(Chosen const& chosen, Index keys) {
  using std::log;
  if constexpr (std::derived_from<Chosen, Sigmoid>)
    return chosen.bias ? T(*chosen.bias) : T(-log(T(static_cast<double>(keys))));
  else if constexpr (std::derived_from<Chosen, NormalizedSigmoid>)
    return T(chosen.bias);
  else if constexpr (std::derived_from<Chosen, Softplus> || std::derived_from<Chosen, Relu>)
    return T(0);
  else
    return chosen.template shift<T>(keys);
}

/// w_j = f(x_j):            ∂loss/∂x_j = f′(x_j) g_j
/// w_j = f(x_j) / Σ f(x_i): ∂loss/∂x_j = f′(x_j) (g_j − Σ w_i g_i) / Σ f(x_i)
template <class T, Normalizer Chosen>
[[nodiscard]] Vector<T> pointwise_gradient(Chosen const& chosen, ScoreRow<T> const& row, WeightRow<T> const& weights,
                                           Vector<T> const& g, ParameterGradient<T>& parameters) {
  using std::exp;
  Vector<T> d_scores = Vector<T>::Constant(row.size(), T(0));
  T mean = T(0), total = T(1);
  if constexpr (Chosen::normalized) {
    if (!is_seen(weights.log_sum_exp)) return d_scores;  // all f are 0, or nothing is seen
    total = exp(weights.log_sum_exp);
    for (Index const j : row.seen()) mean += weights.weights(j) * g(j);
  }
  T const shift = shift_of<T>(chosen, row.size());
  for (Index const j : row.seen()) {
    d_scores(j) = weight_slope<T>(chosen, T(row.scores(j) + shift)) * (g(j) - mean) / total;
    parameters.add("bias", 0, d_scores(j));
  }
  return d_scores;
}

/// ∂loss/∂s_j = r_j (g_j − Σ r_i g_i / Σ r_i) over the keys with w_j > 0: what all whole-row normalisers here have.
///
///   sparsemax  r = 1     Martins & Astudillo 2016, equation 14
///   entmax15   r = √w    Peters 2019, proposition 1
///   entmax     r = w^{2 − α}
///   top-k      r = w     softmax over the keys kept
template <class T, class Rate>
[[nodiscard]] Vector<T> support_gradient(Rate const& rate, ScoreRow<T> const& row, WeightRow<T> const& weights,
                                         Vector<T> const& g) {
  Vector<T> d_scores = Vector<T>::Constant(row.size(), T(0));
  T sum = T(0), weighted = T(0);
  for (Index const j : row.seen()) {
    T const w = weights.weights(j);
    if (w != w) return WeightRow<T>::undefined(row).weights;
    if (!(w > T(0))) continue;
    sum += rate(w);
    weighted += rate(w) * g(j);
  }
  for (Index const j : row.seen())
    if (weights.weights(j) > T(0)) d_scores(j) = rate(weights.weights(j)) * (g(j) - weighted / sum);
  return d_scores;
}

/// Correia 2019, proposition 1, with p̃_i = w_i^{2 − α} / Σ w_j^{2 − α} and h_i = −w_i log w_i on the support:
///
///   ∂w_i/∂α = (w_i − p̃_i) / (α − 1)² + (h_i − p̃_i Σ_j h_j) / (α − 1)
template <class T>
[[nodiscard]] T alpha_gradient(T const& alpha, ScoreRow<T> const& row, WeightRow<T> const& weights,
                               Vector<T> const& g) {
  using std::exp, std::log;
  T total = T(0), entropy = T(0), result = T(0);
  auto const rate = [&](T const& w) { return T(exp(T((T(2) - alpha) * T(log(w))))); };
  for (Index const j : row.seen()) {
    T const w = weights.weights(j);
    if (w != w) return w;
    if (!(w > T(0))) continue;
    total += rate(w);
    entropy -= w * T(log(w));
  }
  T const a = alpha - T(1);
  for (Index const j : row.seen()) {
    T const w = weights.weights(j);
    if (!(w > T(0))) continue;
    T const share = rate(w) / total;
    result += g(j) * ((w - share) / (a * a) + (-w * T(log(w)) - share * entropy) / a);
  }
  return result;
}

template <class T, Normalizer Chosen>
[[nodiscard]] Vector<T> normalize_gradient(Chosen const& chosen, ScoreRow<T> const& row, WeightRow<T> const& weights,
                                           Vector<T> const& g, T const& d_log_sum_exp,
                                           ParameterGradient<T>& parameters) {
  using std::exp, std::log, std::sqrt;
  static_assert(!Learned<Chosen> || AnySoftmax<Chosen> || std::derived_from<Chosen, Sigmoid> ||
                    std::derived_from<Chosen, NormalizedSigmoid> || std::derived_from<Chosen, Entmax>,
                "attend: reference::backward knows no gradients of the parameters of this normaliser of your own.");
  if constexpr (AnySoftmax<Chosen>) {
    Index const head = row.first.head;
    return exponential_gradient(T(chosen.temperature), T(chosen.sink(head)), chosen.sinks.size() > 1 ? head : 0, row,
                                weights, g, d_log_sum_exp, parameters);
  } else if constexpr (Chosen::family == Family::exponential) {
    return exponential_gradient(T(chosen.temperature), T(chosen.sink(row.first.head)), 0, row, weights, g,
                                d_log_sum_exp, parameters);
  } else if constexpr (Chosen::family == Family::pointwise) {
    return pointwise_gradient(chosen, row, weights, g, parameters);
  } else if constexpr (std::derived_from<Chosen, Sparsemax>) {
    return support_gradient([](T const&) { return T(1); }, row, weights, g);
  } else if constexpr (std::derived_from<Chosen, Entmax15>) {
    return support_gradient([](T const& w) { return T(sqrt(w)); }, row, weights, g);
  } else if constexpr (std::derived_from<Chosen, Entmax>) {
    T const alpha = T(chosen.alpha);
    parameters.add("alpha", 0, alpha_gradient(alpha, row, weights, g));
    return support_gradient([&](T const& w) { return T(exp(T((T(2) - alpha) * T(log(w))))); }, row, weights, g);
  } else if constexpr (std::derived_from<Chosen, TopK>) {
    return support_gradient([](T const& w) { return w; }, row, weights, g);
  } else {
    static_assert(Chosen::family == Family::pick,
                  "attend: reference::backward cannot differentiate a whole-row normaliser of your own.");
    return Vector<T>::Constant(row.size(), T(0));  // the pick does not change with a small step
  }
}

}  // namespace attend::reference
