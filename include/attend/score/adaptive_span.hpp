#pragma once

#include <attend/core/call_shape.hpp>
#include <attend/core/check.hpp>
#include <attend/core/gradient_place.hpp>
#include <attend/core/math.hpp>
#include <attend/score/constant.hpp>
#include <attend/simd/math.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <utility>
#include <vector>

namespace attend {

/// score → score + log m(query − key),  m(x) = min(max((ramp + span − x) / ramp, 0), 1): a window whose width each head
/// learns. Under Softmax the weights are m·exp(s) / Σ m·exp(s).
///
/// Keys up to `span` before the query are seen in full, those beyond `span + ramp` not at all (a score of −∞), and
/// between them less and less, so that the span has a gradient. Keys after the query count as near: join `Causal{}`.
/// One span serves all heads, or one a head is given. Training adds λ Σ span / heads to the loss, or no span would
/// ever shrink.
///
/// Units    tokens
/// Throws   at the call, when the ramp is not positive and finite, a span is not finite, or there are several but not
///          one a head
/// Edge     a pair at the outer edge has no gradient: it is not seen
/// Cost     one logarithm a pair; join `SlidingWindow{window(), 0}` and tiles beyond are never touched
/// Source   Sukhbaatar 2019, equations 4–5 (arXiv 1905.07799)
class AdaptiveSpan {
 public:
  explicit AdaptiveSpan(double span, double ramp = 32) : AdaptiveSpan(std::vector<double>{span}, ramp) {}
  explicit AdaptiveSpan(std::vector<double> span_of_each_head, double ramp = 32)
      : spans_(std::move(span_of_each_head)), ramp_(ramp) {}

  [[nodiscard]] std::vector<double> const& spans() const { return spans_; }
  [[nodiscard]] double ramp() const { return ramp_; }
  /// The distance up to which some head sees something.
  [[nodiscard]] Index window() const {
    double const widest = *std::max_element(spans_.begin(), spans_.end()) + ramp_;
    return static_cast<Index>(std::clamp(std::ceil(widest), 0.0, 1e9));
  }

  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    function("spans", std::span(self.spans_));
  }

  void check_sizes(CallShape const& shape) const {
    check(ramp_ > 0 && std::isfinite(ramp_), "AdaptiveSpan: the ramp is ", ramp_, "; it must be positive and finite.");
    check(spans_.size() == 1 || std::cmp_equal(spans_.size(), shape.heads), "AdaptiveSpan: ", spans_.size(),
          " spans for ", shape.heads, " heads; give one, or one a head.");
    for (double const span : spans_) check(std::isfinite(span), "AdaptiveSpan: a span is ", span, "; it must be finite.");
  }

  template <class Score>
  [[nodiscard]] ATTEND_INLINE auto operator()(Score const& score, auto const& p) const {
    auto const reach = detail::constant<Score>(ramp_ + span_of(p.head));
    auto const slope = detail::constant<Score>(1 / ramp_);
    auto const rest = (reach - detail::constant<Score>(1.0) * (p.query - p.key)) * slope;
    auto const ramped = score + log(select(rest > 0, rest, 1));
    return select(rest >= 1, score, select(rest > 0, ramped, -std::numeric_limits<double>::infinity()));
  }

  [[nodiscard]] static Index gradient_size(GradientPlace const& place) { return place.heads; }
  /// ∂score/∂span = 1 / (ramp + span − distance) on the ramp, else 0
  template <class Number, class Slopes>
  ATTEND_INLINE void add_gradient(Number* sums, GradientPlace const& place, Index /*row*/, Slopes const& d_score,
                                  auto const& p) const {
    Slopes const rest = static_cast<Number>(ramp_ + span_of(p.head)) - Slopes(p.query - p.key);
    auto const on_ramp = rest > Number(0) && rest < static_cast<Number>(ramp_);
    sums[Index(p.head) - place.first_head] += sum_of(Slopes(select(on_ramp, d_score / rest, Number(0))));
  }
  template <class Number>
  void join_gradient(AdaptiveSpan& gradient, Number const* sums, GradientPlace const& place) const {
    for (Index head = 0; head < place.heads; ++head)
      gradient.spans_[spans_.size() == 1 ? 0 : static_cast<std::size_t>(place.first_head + head)] +=
          static_cast<double>(sums[head]);
  }

 private:
  [[nodiscard]] ATTEND_INLINE double span_of(Index head) const {
    return spans_[spans_.size() == 1 ? 0 : static_cast<std::size_t>(head)];
  }

  std::vector<double> spans_;
  double ramp_;
};

}  // namespace attend
