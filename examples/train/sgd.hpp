#pragma once

#include "numbers.hpp"

#include <attend/core/check.hpp>

namespace train {

/// θ ← θ − learning_rate · u,  u ← momentum · u + gradient
///
/// Throws   when the gradient has another number of parameters
/// Source   Robbins & Monro 1951; momentum: Polyak 1964
class Sgd {
 public:
  double learning_rate = 0.1;
  double momentum = 0;

  template <attend::Learned Object>
  void step(Object& object, Object const& gradient) {
    std::vector<double> const g = numbers_of(gradient);
    if (velocity_.empty()) velocity_.resize(g.size());
    attend::check(g.size() == velocity_.size() && g.size() == numbers_of(object).size(), "Sgd: the gradient has ",
                  g.size(), " numbers; it must have as many as the object and as in the step before, ",
                  velocity_.size(), ".");
    for (std::size_t i = 0; i < g.size(); ++i) velocity_[i] = momentum * velocity_[i] + g[i];
    change_numbers(object, [&](double number, std::size_t i) { return number - learning_rate * velocity_[i]; });
  }

 private:
  std::vector<double> velocity_;
};

}  // namespace train
