#pragma once

#include <attend/core/check.hpp>

namespace attend {

/// A baseline that follows the rewards: b ← decay · b + (1 − decay) · r.
///
/// Take `value` for a step before the step's own reward is added: a baseline that holds the reward of its own pick
/// biases the estimate, by the factor decay.
///
/// In Xu 2015 r is log p(y | picks), the log-likelihood of the whole caption, averaged over the batch.
///
/// Throws   when decay is not in [0, 1)
/// Source   Xu 2015, section 4.1, with decay 0.9 (arXiv 1502.03044); Weaver & Tao 2001
template <class Scalar>
struct MovingAverage {
  Scalar decay = Scalar(0.9);
  Scalar value = 0;  ///< b, 0 before the first reward

  void add(Scalar reward) {
    check(decay >= Scalar(0) && decay < Scalar(1), "MovingAverage: the decay is ", decay,
          "; it must be at least 0 and less than 1.");
    value = decay * value + (Scalar(1) - decay) * reward;
  }
};

}  // namespace attend
