#pragma once

#include <attend/core/check.hpp>
#include <attend/hard/categorical.hpp>

#include <limits>

namespace attend {

/// Where every key can be tried, nothing need be drawn: the sum over all picks and its exact gradient.
template <class Scalar>
struct Marginal {
  Scalar value = 0;
  Vector<Scalar> d_score;  // (m)
  Vector<Scalar> d_other;  // (m), by the rewards or log-likelihoods of the keys
};

/// J = Σ_j p_j r_j      ∂J/∂s_j = p_j (r_j − J)      ∂J/∂r_j = p_j
///
/// What REINFORCE estimates.
///
/// Shapes   row and rewards (m)
/// Edge     rewards of keys that are not seen are not looked at
template <class Scalar, class Rewards>
[[nodiscard]] Marginal<Scalar> expected_reward(Categorical<Scalar> const& row,
                                               Eigen::MatrixBase<Rewards> const& rewards) {
  check(rewards.size() == row.keys(), "expected_reward: there are ", rewards.size(), " rewards for ", row.keys(),
        " keys; there must be one for each.");
  Marginal<Scalar> result{0, row.backward(rewards), row.probability};
  for (Index j = 0; j < row.keys(); ++j)
    if (row.probability(j) != Scalar(0)) result.value += row.probability(j) * rewards(j);
  return result;
}

/// L = log Σ_j p_j exp(ℓ_j)      ∂L/∂ℓ_j = w_j = p_j exp(ℓ_j − L)      ∂L/∂s_j = w_j − p_j
///
/// The likelihood of hard attention itself, the picks summed out; Xu 2015 raises its lower bound Σ p_j ℓ_j. w is the
/// probability of the pick when the outcome is known.
///
/// Shapes   row and log_likelihoods (m), ℓ_j = log p(y | key j was picked)
/// Edge     a row that sees nothing: −∞ and zeros. Log-likelihoods of keys that are not seen are not looked at
/// Source   Wu 2018 (arXiv 1808.10024)
template <class Scalar, class Likelihoods>
[[nodiscard]] Marginal<Scalar> log_marginal_likelihood(Categorical<Scalar> const& row,
                                                       Eigen::MatrixBase<Likelihoods> const& log_likelihoods) {
  check(log_likelihoods.size() == row.keys(), "log_marginal_likelihood: there are ", log_likelihoods.size(),
        " log-likelihoods for ", row.keys(), " keys; there must be one for each.");
  Scalar const infinity = std::numeric_limits<Scalar>::infinity();
  Vector<Scalar> joint = Vector<Scalar>::Constant(row.keys(), -infinity);
  for (Index j = 0; j < row.keys(); ++j)
    if (row.log_probability(j) != -infinity) joint(j) = row.log_probability(j) + log_likelihoods(j);
  Categorical<Scalar> const posterior(joint);
  if (!posterior.sees_something())
    return {-infinity, Vector<Scalar>::Zero(row.keys()), Vector<Scalar>::Zero(row.keys())};
  return {posterior.log_sum_exp, posterior.probability - row.probability, posterior.probability};
}

}  // namespace attend
