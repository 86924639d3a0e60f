#pragma once

#include <attend/core/check.hpp>
#include <attend/core/types.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace attend {

/// The distribution that one row of scores gives: p_j = exp(s_j − lse), lse = log Σ exp(s_j).
///
/// Hard attention picks a key from it: one of m, not a yes or no for each.
///
/// Shapes   scores (m) → log_probability (m), probability (m)
/// Units    scores and logarithms are natural; a score of −∞ is a key that is not seen and has probability 0
/// Edge     no key seen: lse −∞, all probabilities and the entropy 0. NaN or +∞ among the scores: all is NaN
/// Cost     m exponentials
template <class Scalar>
struct Categorical {
  Vector<Scalar> log_probability;  // (m), −∞ where not seen
  Vector<Scalar> probability;      // (m)
  Scalar log_sum_exp = -std::numeric_limits<Scalar>::infinity();
  Index mode = -1;  // the key with the largest score, the first of equals; −1 where nothing, or NaN, is seen

  Categorical() = default;
  template <class Derived>
  explicit Categorical(Eigen::DenseBase<Derived> const& scores) : log_probability(scores.size()) {
    static_assert(Derived::IsVectorAtCompileTime, "attend: Categorical is made from one row of scores.");
    for (Index j = 0; j < keys(); ++j) log_probability(j) = static_cast<Scalar>(scores.derived()(j));
    normalize();
  }

  [[nodiscard]] Index keys() const { return log_probability.size(); }
  [[nodiscard]] bool sees_something() const { return log_sum_exp != -infinity; }

  /// H = −Σ p_j log p_j, in nats.
  [[nodiscard]] Scalar entropy() const {
    Scalar sum = 0;
    for (Index j = 0; j < keys(); ++j)
      if (log_probability(j) != -infinity) sum -= probability(j) * log_probability(j);
    return sum;
  }
  /// ∂H/∂s_j = −p_j (log p_j + H)
  [[nodiscard]] Vector<Scalar> d_entropy() const {
    Scalar const h = entropy();
    Vector<Scalar> d_score = Vector<Scalar>::Zero(keys());
    for (Index j = 0; j < keys(); ++j)
      if (log_probability(j) != -infinity) d_score(j) = -probability(j) * (log_probability(j) + h);
    return d_score;
  }

  /// ∂ log p_key / ∂s_j = [j = key] − p_j, the score function.
  ///
  /// Throws   when key is not one that is seen; −1, the pick of a row that sees nothing, gives zeros
  [[nodiscard]] Vector<Scalar> d_log_probability(Index key) const {
    check_key(key);
    Vector<Scalar> d_score = -probability;
    if (key >= 0) d_score(key) += Scalar(1);
    return d_score;
  }
  /// Throws   when key is not one that is seen
  void check_key(Index key) const {
    check(key == -1 ? mode == -1 : key >= 0 && key < keys() && log_probability(key) != -infinity, "Categorical: key ",
          key, " was picked of ", keys(), " keys; it must be one that is seen, or -1 of none.");
  }

  /// d_s = p ⊙ (d_p − ⟨p, d_p⟩): what the softmax is backwards.
  template <class Derived>
  [[nodiscard]] Vector<Scalar> backward(Eigen::MatrixBase<Derived> const& d_probability) const {
    check(d_probability.size() == keys(), "Categorical: ", d_probability.size(), " derivatives for ", keys(),
          " keys; there must be one for each.");
    Scalar mean = 0;
    for (Index j = 0; j < keys(); ++j)
      if (log_probability(j) != -infinity) mean += probability(j) * d_probability(j);
    Vector<Scalar> d_score = Vector<Scalar>::Zero(keys());
    for (Index j = 0; j < keys(); ++j)
      if (log_probability(j) != -infinity) d_score(j) = probability(j) * (d_probability(j) - mean);
    return d_score;
  }

  /// The keys that numbers u of [0, 1) stand for: the first key with Σ_{i ≤ key} p_i > u. Uniform u are picks with the
  /// probabilities p.
  ///
  /// Edge     a key with probability 0 is never drawn; −1 where nothing is seen
  /// Cost     m additions, and log₂ m steps for each u
  [[nodiscard]] std::vector<Index> keys_at(std::vector<double> const& numbers) const {
    std::vector<Index> picks(numbers.size(), -1);
    if (!sees_something()) return picks;
    // In double whatever the scores are, so that the tail of many small probabilities is not lost.
    std::vector<double> until(static_cast<std::size_t>(keys()));
    double sum = 0;
    Index last = -1;
    for (Index j = 0; j < keys(); ++j) {
      if (probability(j) > Scalar(0)) last = j;
      until[static_cast<std::size_t>(j)] = sum += static_cast<double>(probability(j));
    }
    for (std::size_t i = 0; i < picks.size(); ++i) {
      auto const place = std::upper_bound(until.begin(), until.end(), numbers[i] * sum) - until.begin();
      picks[i] = std::min(static_cast<Index>(place), last);  // u · sum may round up to the sum
    }
    return picks;
  }

 private:
  static constexpr Scalar infinity = std::numeric_limits<Scalar>::infinity();

  /// From scores to their log-probabilities, in place.
  void normalize() {
    Scalar largest = -infinity;
    for (Index j = 0; j < keys(); ++j) {
      if (log_probability(j) <= largest || largest != largest) continue;  // NaN comes through, and stays
      largest = log_probability(j);
      mode = j;
    }
    probability = Vector<Scalar>::Zero(keys());
    if (largest == -infinity) return;
    Scalar sum = 0;
    for (Index j = 0; j < keys(); ++j)
      if (log_probability(j) != -infinity) sum += probability(j) = std::exp(log_probability(j) - largest);
    Scalar const log_sum = std::log(sum);
    for (Index j = 0; j < keys(); ++j) {
      if (log_probability(j) == -infinity) continue;
      // Less the largest first: of huge scores the logarithm of the sum would vanish in lse.
      log_probability(j) = log_probability(j) - largest - log_sum;
      probability(j) /= sum;
    }
    log_sum_exp = largest + log_sum;
    if (log_sum_exp != log_sum_exp) mode = -1;
  }
};

template <class Derived>
Categorical(Eigen::DenseBase<Derived> const&) -> Categorical<typename Derived::Scalar>;

}  // namespace attend
