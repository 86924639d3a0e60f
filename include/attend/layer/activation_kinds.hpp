#pragma once

#include <attend/core/config.hpp>
#include <attend/core/math.hpp>
#include <attend/simd/math.hpp>

/// The activations of feed-forward layers, each with its derivative; layer/activate.hpp runs them. They are functions
/// of packs and of plain numbers alike.
///
/// At −∞ a product x · 0 would be NaN, so x is held at a place from which on the other factor is 0 for every type: all
/// of them are 0 there, and the slopes are 0 or 1 at ±∞. NaN stays NaN.

namespace attend {

/// max(x, 0), the ReLU. (`Relu` is the normaliser.)
///
/// Edge     the slope at 0 is 0
/// Source   Nair & Hinton 2010
struct Rectifier {
  template <class Number>
  [[nodiscard]] ATTEND_INLINE Number operator()(Number const& x) const {
    return max(x, Number(0));
  }
  template <class Number>
  [[nodiscard]] ATTEND_INLINE Number slope(Number const& x) const {
    return select(x <= Number(0), Number(0), Number(1));
  }
};

/// x Φ(x), Φ(x) = ½ (1 + erf(x/√2)); slope Φ(x) + x φ(x). The exact GELU.
///
/// Error    at most 6 ulp, far into the negative tail, where 1 + erf has lost every digit
/// Source   Hendrycks & Gimpel 2016, section 2 (arXiv 1606.08415)
struct Gelu {
  template <class Number>
  [[nodiscard]] ATTEND_INLINE Number operator()(Number const& x) const {
    return Number(max(x, Number(-40))) * Number(normal_cdf(x));
  }
  template <class Number>
  [[nodiscard]] ATTEND_INLINE Number slope(Number const& x) const {
    Number const held = min(Number(max(x, Number(-40))), Number(40));
    return Number(normal_cdf(x)) + held * Number(normal_density(x));
  }
};

/// ½ x (1 + tanh(√(2/π) (x + 0.044715 x³))) = x σ(u), u = 2 √(2/π) (x + 0.044715 x³); slope σ + x σ (1 − σ) u′.
///
/// Error    at most 14 ulp from x = −3 up; below, the rounding of u weighs by its size. The slope to 2 ulp of 1
/// Source   Hendrycks & Gimpel 2016, section 2 (arXiv 1606.08415)
struct GeluTanh {
  template <class Number>
  [[nodiscard]] ATTEND_INLINE Number operator()(Number const& x) const {
    Number const held = min(Number(max(x, Number(-24))), Number(24));
    return Number(max(x, Number(-24))) *
           Number(sigmoid(Number(held * fma(Number(held * held), cubic(held), linear(held)))));
  }
  template <class Number>
  [[nodiscard]] ATTEND_INLINE Number slope(Number const& x) const {
    Number const one(1), held = min(Number(max(x, Number(-24))), Number(24));
    Number const square = held * held, u = held * fma(square, cubic(held), linear(held));
    Number const e = exp(Number(-abs(u))), upper = one / (one + e);  // σ(|u|), and σ(−|u|) = e·upper without cancelling
    Number const sigma = select(u < Number(0), Number(e * upper), upper);
    return sigma + held * (e * upper * upper) * fma(square, Number(Number(3) * cubic(held)), linear(held));
  }

 private:
  template <class Number>
  [[nodiscard]] static ATTEND_INLINE Number linear(Number const&) {
    return Number(1.59576912160573071175978423973752747L);  // 2 √(2/π)
  }
  template <class Number>
  [[nodiscard]] static ATTEND_INLINE Number cubic(Number const&) {
    return Number(1.59576912160573071175978423973752747L * 0.044715L);
  }
};

/// x σ(x), also named swish; slope σ + x σ (1 − σ).
///
/// Error    at most 3.5 ulp, of the slope 1.5 ulp of 1
/// Source   Elfwing 2018 (arXiv 1702.03118); Ramachandran 2017 (1710.05941)
struct Silu {
  template <class Number>
  [[nodiscard]] ATTEND_INLINE Number operator()(Number const& x) const {
    return Number(max(x, Number(-800))) * Number(sigmoid(x));
  }
  template <class Number>
  [[nodiscard]] ATTEND_INLINE Number slope(Number const& x) const {
    Number const one(1), held = min(Number(max(x, Number(-800))), Number(800));
    Number const e = exp(Number(-abs(held))), upper = one / (one + e);
    Number const sigma = select(held < Number(0), Number(e * upper), upper);
    return sigma + held * (e * upper * upper);
  }
};

}  // namespace attend
