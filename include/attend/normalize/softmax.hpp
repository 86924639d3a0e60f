#pragma once

#include <attend/core/call_shape.hpp>
#include <attend/core/check.hpp>
#include <attend/core/parameters.hpp>
#include <attend/normalize/family.hpp>

#include <cmath>
#include <limits>
#include <span>
#include <utility>
#include <vector>

namespace attend {

/// w_j = exp(s_j/τ) / ( exp(sink) + Σ_i exp(s_i/τ) ): the default normaliser.
///
/// A sink is a score without a value: it takes weight that would otherwise have to go to some key, so a row may sum
/// to less than 1. One number serves all heads, or one a head is given.
///
/// Units    scores, sink and log-sum-exp in natural logarithms; log-sum-exp is of s/τ and includes the sink
/// Throws   at the call, when the temperature is not positive and finite, a sink is NaN or +∞, or there are several but
///          not one a head
/// Edge     a row that sees nothing: weights 0, log-sum-exp −∞
/// Source   Bridle 1990; one pass over tiles: Milakov 2018 (arXiv 1805.02867); sink: Xiao 2024 (arXiv 2309.17453)
struct Softmax {
  using kind = NormalizerKind;
  static constexpr Family family = Family::exponential;

  double temperature = 1;
  std::vector<double> sinks{};  ///< none, one, or one a head

  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    function("temperature", parameter_span(self.temperature));
    function("sinks", std::span(self.sinks));
  }

  void check_sizes(CallShape const& shape) const {
    check(temperature > 0 && temperature <= std::numeric_limits<double>::max(), "Softmax: the temperature is ",
          temperature, "; it must be positive and finite.");
    check(sinks.size() <= 1 || std::cmp_equal(sinks.size(), shape.heads), "Softmax: ", sinks.size(), " sinks for ",
          shape.heads, " heads; give none, one, or one a head.");
    for (double const sink : sinks)
      check(sink < std::numeric_limits<double>::infinity(), "Softmax: a sink is ", sink,
            "; it must be a number, or −∞ for none.");
  }
  /// `by_temperature` is Σ d_score·s/τ over all pairs, where d_score is by the score before the division: ∂(s/τ)/∂τ =
  /// −s/τ².
  void add_gradient(Softmax& gradient, double by_temperature) const { gradient.temperature -= by_temperature; }
  /// A row's part of the sink's gradient: a score that takes the weight exp(sink − lse) and has no value.
  void add_sink_gradient(Softmax& gradient, Index head, double log_sum_exp, double delta) const {
    if (sinks.empty() || log_sum_exp == -std::numeric_limits<double>::infinity()) return;
    gradient.sinks[sinks.size() == 1 ? 0 : static_cast<std::size_t>(head)] -=
        std::exp(sink(head) - log_sum_exp) * delta;
  }

  [[nodiscard]] double sink(Index head) const {
    if (sinks.empty()) return -std::numeric_limits<double>::infinity();
    return sinks[sinks.size() == 1 ? 0 : static_cast<std::size_t>(head)];
  }
};

}  // namespace attend
