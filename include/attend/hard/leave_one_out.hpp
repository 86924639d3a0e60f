#pragma once

#include <attend/core/check.hpp>
#include <attend/core/types.hpp>

namespace attend {

/// Each of M samples has the mean reward of the others as its baseline: b_i = 1/(M − 1) Σ_{l ≠ i} r_l.
///
/// It costs nothing to learn, follows every change at once, and is unbiased, since the other picks know nothing of its
/// own.
///
/// Throws   when there are less than two rewards
/// Source   Kool 2019, "Buy 4 REINFORCE samples, get a baseline for free!"
struct LeaveOneOut {
  template <class Rewards>
  [[nodiscard]] static auto values(Eigen::MatrixBase<Rewards> const& rewards) {
    using Scalar = typename Rewards::Scalar;
    check(rewards.size() >= 2, "LeaveOneOut: there are ", rewards.size(), " rewards; there must be at least 2.");
    // Sums over the others, not Σ − r_i, which would round a small mean away beside one large reward.
    Vector<Scalar> baseline = Vector<Scalar>::Zero(rewards.size());
    for (Index i = 0; i < rewards.size(); ++i) {
      for (Index l = 0; l < rewards.size(); ++l)
        if (l != i) baseline(i) += rewards(l);
      baseline(i) /= static_cast<Scalar>(rewards.size() - 1);
    }
    return baseline;
  }
};

}  // namespace attend
