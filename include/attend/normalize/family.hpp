#pragma once

#include <attend/core/concepts.hpp>

namespace attend {

/// The four ways in which scores of a row become weights. A normaliser says which is its own
/// (`static constexpr Family family`), and the kernel asks of it only what that way needs. A score of −∞ means
/// "not seen" everywhere and has weight 0. Functions named generic are called with packs by the kernel and with plain
/// numbers by everybody else.
///
///   exponential   w_j = exp(s_j/τ − lse): needs the running maximum of the row
///                   double temperature;  double sink(Index head) (−∞: none)
///   pointwise     w_j = f(s_j + shift), perhaps divided by Σ f (where Σ f = 0, all weights are 0): nothing to rescale
///                   static constexpr bool normalized
///                   shift<Scalar>(keys) → Scalar, keys = those of the call, or of the row's document
///                   weight(score) = f, generic, f(−∞) = 0, f(NaN) = NaN
///   pick          w_j = 1 for one key, else 0: the largest perturbed score, the first of equals. The value of that
///                 key alone is read. A NaN among the scores seen makes the row NaN
///                   perturb(score, position), generic
///   whole_row     weights that no tile can be given before the row's last score is known
///                   solve(row) → state with a member `log_sum_exp`, asked only where the row sees something
///                   weight(state, score, column), generic, 0 for a score of −∞ whatever the state
///                   gate(weight) = g, generic, where ∂w_j/∂s_i = g_j·(1[i = j] − g_i / Σg): what backward needs
///                   parameter_gate(weight) = h, generic, where one parameter learns: ∂loss/∂parameter is the sum of
///                   h_j·(∂loss/∂w_j − δ) with δ = Σ g_j·∂loss/∂w_j / Σ g, handed to add_gradient(gradient, sum)
///                   where `row` offers, over the scores seen only,
///                     row.largest()   −∞ where nothing is seen; passes over NaN
///                     row.sum(f)      of numbers  f(score) or f(score, column), generic
///                     row.count(f)    of answers  f(score) or f(score, column), generic
///
/// The row's number that `forward` keeps as log-sum-exp, from which backward makes the weights again:
///
///   exponential                 log( exp(sink) + Σ exp(s_j/τ) )
///   pointwise, normalised       log Σ f(s_j + shift)
///   pointwise, not normalised   0
///   pick                        the perturbed score that was picked
///   whole_row                   state.log_sum_exp: sparsemax τ of w = [s − τ]₊, 1.5-entmax τ of w = [s/2 − τ]₊²,
///                               α-entmax τ of w = [(α − 1)s − τ]₊^{1/(α − 1)},
///                               top-k log Σ exp(s_j) over the keys kept
///   any, a row sees nothing     −∞
///
/// A normaliser whose results are logarithms of weights, no weights, says `static constexpr bool logarithmic = true`;
/// it can be asked for weights only, −∞ where not seen.
enum class Family { exponential, pointwise, pick, whole_row };

template <class Type>
inline constexpr bool is_logarithmic = false;
template <class Type>
  requires requires { Type::logarithmic; }
inline constexpr bool is_logarithmic<Type> = Type::logarithmic;

}  // namespace attend
