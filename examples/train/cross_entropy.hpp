#pragma once

#include <attend/core/check.hpp>
#include <attend/core/types.hpp>

#include <cmath>
#include <span>

namespace train {

/// The mean loss of n predictions, and its derivative.
template <class Scalar>
struct Loss {
  double value = 0;
  attend::Matrix<Scalar> gradient;  // (n, classes)
  attend::Index right = 0;          // predictions whose largest logit is the target's
};

/// loss = −1/n Σ_i log softmax(logits_i)[target_i],  ∂loss/∂logits_i = (softmax(logits_i) − onehot(target_i)) / n
///
/// Shapes   logits (n, classes), n targets in [0, classes)
/// Throws   when targets do not fit the logits
/// Edge     the largest logit is subtracted, so large ones do not overflow; n = 0 is a loss of 0
template <class Scalar>
[[nodiscard]] Loss<Scalar> cross_entropy(attend::Matrix<Scalar> const& logits, std::span<attend::Index const> targets) {
  using attend::Index;
  attend::check(std::ssize(targets) == logits.rows(), "cross_entropy: there are ", targets.size(), " targets for ",
                logits.rows(), " rows of logits.");
  Loss<Scalar> loss{0, attend::Matrix<Scalar>(logits.rows(), logits.cols()), 0};
  auto const n = static_cast<double>(logits.rows());
  for (Index i = 0; i < logits.rows(); ++i) {
    Index const target = targets[static_cast<std::size_t>(i)];
    attend::check(target >= 0 && target < logits.cols(), "cross_entropy: target ", i, " is ", target, " but there are ",
                  logits.cols(), " classes.");
    Index best = 0;
    Scalar const largest = logits.row(i).maxCoeff(&best);
    loss.gradient.row(i) = (logits.row(i).array() - largest).exp();
    double const sum = static_cast<double>(loss.gradient.row(i).sum());
    loss.value += (std::log(sum) - static_cast<double>(logits(i, target) - largest)) / n;
    loss.gradient.row(i) *= static_cast<Scalar>(1 / (sum * n));
    loss.gradient(i, target) -= static_cast<Scalar>(1 / n);
    if (best == target) ++loss.right;
  }
  return loss;
}

}  // namespace train
