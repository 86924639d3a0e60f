#pragma once

#include <attend/core/call_shape.hpp>
#include <attend/core/check.hpp>
#include <attend/core/gradient_place.hpp>
#include <attend/core/math.hpp>
#include <attend/score/constant.hpp>
#include <attend/simd/math.hpp>

#include <cmath>
#include <span>
#include <utility>
#include <vector>

namespace attend {

/// score → score − slope · |query − key|: attention with linear biases, positions without embeddings.
///
/// One slope serves all heads, or one a head is given; `for_heads(h)` has those of the paper.
///
/// Units    natural-log score a token of distance
/// Throws   at the call, when there are several slopes but not one a head
/// Source   Press 2022 (arXiv 2108.12409)
class Alibi {
 public:
  explicit Alibi(double slope) : slopes_{slope} {}
  explicit Alibi(std::vector<double> slope_of_each_head) : slopes_(std::move(slope_of_each_head)) {}

  /// 2^(−8/h), 2^(−16/h), … where h is a power of two. Else those of the next lower power of two, and for the other
  /// heads every second one of its double: 12 heads have the slopes of 8, then ½^½, ½^1½, ½^2½, ½^3½.
  [[nodiscard]] static Alibi for_heads(Index heads) {
    check(heads > 0, "Alibi: for_heads(", heads, "); there must be at least one head.");
    Index lower = 1;
    while (2 * lower <= heads) lower *= 2;
    std::vector<double> slopes;
    for (Index i = 1; i <= lower; ++i)
      slopes.push_back(std::exp2(-8.0 * static_cast<double>(i) / static_cast<double>(lower)));
    for (Index i = 1; std::cmp_less(slopes.size(), heads); i += 2)
      slopes.push_back(std::exp2(-4.0 * static_cast<double>(i) / static_cast<double>(lower)));
    return Alibi(std::move(slopes));
  }

  [[nodiscard]] std::vector<double> const& slopes() const { return slopes_; }

  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    function("slopes", std::span(self.slopes_));
  }

  void check_sizes(CallShape const& shape) const {
    check(slopes_.size() == 1 || std::cmp_equal(slopes_.size(), shape.heads), "Alibi: ", slopes_.size(), " slopes for ",
          shape.heads, " heads; give one, or one a head.");
  }

  [[nodiscard]] static Index gradient_size(GradientPlace const& place) { return place.heads; }
  /// ∂score/∂slope = −|query − key|
  template <class Number, class Slopes>
  ATTEND_INLINE void add_gradient(Number* sums, GradientPlace const& place, Index /*row*/, Slopes const& d_score,
                                  auto const& p) const {
    sums[Index(p.head) - place.first_head] -= sum_of(Slopes(d_score * abs(p.query - p.key)));
  }
  template <class Number>
  void join_gradient(Alibi& gradient, Number const* sums, GradientPlace const& place) const {
    for (Index head = 0; head < place.heads; ++head)
      gradient.slopes_[slopes_.size() == 1 ? 0 : static_cast<std::size_t>(place.first_head + head)] +=
          static_cast<double>(sums[head]);
  }

  template <class Score>
  [[nodiscard]] ATTEND_INLINE auto operator()(Score const& score, auto const& p) const {
    double const slope = slopes_[slopes_.size() == 1 ? 0 : static_cast<std::size_t>(Index(p.head))];
    return score - detail::constant<Score>(slope) * abs(p.query - p.key);
  }

 private:
  std::vector<double> slopes_;
};

}  // namespace attend
