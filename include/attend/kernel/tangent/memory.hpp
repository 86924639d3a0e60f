#pragma once

#include <attend/kernel/backward/call.hpp>
#include <attend/kernel/backward/memory.hpp>

namespace attend {
inline namespace ATTEND_UNIT_NAME {
namespace kernel {

/// What forward mode is handed besides the arrays of the forward call, and where the answer goes.
template <class Number, class Output>
struct TangentArrays {
  Heads<Output const> output;                   // (b, h, n, e) as forward left it
  Heads<Number const> log_sum_exp;              // (b, h, n, 1) likewise
  Heads<Number const> d_query, d_key, d_value;  // directions, of the sizes of q, k and v
  Heads<Number> d_output;                       // (b, h, n, e)
};

template <class CallType, class ArraysType>
struct TangentCall {
  using Call = CallType;
  using Arrays = ArraysType;
  using Number = typename Call::Number;

  Call const& forward;
  Arrays const& arrays;
};

/// The keys and values of one unit and their directions, packed once for all of its blocks of queries.
///
/// In `both_panels` a key's direction stands before its features, in the strips of queries behind them: the product of
/// the two, of twice as many features, is q·dk + dq·k.
template <class T, class Call>
struct TangentPack {
  using Number = typename Call::Number;

  Number* key_panels = nullptr;           // a tile: panels of [feature][panel]
  Number* both_panels = nullptr;          // a tile: panels of [2 · feature][panel]
  Number* values = nullptr;               // [key][value_stride]
  Number* d_values = nullptr;             // [key][value_stride]
  std::uint8_t* finite_values = nullptr;  // [tile]: values and their directions are
  Index value_stride = 0;

  TangentPack(Carver& carver, Call const& call, GradientUnit const& unit) {
    Index const features = call.features.count, keys = round_up(unit.segment.keys, T::panel);
    value_stride = round_up(call.value.dim(), T::lanes);
    key_panels = carver.take<Number>(keys * features);
    both_panels = carver.take<Number>(keys * 2 * features);
    values = carver.take<Number>(keys * value_stride);
    d_values = carver.take<Number>(keys * value_stride);
    finite_values = carver.take<std::uint8_t>(unit.tiles);
  }
};

/// Working memory of one block of queries.
template <class T, class Call>
struct TangentScratch {
  using Number = typename Call::Number;
  using State = typename RowState<T, Call>::type;
  static constexpr Index block = GradientUnit::block;
  static constexpr Family family = Call::Normalizer::family;

  Number* query_strips = nullptr;  // strips of [feature][rows]
  Number* both_strips = nullptr;   // strips of [2 · feature][rows]
  Number* weights = nullptr;       // [block][score_stride]: scores, then weights
  Number* d_weights = nullptr;   // [block][score_stride]: d_scores, then what d_weights has before δ is taken from it
  Number* gates = nullptr;       // [block][score_stride], of whole-row normalisers
  Number* slopes = nullptr;      // planes of [block][score_stride], where there are adjusters
  std::uint8_t* seen = nullptr;  // [block][score_stride]
  Number* sums = nullptr;        // [block][value_stride]: Σ d_w·v + w·dv, d_w before δ
  Number* gate_sums = nullptr;   // [block][value_stride]: Σ gate·v
  Number* along = nullptr;       // [block][lanes]: Σ d_w before δ
  Number* gate = nullptr;        // [block][lanes]: Σ gate
  State* states = nullptr;       // [block]
  Number* room = nullptr;        // for map_tokens
  std::byte* forward = nullptr;  // a Scratch, where rows are solved or picked again

  static constexpr Index slope_plane = block * T::score_stride;

  TangentScratch(Carver& carver, Call const& call, Index most_keys) {
    constexpr bool whole_row = family == Family::whole_row;
    Index const strips = round_up(block, T::rows), features = call.features.count;
    Index const value_stride = round_up(call.value.dim(), T::lanes);
    query_strips = carver.take<Number>(strips * features);
    both_strips = carver.take<Number>(strips * 2 * features);
    weights = carver.take<Number>(block * T::score_stride);
    d_weights = carver.take<Number>(block * T::score_stride);
    gates = carver.take<Number>(whole_row ? block * T::score_stride : 0);
    slopes = carver.take<Number>(Call::has_adjusters ? (1 + Call::learned_adjusters) * slope_plane : 0);
    seen = carver.take<std::uint8_t>(block * T::score_stride);
    sums = carver.take<Number>(block * value_stride);
    gate_sums = carver.take<Number>(whole_row ? block * value_stride : 0);
    along = carver.take<Number>(block * T::lanes);
    gate = carver.take<Number>(block * T::lanes);
    states = carver.take<State>(whole_row ? block : 0);
    room = carver.take<Number>(
        std::max(map_room<T>(call.features.query, call.query.dim()), map_room<T>(call.features.key, call.key.dim())));
    if constexpr (whole_row || family == Family::pick) {
      Carver inner;
      Scratch<T, Call>(inner, call, block, most_keys, false, true);
      forward = carver.take<std::byte>(static_cast<Index>(inner.used()));
    }
  }
};

}  // namespace kernel
}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
