#pragma once

#include <attend/core/dual.hpp>
#include <attend/kernel/block.hpp>
#include <attend/kernel/stored.hpp>
#include <attend/kernel/token_scales.hpp>
#include <attend/simd/math.hpp>

#include <array>

ATTEND_QUIET_BEGIN

namespace attend {
inline namespace ATTEND_UNIT_NAME {
namespace kernel {

/// Similarities whose `combine` is itself many instructions (a tanh, say) gain nothing from 24 sums at a time.
template <class T, class Similarity>
inline constexpr int score_rows = is_dot_product<Similarity> ? T::score_rows : 4;

/// Micro-kernels over the rows of a strip: as many at a time as fit, the rest by fours and ones.
template <class T, int vectors, class Similarity, class Number>
ATTEND_INLINE void score_rows_of_strip(Similarity const& similarity, int rows, Number const* queries,
                                       Number const* keys, Number const* weights, Index features, Number* scores,
                                       Index stride, Number factor = 1) {
  constexpr int most = score_rows<T, Similarity>;
  int r = 0;
  if constexpr (most > 4)
    for (; r + most <= rows; r += most)
      score_panel<T, most, vectors>(similarity, queries + r, keys, weights, features, scores + r * stride, stride,
                                    factor);
  for (; r + 4 <= rows; r += 4)
    score_panel<T, 4, vectors>(similarity, queries + r, keys, weights, features, scores + r * stride, stride, factor);
  for (; r < rows; ++r)
    score_panel<T, 1, vectors>(similarity, queries + r, keys, weights, features, scores + r * stride, stride, factor);
}

/// Whether keys can be compared as they lie in memory: numbers side by side that nothing is done to before.
template <class Call>
inline constexpr bool compares_stored_keys =
    is_dot_product<typename Call::Similarity> && !Call::maps_keys && !requires { Call::Similarity::keys_are_a_table; };

/// A block of a row or a few, as in decoding: packing a tile of keys would cost more than what is done with it, so each
/// square of it is turned in registers. The sums are those of panels, number by number.
template <class Block>
[[nodiscard]] ATTEND_INLINE bool turns_keys_in_registers(Block const& block) {
  if constexpr (!compares_stored_keys<typename Block::Call>) {
    return false;
  } else {
    auto const& map = block.call.features.key;
    return block.count <= most_few_rows && block.packed_keys == nullptr && block.call.key.strides().dim == 1 &&
           map.matrix.data == nullptr && !map.to_unit_length && map.scale == typename Block::Number(1);
  }
}

/// scores (rows, count) = queries · keys for the first keys, those of one panel; behind the last, 0.
///
///   queries   [feature][T::rows]      keys   as stored, with contiguous features, to the end of the segment
template <class T, int rows, class Number, class Storage>
ATTEND_INLINE void score_stored_keys(Number const* queries, View<Storage> const& keys, Index count, Number* scores,
                                     Index score_stride, Number factor) {
  using Raw = raw_vector<Number, T::lanes>;
  for (Index group = 0; group < count; group += T::lanes) {
    Raw total[rows] = {};
    FewRows<Number> const few{queries, T::rows, 1};
    auto const tokens = keys.middle_rows(group, keys.rows - group);
    Index const here = std::min<Index>(T::lanes, count - group);
    if constexpr (T::bfloat16)
      add_stored_words<T, rows>(few, tokens, here, total);
    else
      add_stored_products<T, rows, Number>(few, tokens, here, 0, keys.columns, total);
    ATTEND_UNROLL
    for (int r = 0; r < rows; ++r)
      store(scores + r * score_stride + group, T::bfloat16 ? Raw(total[r] * factor) : total[r]);
  }
}

/// What scores are still to be multiplied by: packing scales numbers, but not words of bfloat16.
template <class T, class Call>
[[nodiscard]] ATTEND_INLINE typename Call::Number factor_of(Call const& call) {
  if constexpr (T::bfloat16) return call.features.query.scale * call.features.key.scale;
  return typename Call::Number(1);
}

/// One strip of a block that turns its keys in registers, against the keys of one panel.
template <class T, class Block>
ATTEND_INLINE void score_stored_panel(Block const& block, int rows, Index key, Index keys,
                                      typename Block::Number* scores) {
  auto const stored = block.call.key.head(block.segment.batch, block.key_head)
                          .middle_rows(block.segment.key + key, block.segment.keys - key);
  auto const* const queries = block.scratch.queries;
  Index const stride = block.scratch.score_stride;
  auto const factor = factor_of<T>(block.call);
  if (rows == most_few_rows)
    score_stored_keys<T, most_few_rows>(queries, stored, keys, scores, stride, factor);
  else
    for (int r = 0; r < rows; ++r)
      score_stored_keys<T, 1>(queries + r, stored, keys, scores + r * stride, stride, factor);
}

template <class Block>
[[nodiscard]] ATTEND_INLINE bool has_temperature(Block const& block) {
  if constexpr (Block::Call::Normalizer::family == Family::exponential)
    return block.call.normalizer.temperature != 1.0;
  else
    return false;
}

/// The adjusters from number `index` on, one after the other, and the derivative of them all by the score that they are
/// handed. Before each one that learns, leaves in a plane of its own what those after it make of a change: plane 0 is
/// the derivative by the similarity's score, plane 1 + l that by what learned adjuster l returned.
template <std::size_t index, class Call, class Pack, class Place, class Number>
[[nodiscard]] ATTEND_INLINE Dual<Pack> adjust_with_slopes(Call const& call, Place const& p, Pack const& score,
                                                          Number* slopes, Index plane) {
  if constexpr (index == std::tuple_size_v<decltype(call.adjusters)>) {
    return Dual<Pack>(score, Pack(Number(1)));
  } else {
    auto const& adjuster = std::get<index>(call.adjusters);
    Dual<Pack> const here(adjuster(Dual<Pack>(score, Pack(Number(1))), p));
    constexpr bool learns = Learned<decltype(adjuster)>;
    Number* const next = learns ? slopes + plane : slopes;
    Dual<Pack> const after = adjust_with_slopes<index + 1>(call, p, here.value, next, plane);
    if constexpr (learns) after.derivative.store(next);
    Dual<Pack> const all(after.value, after.derivative * here.derivative);
    if constexpr (index == 0) all.derivative.store(slopes);
    return all;
  }
}

/// What the masks do to the two vectors of a panel.
using PanelCoverage = std::array<Coverage, 2>;

/// Adjusters, then masks, on the scores of one strip and one panel; −∞ marks what is not seen. With `slopes`, leaves
/// there what the adjusters' derivative by the similarity is. `changes_all` says that not only masks have a say.
template <class T, bool with_slopes, class Block>
ATTEND_INLINE void adjust_panel(Block const& block, int strip, int rows, Index key, Index keys,
                                PanelCoverage const& coverage, bool changes_all, typename Block::Number* scores,
                                typename Block::Number* slopes) {
  using Call = typename Block::Call;
  using Number = typename Block::Number;
  using Pack = typename Block::Pack;
  using Whole = typename Block::Whole;
  using Integer = integer_like<Number>;
  Call const& call = block.call;
  Segment const& segment = block.segment;
  for (int r = 0; r < rows; ++r) {
    Position<Whole> p = block.position(block.place(strip + r));
    for (std::size_t half = 0; half < 2; ++half) {
      Index const skip = static_cast<Index>(half) * T::lanes, from = key + skip;
      Number* const here = scores + r * block.scratch.score_stride + skip;
      if (keys <= skip || coverage[half] == Coverage::none) {
        Pack(Block::minus_infinity).store(here);
        continue;
      }
      bool const masked = coverage[half] == Coverage::some;
      if (!changes_all && !masked) continue;
      p.key = Whole::consecutive(static_cast<Integer>(from));
      p.column = Whole::consecutive(static_cast<Integer>(segment.key + from));
      Pack score = Pack::load(here);
      if constexpr (Call::has_adjusters && with_slopes) {
        Number* const slope = slopes + r * block.scratch.score_stride + skip;
        score = adjust_with_slopes<0>(call, p, score, slope, block.scratch.slope_plane).value;
      } else if constexpr (Call::has_adjusters) {
        std::apply(
            [&](auto const&... adjuster) __attribute__((always_inline)) { ((score = Pack(adjuster(score, p))), ...); },
            call.adjusters);
      }
      if constexpr (Call::Normalizer::family == Family::exponential)
        score = score * Number(1.0 / call.normalizer.temperature);
      if constexpr (Call::Normalizer::family == Family::pick) score = Pack(call.normalizer.perturb(score, p));
      // Joined at once: where GCC 12 uses the outcome of a comparison twice, it compares 64 bytes lane by lane.
      typename Pack::mask visible = p.key < Whole(segment.keys) && typename Pack::mask(true);
      if constexpr (Call::has_masks)
        if (masked)
          std::apply(
              [&](auto const&... mask)
                  __attribute__((always_inline)) { ((visible = visible && typename Pack::mask(mask(p))), ...); },
              call.masks);
      select(visible, score, Pack(Block::minus_infinity)).store(here);
    }
  }
}

/// Scores of one strip against one tile, adjusted and masked. Panels that the masks empty are not computed; between
/// computed ones they hold −∞.
template <class T, bool with_slopes = false, class Block>
[[nodiscard]] ATTEND_INLINE KeyRange score_strip(Block const& block, int strip, int rows, Index tile, Index tile_keys,
                                                 typename Block::Number const* keys, typename Block::Number* scores,
                                                 typename Block::Number* slopes = nullptr) {
  using Call = typename Block::Call;
  KeyRange range;
  Coverage const whole = block.coverage(strip, rows, tile, tile_keys);
  if (whole == Coverage::none) return range;
  Index const features = T::steps(block.call.features.count);
  auto const factor = factor_of<T>(block.call);
  auto const& similarity = block.call.similarity;
  auto const* const queries = block.scratch.queries + strip * features;
  auto const* const weights = block.call.features.weights;
  for (Index panel = 0; panel < tile_keys; panel += T::panel) {
    Index const here = std::min<Index>(T::panel, tile_keys - panel);
    Coverage const cover = whole == Coverage::all ? Coverage::all : block.coverage(strip, rows, tile + panel, here);
    if (cover == Coverage::none) {
      if (!range.empty())
        for (int r = 0; r < rows; ++r)
          for (int c = 0; c < 2; ++c)
            typename Block::Pack(Block::minus_infinity)
                .store(scores + r * block.scratch.score_stride + panel + c * T::lanes);
      continue;
    }
    PanelCoverage halves{cover, cover};
    if (Call::has_masks && cover == Coverage::some && here > T::lanes)
      halves = {block.coverage(strip, rows, tile + panel, T::lanes),
                block.coverage(strip, rows, tile + panel + T::lanes, here - T::lanes)};
    // The slopes of adjusters are wanted wherever a panel is computed.
    bool const leaves_half = halves[1] == Coverage::none && !(with_slopes && Call::has_adjusters);
    Index const computed = leaves_half ? std::min<Index>(here, T::lanes) : here;
    bool stored = false;
    if constexpr (compares_stored_keys<Call>) stored = keys == nullptr;
    if (stored)
      score_stored_panel<T>(block, rows, tile + panel, computed, scores + panel);
    else if (computed <= T::lanes)
      score_rows_of_strip<T, 1>(similarity, rows, queries, keys + panel * features, weights, features, scores + panel,
                                block.scratch.score_stride, factor);
    else
      score_rows_of_strip<T, 2>(similarity, rows, queries, keys + panel * features, weights, features, scores + panel,
                                block.scratch.score_stride, factor);
    if constexpr (Call::scales_tokens)
      scale_columns<T>(block, block.call.key_scale, tile + panel, 0, round_up(computed, T::lanes), rows,
                       scores + panel);
    bool const masked = cover == Coverage::some;
    bool const changes_all =
        Call::has_adjusters || here < T::panel || Call::Normalizer::family == Family::pick || has_temperature(block);
    if (changes_all || masked)
      adjust_panel<T, with_slopes>(block, strip, rows, tile + panel, here, halves, changes_all, scores + panel,
                                   with_slopes && Call::has_adjusters ? slopes + panel : nullptr);
    std::uint64_t const bit = std::uint64_t{1} << (panel / T::panel);
    range.computed |= bit;
    if (Call::has_adjusters || masked) range.partial |= bit;
    if (range.empty()) range.begin = panel;
    range.end = panel + T::panel;
    range.last_key = panel + computed;
  }
  return range;
}

}  // namespace kernel
}  // namespace ATTEND_UNIT_NAME
}  // namespace attend

ATTEND_QUIET_END
