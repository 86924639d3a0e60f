#pragma once

#include "numbers.hpp"

#include <attend/core/check.hpp>

#include <cmath>

namespace train {

/// m ← β₁ m + (1 − β₁) g         the gradient's mean
/// v ← β₂ v + (1 − β₂) g²        and its mean square, both from 0 and so too small at first:
/// θ ← θ − learning_rate · m̂ / (√v̂ + ε),   m̂ = m / (1 − β₁ᵗ),  v̂ = v / (1 − β₂ᵗ)
///
/// Throws   when the gradient has another number of parameters
/// Source   Kingma & Ba 2015, algorithm 1 (arXiv 1412.6980)
class Adam {
 public:
  double learning_rate = 1e-3;
  double mean_decay = 0.9;      // β₁
  double square_decay = 0.999;  // β₂
  double epsilon = 1e-8;

  template <attend::Learned Object>
  void step(Object& object, Object const& gradient) {
    std::vector<double> const g = numbers_of(gradient);
    if (steps_ == 0) {
      mean_.assign(g.size(), 0);
      square_.assign(g.size(), 0);
    }
    attend::check(g.size() == mean_.size() && g.size() == numbers_of(object).size(), "Adam: the gradient has ",
                  g.size(), " numbers; it must have as many as the object and as in the step before, ", mean_.size(),
                  ".");
    ++steps_;
    double const mean_share = 1 - std::pow(mean_decay, steps_), square_share = 1 - std::pow(square_decay, steps_);
    for (std::size_t i = 0; i < g.size(); ++i) {
      mean_[i] = mean_decay * mean_[i] + (1 - mean_decay) * g[i];
      square_[i] = square_decay * square_[i] + (1 - square_decay) * g[i] * g[i];
    }
    change_numbers(object, [&](double number, std::size_t i) {
      return number - learning_rate * (mean_[i] / mean_share) / (std::sqrt(square_[i] / square_share) + epsilon);
    });
  }

 private:
  double steps_ = 0;
  std::vector<double> mean_, square_;
};

}  // namespace train
