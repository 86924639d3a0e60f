#pragma once

#include <attend/core/check.hpp>
#include <attend/core/types.hpp>

namespace attend {

/// What a step is answerable for: G_t = r_t + γ G_{t+1}, the reward of this and all later steps.
///
/// A pick cannot change what was earned before it, so its coefficient is G_t − b_t and not the reward of the whole
/// episode: the same mean, less variance.
///
/// Shapes   rewards (T) → returns (T)
/// Throws   when the discount γ is not in [0, 1]
/// Source   Sutton 2000, theorem 1; Mnih 2014, section 3.1, with γ = 1 (arXiv 1406.6247)
template <class Rewards>
[[nodiscard]] Vector<typename Rewards::Scalar> returns_to_go(Eigen::MatrixBase<Rewards> const& rewards,
                                                             typename Rewards::Scalar discount = 1) {
  using Scalar = typename Rewards::Scalar;
  check(discount >= Scalar(0) && discount <= Scalar(1), "returns_to_go: the discount is ", discount,
        "; it must be between 0 and 1.");
  Vector<Scalar> returns(rewards.size());
  Scalar later = 0;
  for (Index t = rewards.size() - 1; t >= 0; --t) returns(t) = later = rewards(t) + discount * later;
  return returns;
}

}  // namespace attend
