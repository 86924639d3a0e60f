#pragma once

#include <attend/kernel/backward/memory.hpp>

/// From scores and the gradients of weights to weights and the gradients of scores, one way for each family.
///
/// With w_j the weights of a row, d_w_j = d_output · v_j and δ = Σ_j w_j·d_w_j = d_output · output (one number a row,
/// because the weights of all families that need it sum to 1, or to less with a sink that has no value):
///
///   exponential               w = exp(s/τ − lse)        d_s = w·(d_w − δ) / τ
///   pointwise                 w = f(s + b)              d_s = f′·d_w
///   pointwise, normalised     w = f(s + b) / Σf         d_s = f′·(d_w − δ) / Σf
///   whole_row                 w by the state            d_s = g·(d_w − δ),  g = gate(w),  δ = Σ g·d_w / Σ g
///
/// A normaliser's parameter has the sum over all pairs of d_s·s (temperature), d_s (bias), parameter_gate(w)·(d_w − δ)
/// (whole_row).

ATTEND_QUIET_BEGIN

namespace attend {
inline namespace ATTEND_UNIT_NAME {
namespace kernel {

/// What a row is differentiated with.
template <class Number, class State>
struct RowGradient {
  Number log_sum_exp;
  Number delta;
  State const* state;
};

/// One row in one tile, panels from `begin` to `end`. `scores` become weights, `d_weights` d_scores by what the
/// similarity gave; `d_adjusted`, unless null, those by what the adjusters gave, and `normalizer_sum` what the
/// normaliser's parameters need of them.
template <class T, class Block, class Row>
ATTEND_INLINE void differentiate_row(Block const& block, Row const& row, Index tile, Index begin, Index end,
                                     typename Block::Number* scores, typename Block::Number* d_weights,
                                     typename Block::Number const* slopes, typename Block::Number* d_adjusted,
                                     typename Block::Number* normalizer_sum) {
  using Call = typename Block::Call;
  using Number = typename Block::Number;
  using Pack = typename Block::Pack;
  constexpr Family family = Call::Normalizer::family;
  auto const& normalizer = block.call.normalizer;
  bool const nothing = row.log_sum_exp == Block::minus_infinity;
  Pack const zero(Number(0)), delta(row.delta);
  Pack sum = zero;

  // What the family needs of the row, once.
  Number once = 0;
  if constexpr (family == Family::exponential) once = nothing ? Number(0) : row.log_sum_exp;
  if constexpr (family == Family::pointwise)
    once = !normalizer.normalized ? Number(1) : nothing ? Number(0) : Number(1) / std::exp(row.log_sum_exp);
  Number temperature = 1, shift = 0;
  if constexpr (family == Family::exponential) temperature = Number(1.0 / normalizer.temperature);
  if constexpr (family == Family::pointwise) shift = normalizer.template shift<Number>(block.segment.keys);

  for (Index j = begin; j < end; j += T::lanes) {
    Pack const score = Pack::load(scores + j), d_weight = Pack::load(d_weights + j);
    Pack weight, d_score, of_parameter = zero;
    if constexpr (family == Family::exponential) {
      weight = exp_nonpositive(score - Pack(once));
      d_score = weight * (d_weight - delta) * Pack(temperature);
    } else if constexpr (family == Family::pointwise) {
      Dual<Pack> const f(normalizer.weight(Dual<Pack>(score + Pack(shift), Pack(Number(1)))));
      weight = f.value * Pack(once);
      d_score = f.derivative * Pack(once) * (normalizer.normalized ? Pack(d_weight - delta) : d_weight);
    } else {
      using Whole = typename Block::Whole;
      if (nothing) {
        weight = d_score = zero;
      } else if (row.log_sum_exp != row.log_sum_exp) {
        weight = d_score = Pack(row.log_sum_exp);
      } else {
        weight = normalizer.weight(*row.state, score, Whole::consecutive(static_cast<integer_like<Number>>(tile + j)));
        d_score = Pack(normalizer.gate(weight)) * (d_weight - delta);
        if constexpr (learns_of_scores<typename Call::Normalizer>)
          of_parameter = Pack(normalizer.parameter_gate(weight)) * (d_weight - delta);
      }
    }
    // By selection: what stands in a hidden place may be no number.
    auto const hidden = score == Pack(Block::minus_infinity);
    if constexpr (family == Family::exponential) of_parameter = d_score * score;
    if constexpr (family == Family::pointwise) of_parameter = d_score;
    if constexpr (learns_of_scores<typename Call::Normalizer>) sum = sum + select(hidden, zero, of_parameter);
    if constexpr (Call::learned_adjusters > 0) select(hidden, zero, d_score).store(d_adjusted + j);
    if constexpr (Call::has_adjusters) d_score = d_score * Pack::load(slopes + j);
    select(hidden, zero, weight).store(scores + j);
    select(hidden, zero, d_score).store(d_weights + j);
  }
  if constexpr (learns_of_scores<typename Call::Normalizer>) (Pack::load(normalizer_sum) + sum).store(normalizer_sum);
}

}  // namespace kernel
}  // namespace ATTEND_UNIT_NAME
}  // namespace attend

ATTEND_QUIET_END
