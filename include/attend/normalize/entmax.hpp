#pragma once

#include <attend/core/call_shape.hpp>
#include <attend/core/check.hpp>
#include <attend/core/config.hpp>
#include <attend/core/math.hpp>
#include <attend/core/parameters.hpp>
#include <attend/normalize/family.hpp>

#include <cmath>
#include <limits>

namespace attend {

/// w_j = [(α − 1) s_j − τ]₊^{1/(α − 1)} with Σ w = 1: sparser the larger α is. α → 1 is softmax, α = 2 sparsemax. α
/// learns: a head finds out for itself how sparse it should be.
///
/// Where α is 1.5 or 2 and stays so, Entmax15 and Sparsemax give the same in fewer steps and without logarithms.
///
/// Units    α, a pure number; backward gives ∂loss/∂α in `gradients.policies`
/// Throws   at the call, when α is not more than 1 and finite
/// Edge     a row that sees nothing: weights 0. NaN or +∞ among the scores seen: the row is NaN. Near α = 1 roundings
/// of
///          the scores are multiplied by 1/(α − 1)
/// Cost     2 passes over the row for each step, with a logarithm and an exponential a key: 4 to 8 steps up to α = 2,
///          above that as many as the scalar has bits
/// Source   Peters 2019, equation 10 (arXiv 1905.05702); Correia 2019, proposition 1 for α (arXiv 1909.00015)
struct Entmax {
  using kind = NormalizerKind;
  static constexpr Family family = Family::whole_row;

  double alpha = 1.5;

  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    function("alpha", parameter_span(self.alpha));
  }
  /// `by_alpha` is Σ parameter_gate(w)·(∂loss/∂w − δ) over all pairs.
  static void add_gradient(Entmax& gradient, double by_alpha) { gradient.alpha += by_alpha; }

  template <class Scalar>
  struct State {
    Scalar largest;
    Scalar threshold;    // of (α − 1)(s − largest)
    Scalar scale;        // what rounding has left of Σ w = 1
    Scalar log_sum_exp;  // τ
  };

  void check_sizes(CallShape const&) const {
    check(alpha > 1 && alpha <= std::numeric_limits<double>::max(), "Entmax: α is ", alpha,
          "; it must be more than 1 and finite. (Softmax is α = 1.)");
  }

  /// ‖[(α − 1)s − τ]₊‖_p = 1 with p = 1/(α − 1), τ between largest − 1 and largest.
  ///
  /// Up to α = 2 that is a norm: convex, so that no step of Newton's from the left passes the root. Above, its slope is
  /// infinite wherever a key joins the support, and halving is what cannot fail.
  template <class Row>
  [[nodiscard]] ATTEND_INLINE auto solve(Row const& row) const {
    using Scalar = decltype(row.largest());
    Scalar const largest = row.largest(), a = static_cast<Scalar>(alpha - 1), p = Scalar(1) / a;
    Scalar low = -1, high = 0, threshold = low, sum = 1;
    for (int step = 0; step < 64; ++step) {
      auto const weight = [ a, p, largest, threshold ](auto score) __attribute__((always_inline)) {
        return raised((score - largest) * a - threshold, p);
      };
      auto const slope = [ a, p, largest, threshold ](auto score) __attribute__((always_inline)) {
        return raised((score - largest) * a - threshold, p - Scalar(1));
      };
      sum = row.sum(weight);
      if (sum != sum) {  // NaN or +∞ was seen
        threshold = sum;
        break;
      }
      (sum >= Scalar(1) ? low : high) = threshold;
      Scalar next = low / 2 + high / 2;
      if (alpha <= 2) next = threshold + (sum - std::pow(sum, Scalar(1) - a)) / row.sum(slope);
      // Thresholds lie between −1 and 0: a step of less than two units of the last place was rounding.
      bool const is_last = !(std::abs(next - threshold) > 2 * std::numeric_limits<Scalar>::epsilon());
      if (is_last || (alpha <= 2 && next < threshold)) break;
      threshold = next;
    }
    return State<Scalar>{largest, threshold, Scalar(1) / sum, a * largest + threshold};
  }

  template <class Scalar, class Number, class Column>
  [[nodiscard]] ATTEND_INLINE Number weight(State<Scalar> const& state, Number const& score, Column const&) const {
    Scalar const a = static_cast<Scalar>(alpha - 1);
    Number const above = (score - state.largest) * a - state.threshold;
    return select(score == -std::numeric_limits<Scalar>::infinity(), Number(Scalar(0)),
                  Number(raised(above, Scalar(1) / a) * state.scale));
  }
  /// ∂w_j/∂s_i = g_j·(1[i = j] − g_i / Σg) with g = w^{2 − α} on the support. Peters 2019, proposition 2.
  template <class Number>
  [[nodiscard]] ATTEND_INLINE Number gate(Number const& weight) const {
    return raised(weight, 2 - alpha);
  }
  /// h with ∂loss/∂α = Σ h_j·(∂loss/∂w_j − δ), δ = Σ g_j ∂loss/∂w_j / Σ g:  h = w/(α − 1)² − w log w/(α − 1).
  ///
  /// Correia's ∂w_j/∂α = (w_j − g_j/Σg)/(α − 1)² + (−w_j log w_j + g_j/Σg · Σ w log w)/(α − 1), with the sums over j
  /// taken first.
  template <class Number>
  [[nodiscard]] ATTEND_INLINE Number parameter_gate(Number const& weight) const {
    double const per = 1 / (alpha - 1);
    Number const positive = select(weight > Number(0), weight, Number(1));
    return select(weight > Number(0), Number(weight * (per * per - log(positive) * per)), weight);
  }

 private:
  /// x^p where x is positive, else 0; NaN stays.
  template <class Number, class Power>
  [[nodiscard]] static ATTEND_INLINE Number raised(Number const& x, Power p) {
    Number const power = exp(log(select(x > Number(0), x, Number(1))) * p);
    return select(x > Number(0), power, select(x <= Number(0), Number(0), x));
  }
};

}  // namespace attend
