#pragma once

#include <attend/core/check.hpp>
#include <attend/hard/categorical.hpp>

#include <vector>

namespace attend {

/// The gradient of an expected reward from picks alone, without a derivative of the reward:
///
///   J = Σ_j p_j r_j      ∂J/∂s ≈ 1/M Σ_i (r_i − b_i) ∂log p(pick_i)/∂s + λ ∂H/∂s
///
/// The score function ∂log p/∂s has mean 0, so a baseline b that does not depend on its own pick leaves the mean of the
/// estimate as it is and takes away variance. It is true that the pick itself has no derivative; this estimate of ∂J/∂s
/// is nevertheless unbiased.
///
/// Rewards are to be made large. To descend on a loss, hand in its negative, or negate the estimate.
///
/// Source   Williams 1992, theorem 1; entropy bonus and M samples: Xu 2015, section 4.1 (arXiv 1502.03044)
template <class Scalar>
struct Reinforce {
  Scalar entropy_bonus = 0;  ///< λ_e

  /// c_i = (r_i − b_i)/M: how much more probable each pick shall become. For a whole call they are what
  /// `HardAttention::backward` takes.
  ///
  /// Shapes   rewards (M)  baselines (M), one a sample
  template <class Rewards, class Baselines>
  [[nodiscard]] static Vector<Scalar> coefficients(Eigen::MatrixBase<Rewards> const& rewards,
                                                   Eigen::MatrixBase<Baselines> const& baselines) {
    check(rewards.size() >= 1 && rewards.size() == baselines.size(), "Reinforce: there are ", rewards.size(),
          " rewards and ", baselines.size(), " baselines; there must be one of each for every sample.");
    return (rewards - baselines) / static_cast<Scalar>(rewards.size());
  }
  /// The same with one baseline for all samples.
  template <class Rewards>
  [[nodiscard]] static Vector<Scalar> coefficients(Eigen::MatrixBase<Rewards> const& rewards, Scalar baseline = 0) {
    return coefficients(rewards, Vector<Scalar>::Constant(rewards.size(), baseline));
  }

  /// The estimate of ∂J/∂s (m) of one row.
  ///
  /// Throws   when there is not one coefficient a pick, or a pick is no key that is seen
  [[nodiscard]] Vector<Scalar> gradient(Categorical<Scalar> const& row, std::vector<Index> const& picks,
                                        Vector<Scalar> const& coefficient) const {
    check(static_cast<Index>(picks.size()) == coefficient.size(), "Reinforce: there are ", picks.size(), " picks and ",
          coefficient.size(), " coefficients; there must be one for each.");
    for (Index const pick : picks) row.check_key(pick);
    Vector<Scalar> d_score = -coefficient.sum() * row.probability;
    for (std::size_t i = 0; i < picks.size(); ++i)
      if (picks[i] >= 0) d_score(picks[i]) += coefficient(static_cast<Index>(i));
    if (entropy_bonus != Scalar(0)) d_score += entropy_bonus * row.d_entropy();
    return d_score;
  }
};

}  // namespace attend
