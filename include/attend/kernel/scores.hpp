#pragma once

#include <attend/core/dual.hpp>
#include <attend/kernel/block.hpp>
#include <attend/simd/math.hpp>

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
                                       Index stride) {
  constexpr int most = score_rows<T, Similarity>;
  int r = 0;
  if constexpr (most > 4)
    for (; r + most <= rows; r += most)
      score_panel<T, most, vectors>(similarity, queries + r, keys, weights, features, scores + r * stride, stride);
  for (; r + 4 <= rows; r += 4)
    score_panel<T, 4, vectors>(similarity, queries + r, keys, weights, features, scores + r * stride, stride);
  for (; r < rows; ++r)
    score_panel<T, 1, vectors>(similarity, queries + r, keys, weights, features, scores + r * stride, stride);
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

/// Adjusters, then masks, on the scores of one strip and one panel; −∞ marks what is not seen. With `slopes`, leaves
/// there what the adjusters' derivative by the similarity is.
template <class T, bool with_slopes, class Block>
ATTEND_INLINE void adjust_panel(Block const& block, int strip, int rows, Index key, Index keys, bool masked,
                                typename Block::Number* scores, typename Block::Number* slopes) {
  using Call = typename Block::Call;
  using Number = typename Block::Number;
  using Pack = typename Block::Pack;
  using Whole = typename Block::Whole;
  using Integer = integer_like<Number>;
  Call const& call = block.call;
  Segment const& segment = block.segment;
  for (int r = 0; r < rows; ++r) {
    Position<Whole> p = block.position(block.place(strip + r));
    for (int half = 0; half < 2; ++half) {
      Index const from = key + half * T::lanes, left = keys - half * T::lanes;
      Number* const here = scores + r * block.scratch.score_stride + half * T::lanes;
      if (left <= 0) {
        Pack(Block::minus_infinity).store(here);
        continue;
      }
      p.key = Whole::consecutive(static_cast<Integer>(from));
      p.column = Whole::consecutive(static_cast<Integer>(segment.key + from));
      Pack score = Pack::load(here);
      if constexpr (Call::has_adjusters && with_slopes) {
        Number* const slope = slopes + r * block.scratch.score_stride + half * T::lanes;
        score = adjust_with_slopes<0>(call, p, score, slope, block.scratch.slope_plane).value;
      } else if constexpr (Call::has_adjusters) {
        std::apply(
            [&](auto const&... adjuster) __attribute__((always_inline)) { ((score = Pack(adjuster(score, p))), ...); },
            call.adjusters);
      }
      if constexpr (Call::Normalizer::family == Family::exponential)
        score = score * Number(1.0 / call.normalizer.temperature);
      if constexpr (Call::Normalizer::family == Family::pick) score = Pack(call.normalizer.perturb(score, p));
      typename Pack::mask visible = p.key < Whole(segment.keys);
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
  Index const features = block.call.features.count;
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
    if (here <= T::lanes)
      score_rows_of_strip<T, 1>(similarity, rows, queries, keys + panel * features, weights, features, scores + panel,
                                block.scratch.score_stride);
    else
      score_rows_of_strip<T, 2>(similarity, rows, queries, keys + panel * features, weights, features, scores + panel,
                                block.scratch.score_stride);
    bool const masked = cover == Coverage::some;
    if (Call::has_adjusters || masked || here < T::panel || Call::Normalizer::family == Family::pick ||
        has_temperature(block))
      adjust_panel<T, with_slopes>(block, strip, rows, tile + panel, here, masked, scores + panel,
                                   with_slopes && Call::has_adjusters ? slopes + panel : nullptr);
    std::uint64_t const bit = std::uint64_t{1} << (panel / T::panel);
    range.computed |= bit;
    if (Call::has_adjusters || masked) range.partial |= bit;
    if (range.empty()) range.begin = panel;
    range.end = panel + T::panel;
  }
  return range;
}

}  // namespace kernel
}  // namespace ATTEND_UNIT_NAME
}  // namespace attend

ATTEND_QUIET_END
