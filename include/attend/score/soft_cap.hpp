#pragma once

#include <attend/core/call_shape.hpp>
#include <attend/core/check.hpp>
#include <attend/core/math.hpp>
#include <attend/score/constant.hpp>
#include <attend/simd/math.hpp>

#include <cmath>

namespace attend {

/// score → c · tanh(score / c): small scores stay, none leaves (−c, c).
///
/// Throws   at the call, when c is not positive and finite
/// Edge     ±∞ become ±c: give it before a bias that forbids with −∞
/// Cost     one tanh a pair
/// Source   Gemma 2 2024, section 2 (arXiv 2408.00118); Bello 2017, section 4 (arXiv 1611.09940)
struct SoftCap {
  double cap;

  explicit SoftCap(double c) : cap(c) {}

  void check_sizes(CallShape const&) const {
    check(cap > 0 && std::isfinite(cap), "SoftCap: the cap is ", cap, "; it must be positive and finite.");
  }

  template <class Score>
  [[nodiscard]] ATTEND_INLINE auto operator()(Score const& score, auto const& /*p*/) const {
    auto const c = detail::constant<Score>(cap);
    return c * tanh(score * (detail::constant<Score>(1.0) / c));
  }
};

}  // namespace attend
