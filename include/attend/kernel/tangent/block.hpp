#pragma once

#include <attend/kernel/block_scores.hpp>
#include <attend/kernel/forward.hpp>
#include <attend/kernel/tangent/features.hpp>

/// Forward mode, fused: each tile of scores is computed again, with how it moves, and used while it is in the cache.
/// With s the scores and ṡ how they move,
///
///   out = Σ_j w_j · v_j   →   d_out = Σ_j (ẇ_j · v_j + w_j · dv_j)
///
///   exponential               ẇ = w·(ṡ/τ − δ),        δ = Σ w·ṡ/τ
///   pointwise                 ẇ = f′·ṡ
///   pointwise, normalised     ẇ = f′·ṡ / Σf − w·δ,    δ = Σ f′·ṡ / Σf
///   whole_row                 ẇ = g·(ṡ − δ),          g = gate(w),  δ = Σ g·ṡ / Σ g
///
/// δ is known after the last tile only, so what it multiplies is summed by itself: Σ w·v, which is the output that
/// forward kept, or Σ g·v.

ATTEND_QUIET_BEGIN

namespace attend {
inline namespace ATTEND_UNIT_NAME {
namespace kernel {

/// One block of queries of a unit against all of its keys.
template <class Tangent>
struct TangentBlock {
  using Call = typename Tangent::Call;
  using Number = typename Call::Number;
  static constexpr Family family = Call::Normalizer::family;

  Tangent const& tangent;
  GradientUnit const& unit;
  Index number;  // of the block
  Number const* packed_query_map;
  std::byte* packed;
  std::byte* memory;

  template <class Set>
  ATTEND_INLINE void run() const {
    using T = Tiling<Set, Number>;
    Call const& call = tangent.forward;
    Carver carver(packed);
    TangentPack<T, Call> const packs(carver, call, unit);
    Carver work(memory);
    TangentScratch<T, Call> const scratch(work, call, unit.segment.keys);
    StripMemory<Number> const strips{scratch.query_strips, nullptr, T::score_stride, scratch.slope_plane};
    using BlockOfRows = Block<T, Call, StripMemory<Number>>;
    BlockOfRows const block{call,
                            unit.segment,
                            strips,
                            unit.key_head,
                            unit.first_row(number),
                            unit.rows_of(number),
                            packs.key_panels,
                            nullptr,
                            packed_query_map,
                            nullptr};
    pack_query_tangents<T, 0>(tangent, block, scratch);
    if constexpr (family == Family::pick) {
      follow_picks<T>(block, scratch);
    } else {
      if constexpr (family == Family::whole_row) solve_rows<T>(block, scratch);
      clear(scratch.sums, block.count * packs.value_stride);
      if constexpr (family == Family::whole_row) clear(scratch.gate_sums, block.count * packs.value_stride);
      clear(scratch.along, block.count * Index{T::lanes});
      clear(scratch.gate, block.count * Index{T::lanes});
      for_each_tile<T>(
          block, [&](Index tile, Index keys)
                     __attribute__((always_inline)) { move_tile<T>(block, packs, scratch, tile, keys); });
      for (int r = 0; r < block.count; ++r) write_row<T>(block, packs, scratch, r);
    }
  }

 private:
  static ATTEND_INLINE void clear(Number* numbers, Index count) {
    for (Index i = 0; i < count; ++i) numbers[i] = Number(0);
  }

  [[nodiscard]] ATTEND_INLINE Number kept_of(QueryPlace const& at) const {
    return tangent.arrays.log_sum_exp(unit.segment.batch, at.head, unit.segment.row + at.row, 0);
  }

  /// The block as forward sees it, which solves or picks rows.
  template <class T, class BlockOfRows, class Memory, class Use>
  ATTEND_INLINE void with_forward_block(BlockOfRows const& block, Memory const& memory_of_block, Use const& use) const {
    Carver carver(memory_of_block.forward);
    Scratch<T, Call> scratch(carver, block.call, GradientUnit::block, unit.segment.keys, false, true);
    scratch.queries = memory_of_block.query_strips;
    use(Block<T, Call>{block.call, block.segment, scratch, block.key_head, block.first, block.count, block.packed_keys,
                       nullptr, nullptr, nullptr});
  }

  /// pick: a small step moves no pick, so the output moves as the value that was picked.
  template <class T, class BlockOfRows, class Memory>
  ATTEND_INLINE void follow_picks(BlockOfRows const& block, Memory const& memory_of_block) const {
    with_forward_block<T>(
        block, memory_of_block, [&](auto const& forward) __attribute__((always_inline)) {
          begin_rows<T>(forward);
          attend_online<T, false>(forward);
          for (int r = 0; r < block.count; ++r) {
            QueryPlace const at = block.place(r);
            Number const largest = forward.scratch.largest[r];
            Index const picked = forward.scratch.picked[r], i = unit.segment.row + at.row;
            for (Index f = 0; f < block.call.value.dim(); ++f)
              tangent.arrays.d_output(unit.segment.batch, at.head, i, f) =
                  largest != largest ? largest
                  : picked < 0
                      ? Number(0)
                      : tangent.arrays.d_value(unit.segment.batch, unit.key_head, unit.segment.key + picked, f);
          }
        });
  }

  template <class T, class BlockOfRows, class Memory>
  ATTEND_INLINE void solve_rows(BlockOfRows const& block, Memory const& memory_of_block) const {
    with_forward_block<T>(
        block, memory_of_block, [&](auto const& forward) __attribute__((always_inline)) {
          for_each_strip<T>(
              forward, [&](int strip, int rows) __attribute__((always_inline)) {
                Index const padded = score_whole_rows<T>(forward, strip, rows);
                for (int r = 0; r < rows; ++r) {
                  Number const kept = kept_of(block.place(strip + r));
                  if (kept == kept && kept != BlockOfRows::minus_infinity)
                    memory_of_block.states[strip + r] = block.call.normalizer.solve(
                        ScoreRow<T, Number>(forward.scratch.scores + r * forward.scratch.score_stride, padded));
                }
              });
        });
  }

  template <class T, class BlockOfRows, class Packs, class Memory>
  ATTEND_INLINE void move_tile(BlockOfRows const& block, Packs const& packs, Memory const& scratch, Index tile,
                               Index keys) const {
    Call const& call = block.call;
    Index const features = call.features.count, stride = T::score_stride;
    auto const range = score_block<T, GradientUnit::block>(block, tile, keys, packs.key_panels + tile * features,
                                                           scratch.weights, scratch.slopes);
    if (range.empty()) return;
    bool const careful = (Call::has_masks || Call::has_adjusters) && packs.finite_values[tile / T::tile] == 0;
    for_each_strip<T>(
        block, [&](int strip, int rows) __attribute__((always_inline)) {
          for_each_panel<T>(
              block, range, strip, rows, scratch.weights, scratch.d_weights,
              scratch.slopes, [&](Index panel) __attribute__((always_inline)) {
                score_tangents<T>(call.similarity, rows, scratch.both_strips + strip * 2 * features,
                                  packs.both_panels + (tile + panel) * 2 * features, call.features.weights, features,
                                  scratch.d_weights + strip * stride + panel, stride);
              });
          if (careful) note_seen_pairs<T>(block, range, strip, rows, scratch.weights, scratch.seen);
          for (int r = strip; r < strip + rows; ++r) move_row<T>(block, scratch, r, tile, range.begin, range.end);
        });
    Index const end = std::min(range.last_key, keys), value_stride = packs.value_stride;
    ValueTile<Number> const values{packs.values + tile * value_stride, value_stride, keys};
    ValueTile<Number> const d_values{packs.d_values + tile * value_stride, value_stride, keys};
    auto const add = [&](Number const* weights, ValueTile<Number> const& of, Number* sums)
        __attribute__((always_inline)) {
      if (careful)
        accumulate_seen<T, false, true>(block.count, weights, stride, scratch.seen, of, range.begin, end, sums,
                                        value_stride);
      else
        accumulate_rows<T, false, true>(block.count, weights, stride, of, range.begin, end, sums, value_stride);
    };
    add(scratch.d_weights, values, scratch.sums);
    add(scratch.weights, d_values, scratch.sums);
    if constexpr (family == Family::whole_row) add(scratch.gates, values, scratch.gate_sums);
  }

  /// One row in one tile, panels from `begin` to `end`: scores become weights, and how they move what δ is to be taken
  /// from.
  template <class T, class BlockOfRows, class Memory>
  ATTEND_INLINE void move_row(BlockOfRows const& block, Memory const& scratch, int r, Index tile, Index begin,
                              Index end) const {
    using Pack = typename BlockOfRows::Pack;
    using Whole = typename BlockOfRows::Whole;
    auto const& normalizer = block.call.normalizer;
    Number* const scores = scratch.weights + r * T::score_stride;
    Number* const moves = scratch.d_weights + r * T::score_stride;
    Number const kept = kept_of(block.place(r));
    bool const nothing = kept == BlockOfRows::minus_infinity;
    Number temperature = 1, shift = 0, once = 1;
    if constexpr (family == Family::exponential) temperature = Number(1.0 / normalizer.temperature);
    if constexpr (family == Family::pointwise) {
      shift = normalizer.template shift<Number>(block.segment.keys);
      if (normalizer.normalized) once = nothing ? Number(0) : Number(1) / std::exp(kept);
    }
    Pack const zero(Number(0));
    Pack along = Pack::load(scratch.along + r * T::lanes), gate_sum = Pack::load(scratch.gate + r * T::lanes);
    for (Index j = begin; j < end; j += T::lanes) {
      Pack const score = Pack::load(scores + j);
      Pack move = Pack::load(moves + j), weight, gate = zero;
      if constexpr (Call::has_adjusters) move = move * Pack::load(scratch.slopes + r * T::score_stride + j);
      if constexpr (family == Family::exponential) {
        weight = exp_nonpositive(score - Pack(nothing ? Number(0) : kept));
        move = weight * move * Pack(temperature);
      } else if constexpr (family == Family::pointwise) {
        Dual<Pack> const f(normalizer.weight(Dual<Pack>(score + Pack(shift), Pack(Number(1)))));
        weight = f.value * Pack(once);
        move = f.derivative * Pack(once) * move;
      } else if (nothing || kept != kept) {
        weight = gate = Pack(nothing ? Number(0) : kept);
        move = gate * move;
      } else {
        weight = normalizer.weight(scratch.states[r], score,
                                   Whole::consecutive(static_cast<integer_like<Number>>(tile + j)));
        gate = Pack(normalizer.gate(weight));
        move = gate * move;
      }
      // By selection: what stands in a hidden place may be no number.
      auto const hidden = score == Pack(BlockOfRows::minus_infinity);
      move = select(hidden, zero, move);
      gate = select(hidden, zero, gate);
      along = along + move;
      gate_sum = gate_sum + gate;
      move.store(moves + j);
      select(hidden, zero, weight).store(scores + j);
      if constexpr (family == Family::whole_row) gate.store(scratch.gates + r * T::score_stride + j);
    }
    along.store(scratch.along + r * T::lanes);
    gate_sum.store(scratch.gate + r * T::lanes);
  }

  template <class T, class BlockOfRows, class Packs, class Memory>
  ATTEND_INLINE void write_row(BlockOfRows const& block, Packs const& packs, Memory const& scratch, int r) const {
    using Pack = typename BlockOfRows::Pack;
    QueryPlace const at = block.place(r);
    Index const b = unit.segment.batch, i = unit.segment.row + at.row;
    Number delta = sum_of(Pack::load(scratch.along + r * T::lanes));
    if constexpr (family == Family::pointwise)
      if (!block.call.normalizer.normalized) delta = 0;
    if constexpr (family == Family::whole_row) {
      Number const gates = sum_of(Pack::load(scratch.gate + r * T::lanes));
      delta = gates == Number(0) ? Number(0) : delta / gates;
    }
    bool const nothing = kept_of(at) == BlockOfRows::minus_infinity;
    Index const line = r * packs.value_stride;
    for (Index f = 0; f < block.call.value.dim(); ++f) {
      Number around;
      if constexpr (family == Family::whole_row)
        around = scratch.gate_sums[line + f];
      else
        around = static_cast<Number>(tangent.arrays.output(b, at.head, i, f));
      tangent.arrays.d_output(b, at.head, i, f) = nothing ? Number(0) : scratch.sums[line + f] - delta * around;
    }
  }
};

}  // namespace kernel
}  // namespace ATTEND_UNIT_NAME
}  // namespace attend

ATTEND_QUIET_END
