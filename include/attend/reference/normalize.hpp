#pragma once

#include <attend/core/concepts.hpp>
#include <attend/normalize/entmax.hpp>
#include <attend/normalize/entmax15.hpp>
#include <attend/normalize/log_softmax.hpp>
#include <attend/normalize/relu.hpp>
#include <attend/normalize/sigmoid.hpp>
#include <attend/normalize/softmax.hpp>
#include <attend/normalize/softplus.hpp>
#include <attend/normalize/sparsemax.hpp>
#include <attend/normalize/top_k.hpp>
#include <attend/reference/score_row.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

/// The scores of one row into weights, from the formulas of the papers.
///
/// Shapes   scores (m)  →  weights (m), log-sum-exp: normalize/family.hpp says what that is for each family
/// Edge     a score of −∞ means "not seen": weight 0. A row that sees nothing: weights 0, log-sum-exp −∞

namespace attend::reference {

// Exponential ---------------------------------------------------------------------------------------------------------

/// w_j = exp(s_j/τ) / ( exp(sink) + Σ exp(s_i/τ) ), in two passes: the largest first, so that no exponential overflows.
template <class T>
[[nodiscard]] WeightRow<T> exponential(T const& temperature, T const& sink, ScoreRow<T> const& row) {
  using std::exp, std::log;
  WeightRow<T> result = WeightRow<T>::empty(row.size());
  if (row.seen().empty()) return result;

  T largest = row.largest() / temperature;
  if (largest < sink) largest = sink;
  for (Index const j : row.seen()) result.weights(j) = exp(T(row.scores(j) / temperature - largest));
  T const sum = T(exp(T(sink - largest))) + result.weights.sum();
  for (Index const j : row.seen()) result.weights(j) /= sum;
  result.log_sum_exp = largest + T(log(sum));
  return result;
}

template <class T>
[[nodiscard]] WeightRow<T> normalize(Softmax const& softmax, ScoreRow<T> const& row) {
  return exponential(T(softmax.temperature), T(softmax.sink(row.first.head)), row);
}

/// log w_j = s_j/τ − lse;  −∞ where not seen
template <class T>
[[nodiscard]] WeightRow<T> normalize(LogSoftmax const& softmax, ScoreRow<T> const& row) {
  WeightRow<T> result = normalize(static_cast<Softmax const&>(softmax), row);
  result.weights.setConstant(-infinity<T>);
  for (Index const j : row.seen()) result.weights(j) = row.scores(j) / T(softmax.temperature) - result.log_sum_exp;
  return result;
}

// Pointwise -----------------------------------------------------------------------------------------------------------

/// w_j = f(s_j), or f(s_j) / Σ f(s_i), all 0 where that sum is
template <class T, class Function>
[[nodiscard]] WeightRow<T> pointwise(Function const& f, bool normalized, ScoreRow<T> const& row) {
  using std::log;
  WeightRow<T> result = WeightRow<T>::empty(row.size());
  if (row.seen().empty()) return result;

  for (Index const j : row.seen()) result.weights(j) = f(row.scores(j));
  T const sum = result.weights.sum();
  if (!normalized) {
    result.log_sum_exp = T(0);
  } else if (sum != T(0)) {
    for (Index const j : row.seen()) result.weights(j) /= sum;
    result.log_sum_exp = log(sum);
  }
  return result;
}

/// σ(x) = 1 / (1 + exp(−x)) = exp(x) / (1 + exp(x)): the form whose exponential cannot overflow.
template <class T>
[[nodiscard]] T logistic(T const& x) {
  using std::exp;
  T const e = exp(T(x < T(0) ? x : T(-x)));
  return (x < T(0) ? e : T(1)) / (T(1) + e);
}

/// log(1 + exp(x)) = max(x, 0) + log(1 + exp(−|x|))
template <class T>
[[nodiscard]] T soft_plus(T const& x) {
  using std::exp, std::log;
  T const e = exp(T(x < T(0) ? x : T(-x)));
  T const one_plus = T(1) + e;
  // Kahan's log(1 + e): what is lost in 1 + e is lost twice and cancels. Not every scalar has a log1p.
  T const tail = one_plus == T(1) ? e : T(T(log(one_plus)) * e / (one_plus - T(1)));
  return x < T(0) ? tail : T(x + tail);
}

/// max(x, 0)
template <class T>
[[nodiscard]] T rectified(T const& x) {
  return x <= T(0) ? T(0) : x;  // NaN stays
}

/// w_j = σ(s_j + b),  b = −log m where none is given
template <class T>
[[nodiscard]] WeightRow<T> normalize(Sigmoid const& sigmoid, ScoreRow<T> const& row) {
  using std::log;
  T const bias = sigmoid.bias ? T(*sigmoid.bias) : T(-log(T(static_cast<double>(row.size()))));
  return pointwise([&](T const& s) { return logistic(T(s + bias)); }, false, row);
}
/// w_j = σ(s_j + b) / Σ σ(s_i + b)
template <class T>
[[nodiscard]] WeightRow<T> normalize(NormalizedSigmoid const& sigmoid, ScoreRow<T> const& row) {
  return pointwise([&](T const& s) { return logistic(T(s + T(sigmoid.bias))); }, true, row);
}
/// w_j = log(1 + exp(s_j))
template <class T>
[[nodiscard]] WeightRow<T> normalize(Softplus const&, ScoreRow<T> const& row) {
  return pointwise(soft_plus<T>, false, row);
}
/// w_j = log(1 + exp(s_j)) / Σ log(1 + exp(s_i))
template <class T>
[[nodiscard]] WeightRow<T> normalize(NormalizedSoftplus const&, ScoreRow<T> const& row) {
  return pointwise(soft_plus<T>, true, row);
}
/// w_j = max(s_j, 0)
template <class T>
[[nodiscard]] WeightRow<T> normalize(Relu const&, ScoreRow<T> const& row) {
  return pointwise(rectified<T>, false, row);
}
/// w_j = max(s_j, 0) / Σ max(s_i, 0)
template <class T>
[[nodiscard]] WeightRow<T> normalize(NormalizedRelu const&, ScoreRow<T> const& row) {
  return pointwise(rectified<T>, true, row);
}

// Pick ----------------------------------------------------------------------------------------------------------------

/// w_j = 1 for the first key with the largest perturbed score
template <class T, class Picker>
[[nodiscard]] WeightRow<T> pick(Picker const& picker, ScoreRow<T> const& row) {
  WeightRow<T> result = WeightRow<T>::empty(row.size());
  Index best = -1;
  for (Index const j : row.seen()) {
    T const score = picker.perturb(row.scores(j), row.position(j));
    if (score != score) return WeightRow<T>::undefined(row);
    if (best < 0 || result.log_sum_exp < score) {
      best = j;
      result.log_sum_exp = score;
    }
  }
  if (best >= 0) result.weights(best) = T(1);
  return result;
}

// Whole row -----------------------------------------------------------------------------------------------------------

/// The columns that the query sees, from the largest score to the smallest, of equals the first first. Empty where a
/// score is NaN or +∞, which no whole-row normaliser can weigh.
template <class T>
[[nodiscard]] std::vector<Index> ranked(ScoreRow<T> const& row) {
  std::vector<Index> columns = row.seen();
  for (Index const j : columns)
    if (!(row.scores(j) < infinity<T>)) return {};
  std::stable_sort(columns.begin(), columns.end(), [&](Index a, Index b) { return row.scores(a) > row.scores(b); });
  return columns;
}

/// Algorithm 1 of Martins & Astudillo 2016, with z_(1) ≥ z_(2) ≥ …:
///
///   k = max{ k : 1 + k z_(k) > Σ_{j≤k} z_(j) },  τ = (Σ_{j≤k} z_(j) − 1) / k,  w = [z − τ]₊
///
/// Scores are taken less the largest, which shifts τ as much and changes no weight.
template <class T>
[[nodiscard]] WeightRow<T> normalize(Sparsemax const&, ScoreRow<T> const& row) {
  WeightRow<T> result = WeightRow<T>::empty(row.size());
  if (row.seen().empty()) return result;
  std::vector<Index> const order = ranked(row);
  if (order.empty()) return WeightRow<T>::undefined(row);

  T const largest = row.scores(order.front());
  T sum = T(0), threshold = T(0), size = T(0);
  for (Index const j : order) {
    T const z = row.scores(j) - largest;
    size += T(1);
    sum += z;
    if (!(T(1) + size * z > sum)) break;
    threshold = (sum - T(1)) / size;
  }
  for (Index const j : order) result.weights(j) = rectified(T(row.scores(j) - largest - threshold));
  result.log_sum_exp = largest + threshold;
  return result;
}

/// Algorithm 2 of Peters 2019, with z = s/2 and z_(1) ≥ z_(2) ≥ …:
///
///   M(k) = mean of the k largest,  V(k) = Σ_{j≤k} (z_(j) − M(k))²,  τ(k) = M(k) − √((1 − V(k)) / k)
///   k = the largest with τ(k) ≤ z_(k),  w = [z − τ(k)]₊²
template <class T>
[[nodiscard]] WeightRow<T> normalize(Entmax15 const&, ScoreRow<T> const& row) {
  using std::sqrt;
  WeightRow<T> result = WeightRow<T>::empty(row.size());
  if (row.seen().empty()) return result;
  std::vector<Index> const order = ranked(row);
  if (order.empty()) return WeightRow<T>::undefined(row);

  T const largest = row.scores(order.front());
  T mean = T(0), squares = T(0), threshold = T(0), size = T(0);
  for (Index const j : order) {
    T const z = (row.scores(j) - largest) / T(2);
    T const before = z - mean;
    size += T(1);
    mean += before / size;
    squares += before * (z - mean);
    if (!(squares <= T(1))) break;
    T const candidate = mean - T(sqrt(T((T(1) - squares) / size)));
    if (!(candidate <= z)) break;
    threshold = candidate;
  }
  for (Index const j : order) {
    T const excess = rectified(T((row.scores(j) - largest) / T(2) - threshold));
    result.weights(j) = excess * excess;
  }
  result.log_sum_exp = largest / T(2) + threshold;
  return result;
}

/// Algorithm 1 of Peters 2019, by bisection, with z = (α − 1)(s − max s) and m keys:
///
///   Z(τ) = Σ [z_j − τ]₊^{1/(α − 1)} falls from Z(−1) ≥ 1 to Z(−m^{1 − α}) ≤ 1;  w = [z − τ]₊^{1/(α − 1)} with Z(τ) = 1
///
/// Two steps of Newton's from the root move it by nothing, and give it its first and second derivatives where T is a
/// number that carries them.
template <class T>
[[nodiscard]] WeightRow<T> normalize(Entmax const& entmax, ScoreRow<T> const& row) {
  using std::exp, std::log;
  WeightRow<T> result = WeightRow<T>::empty(row.size());
  if (row.seen().empty()) return result;
  std::vector<Index> const order = ranked(row);
  if (order.empty()) return WeightRow<T>::undefined(row);

  T const largest = row.scores(order.front()), a = T(entmax.alpha - 1), power = T(1) / a;
  auto const sum_of = [&](T const& threshold, T const& exponent) {
    T sum = T(0);
    for (Index const j : order)
      if (T const x = a * (row.scores(j) - largest) - threshold; x > T(0)) sum += T(exp(T(exponent * T(log(x)))));
    return sum;
  };
  T low = T(-1), high = T(0);
  for (int step = 0; step < 200; ++step) {
    T const middle = (low + high) / T(2);
    if (!(middle > low) || !(high > middle)) break;
    (sum_of(middle, power) >= T(1) ? low : high) = middle;
  }
  T threshold = low;
  for (int step = 0; step < 2; ++step)
    threshold += (sum_of(threshold, power) - T(1)) / (power * sum_of(threshold, power - T(1)));
  for (Index const j : order)
    if (T const x = a * (row.scores(j) - largest) - threshold; x > T(0)) result.weights(j) = exp(T(power * T(log(x))));
  result.log_sum_exp = a * largest + threshold;
  return result;
}

/// Softmax over the k largest scores
template <class T>
[[nodiscard]] WeightRow<T> normalize(TopK const& top, ScoreRow<T> const& row) {
  if (row.seen().empty()) return WeightRow<T>::empty(row.size());
  std::vector<Index> const order = ranked(row);
  if (order.empty()) return WeightRow<T>::undefined(row);

  ScoreRow<T> kept = row;
  for (std::size_t rank = static_cast<std::size_t>(top.k); rank < order.size(); ++rank)
    kept.scores(order[rank]) = -infinity<T>;
  return normalize(Softmax{}, kept);
}

// Any other -----------------------------------------------------------------------------------------------------------

/// A normaliser of somebody's own, by its own functions, as its family uses them.
template <class T, Normalizer Custom>
[[nodiscard]] WeightRow<T> normalize(Custom const& custom, ScoreRow<T> const& row) {
  if constexpr (Custom::family == Family::exponential) {
    return exponential(T(custom.temperature), T(custom.sink(row.first.head)), row);
  } else if constexpr (Custom::family == Family::pointwise) {
    T const shift = custom.template shift<T>(row.size());
    return pointwise([&](T const& s) { return T(custom.weight(T(s + shift))); }, Custom::normalized, row);
  } else if constexpr (Custom::family == Family::pick) {
    return pick(custom, row);
  } else {
    WeightRow<T> result = WeightRow<T>::empty(row.size());
    if (row.seen().empty()) return result;
    auto const state = custom.solve(row);
    for (Index const j : row.seen()) result.weights(j) = custom.weight(state, row.scores(j), row.position(j).column);
    result.log_sum_exp = state.log_sum_exp;
    return result;
  }
}

template <class T, Normalizer Chosen>
[[nodiscard]] T weight_of_unseen(Chosen const&) {
  return is_logarithmic<Chosen> ? -infinity<T> : T(0);
}

/// Does a value count in the output? Every key that is seen does, even where its weight has rounded to 0; of a pick
/// only the one that was picked.
template <Normalizer Chosen, class T>
[[nodiscard]] bool takes_part(Chosen const&, T const& score, T const& weight) {
  return is_seen(score) && !(Chosen::family == Family::pick && weight == T(0));
}

}  // namespace attend::reference
