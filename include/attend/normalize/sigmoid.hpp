#pragma once

#include <attend/core/call_shape.hpp>
#include <attend/core/check.hpp>
#include <attend/core/config.hpp>
#include <attend/core/math.hpp>
#include <attend/core/parameters.hpp>
#include <attend/normalize/family.hpp>

#include <cmath>
#include <limits>
#include <optional>

namespace attend {

/// w_j = σ(s_j + b), with b = −log m unless one is given: each key is weighed by itself, and no row sums to 1.
///
/// The default makes a row of m keys with scores near 0 sum to about 1, and then trains as well as softmax. m counts
/// the keys of the call (of the document, in a batch of documents), masked ones too; where a sequence is cut into
/// calls, give the b that all shall share.
///
/// Throws   at the call, when b is not finite
/// Edge     a row that sees nothing: weights 0
/// Source   Ramapuram 2024, equation 3 (arXiv 2409.04431)
struct Sigmoid {
  using kind = NormalizerKind;
  static constexpr Family family = Family::pointwise;
  static constexpr bool normalized = false;

  std::optional<double> bias{};  ///< none: −log m

  /// `by_shift` is Σ d_score over all pairs.
  void add_gradient(Sigmoid& gradient, double by_shift) const {
    if (bias) *gradient.bias += by_shift;
  }
  /// The bias, where one is given.
  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    if (self.bias) function("bias", parameter_span(*self.bias));
  }

  void check_sizes(CallShape const&) const {
    if (bias)
      check(std::abs(*bias) <= std::numeric_limits<double>::max(), "Sigmoid: the bias is ", *bias,
            "; it must be finite.");
  }
  template <class Scalar>
  [[nodiscard]] Scalar shift(Index keys) const {
    return bias ? static_cast<Scalar>(*bias) : -std::log(static_cast<Scalar>(keys));
  }
  template <class Number>
  [[nodiscard]] static ATTEND_INLINE Number weight(Number const& score) {
    return sigmoid(score);
  }
};

/// w_j = σ(s_j + b) / Σ_i σ(s_i + b), with b = 0 unless one is given: "smoothed" attention. A sigmoid does not let one
/// large score take the whole row as an exponential does.
///
/// Throws   at the call, when b is not finite
/// Edge     a row that sees nothing, or whose sigmoids all round to 0: weights 0
/// Source   Chorowski 2015, section 2.3 (arXiv 1506.07503)
struct NormalizedSigmoid {
  using kind = NormalizerKind;
  static constexpr Family family = Family::pointwise;
  static constexpr bool normalized = true;

  double bias = 0;

  static void add_gradient(NormalizedSigmoid& gradient, double by_shift) { gradient.bias += by_shift; }

  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    function("bias", parameter_span(self.bias));
  }

  void check_sizes(CallShape const&) const {
    check(std::abs(bias) <= std::numeric_limits<double>::max(), "NormalizedSigmoid: the bias is ", bias,
          "; it must be finite.");
  }
  template <class Scalar>
  [[nodiscard]] Scalar shift(Index /*keys*/) const {
    return static_cast<Scalar>(bias);
  }
  template <class Number>
  [[nodiscard]] static ATTEND_INLINE Number weight(Number const& score) {
    return sigmoid(score);
  }
};

}  // namespace attend
