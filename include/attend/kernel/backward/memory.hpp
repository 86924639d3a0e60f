#pragma once

#include <attend/kernel/backward/call.hpp>
#include <attend/kernel/backward/pairs.hpp>
#include <attend/kernel/rows.hpp>
#include <attend/kernel/scratch.hpp>

namespace attend {
inline namespace ATTEND_UNIT_NAME {
namespace kernel {

struct NoState {};

/// What a whole-row normaliser's `solve` gives: rows keep it, since τ alone loses digits of huge scores.
template <class T, class Call>
struct RowState {
  using type = NoState;
};
template <class T, class Call>
  requires(Call::Normalizer::family == Family::whole_row)
struct RowState<T, Call> {
  using Number = typename Call::Number;
  using type = decltype(std::declval<typename Call::Normalizer const&>().solve(std::declval<ScoreRow<T, Number>>()));
};

/// The arrays of one unit, packed once for all of its chunks. Everything is of length n or m.
///
/// Strips and panels are feature-major, for the products with one sum a pair (scores, d_weight); rows are
/// feature-contiguous, for the products with one sum a feature (d_query, d_key, d_value).
template <class T, class Call>
struct GradientPack {
  using Number = typename Call::Number;
  using State = typename RowState<T, Call>::type;
  static constexpr Index block = GradientUnit::block;

  Number* query_strips = nullptr;       // a block: strips of [feature][rows]
  Number* query_rows = nullptr;         // [row][feature_stride]
  Number* d_output_strips = nullptr;    // a block: strips of [e][rows]
  Number* d_output_rows = nullptr;      // [row][value_stride]
  Number* log_sum_exp = nullptr;        // [row]
  Number* delta = nullptr;              // [row]: Σ_j w_j · d_w_j, less d_log_sum_exp
  State* states = nullptr;              // [row]
  Index* picked = nullptr;              // [row]
  Number* key_panels = nullptr;         // a tile: panels of [feature][panel]
  Number* key_rows = nullptr;           // [key][feature_stride]
  Number* value_panels = nullptr;       // a tile: panels of [e][panel]
  Number* d_query = nullptr;            // [row][feature_stride], of features
  Number* d_key = nullptr;              // [key][feature_stride], of features
  std::uint8_t* finite_rows = nullptr;  // [block]: queries and d_output are all finite
  std::uint8_t* finite_keys = nullptr;  // [tile]: the features of keys are
  Index feature_stride = 0, value_stride = 0;

  GradientPack(Carver& carver, Call const& call, GradientUnit const& unit) {
    Index const features = call.features.count, e = call.value.dim();
    Index const rows = unit.blocks * block, keys = round_up(unit.segment.keys, T::panel);
    constexpr Family family = Call::Normalizer::family;
    feature_stride = round_up(features, T::lanes);
    value_stride = round_up(e, T::lanes);
    query_strips = carver.take<Number>(rows * features);
    query_rows = carver.take<Number>(rows * feature_stride);
    d_output_strips = carver.take<Number>(rows * e);
    d_output_rows = carver.take<Number>(rows * value_stride);
    log_sum_exp = carver.take<Number>(rows);
    delta = carver.take<Number>(rows);
    states = carver.take<State>(family == Family::whole_row ? rows : 0);
    picked = carver.take<Index>(family == Family::pick ? rows : 0);
    key_panels = carver.take<Number>(keys * features);
    key_rows = carver.take<Number>(keys * feature_stride);
    value_panels = carver.take<Number>(keys * e);
    d_query = carver.take<Number>(rows * feature_stride);
    d_key = carver.take<Number>(keys * feature_stride);
    finite_rows = carver.take<std::uint8_t>(unit.blocks);
    finite_keys = carver.take<std::uint8_t>(unit.tiles);
  }
};

/// What a block of queries needs to be scored; see Block.
template <class Number>
struct StripMemory {
  Number* queries = nullptr;
  Number* room = nullptr;
  Index score_stride = 0;
  Index slope_plane = 0;
};

/// Working memory of one task.
template <class T, class Call>
struct GradientScratch {
  using Number = typename Call::Number;
  static constexpr Index block = GradientUnit::block;

  Number* weights = nullptr;     // [block][score_stride]: scores, then weights
  Number* d_scores = nullptr;    // [block][score_stride]: d_weights, then d_scores
  Number* slopes = nullptr;      // planes of [block][score_stride], where there are adjusters; see adjust_with_slopes
  Number* d_adjusted = nullptr;  // [score_stride]: one row's d_scores before the adjusters
  Number* d_value = nullptr;     // [tile][value_stride]
  std::uint8_t* seen = nullptr;  // [block][score_stride]
  PairMemory<Number> pairs;      // where the similarity is no dot product

  static constexpr Index slope_plane = block * T::score_stride;

  GradientScratch(Carver& carver, Call const& call) {
    weights = carver.take<Number>(block * T::score_stride);
    d_scores = carver.take<Number>(block * T::score_stride);
    slopes = carver.take<Number>(Call::has_adjusters ? (1 + Call::learned_adjusters) * slope_plane : 0);
    d_adjusted = carver.take<Number>(Call::learned_adjusters > 0 ? T::score_stride : 0);
    d_value = carver.take<Number>(T::tile * round_up(call.value.dim(), T::lanes));
    seen = carver.take<std::uint8_t>(block * T::score_stride);
    if constexpr (!is_dot_product<typename Call::Similarity>) {
      pairs.d_query = carver.take<Number>(call.features.count * T::lanes);
      pairs.d_keys = carver.take<Number>(call.features.count * T::tile);
      pairs.prefix = carver.take<Number>(call.features.count * T::lanes);
    }
  }
};

}  // namespace kernel
}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
