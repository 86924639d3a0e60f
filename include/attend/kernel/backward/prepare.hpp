#pragma once

#include <attend/kernel/backward/memory.hpp>
#include <attend/kernel/forward.hpp>

/// What is packed before gradients are summed: tokens as the products read them, and one number a row.

ATTEND_QUIET_BEGIN

namespace attend {
inline namespace ATTEND_UNIT_NAME {
namespace kernel {

/// [feature][step] to rows of features, zeros behind the last. Returns whether all are finite.
template <class Number>
ATTEND_INLINE bool rows_from_features(Number const* from, Index step, Index features, Index count, Number* rows,
                                      Index row_stride) {
  Number poison = 0;  // x · 0 is 0 for finite x, else NaN
  for (Index r = 0; r < count; ++r) {
    for (Index f = 0; f < features; ++f) {
      Number const x = from[f * step + r];
      rows[r * row_stride + f] = x;
      poison += x * Number(0);
    }
    for (Index f = features; f < row_stride; ++f) rows[r * row_stride + f] = 0;
  }
  return poison == Number(0);
}

/// Packs one tile of keys and values of a unit.
template <class Call>
struct PrepareKeys {
  using Number = typename Call::Number;

  Call const& call;
  GradientUnit const& unit;
  Index tile;  // its number
  Number const* packed_key_map;
  std::byte* packed;
  Number* room;

  template <class Set>
  ATTEND_INLINE void run() const {
    using T = Tiling<Set, Number>;
    Carver carver(packed);
    GradientPack<T, Call> const packs(carver, call, unit);
    Index const features = call.features.count, e = call.value.dim();
    Index const first = tile * T::tile, keys = std::min(T::tile, unit.segment.keys - first);
    PackTile<Call>{call, unit.segment, unit.key_head, first, keys, packed_key_map, packs.key_panels + first * features,
                   room}
        .template run<Set>();
    bool finite = true;
    for (Index j = 0; j < keys; j += T::panel)
      finite &= rows_from_features(packs.key_panels + (first + j) * features, T::panel, features,
                                   std::min<Index>(T::panel, keys - j),
                                   packs.key_rows + (first + j) * packs.feature_stride, packs.feature_stride);
    packs.finite_keys[tile] = finite;
    auto const values = call.value.head(unit.segment.batch, unit.key_head).middle_rows(unit.segment.key + first, keys);
    for (Index j = 0; j < round_up(keys, T::panel); j += T::lanes) {
      typename Call::Value const* token[T::lanes];
      for (int i = 0; i < T::lanes; ++i) token[i] = j + i < keys ? values.row(j + i) : nullptr;
      Index const panel = j / T::panel * T::panel;
      transpose_tokens<T::lanes>(token, values.column_stride, e, attend::pack<Number, T::lanes>(Number(1)),
                                 packs.value_panels + (first + panel) * e + (j - panel), T::panel);
    }
  }
};

/// Whole-row normalisers: solves the rows of a block again and finds δ = Σ_j g_j·d_w_j / Σ_j g_j, where g is the
/// normaliser's `gate`, as d_output · (Σ_j g_j·v_j) / Σ_j g_j.
template <class T, class Block, class Pack>
ATTEND_INLINE void solve_rows(Block const& block, Pack const& packs, Index at) {
  using Number = typename Block::Number;
  using Vector = typename Block::Pack;
  using Whole = typename Block::Whole;
  auto const& normalizer = block.call.normalizer;
  auto const& scratch = block.scratch;
  begin_rows<T>(block);
  for_each_strip<T>(
      block, [&](int strip, int rows) __attribute__((always_inline)) {
        Index const padded = score_whole_rows<T>(block, strip, rows);
        note_seen<T>(block, rows, padded);
        Number gates[T::rows];
        for (int r = 0; r < rows; ++r) {
          Number* const scores = scratch.scores + r * scratch.score_stride;
          Number const kept = packs.log_sum_exp[at + strip + r];
          bool const solved = kept == kept && kept != Block::minus_infinity;
          ScoreRow<T, Number> const row(scores, padded);
          if (solved) packs.states[at + strip + r] = normalizer.solve(row);
          auto const& state = packs.states[at + strip + r];
          Vector sum(Number(0));
          for (Index j = 0; j < padded; j += T::lanes) {
            Vector const score = Vector::load(scores + j);
            Vector gate(Number(0));
            if (solved)
              gate = select(score == Vector(Block::minus_infinity), Vector(Number(0)),
                            Vector(normalizer.gate(normalizer.weight(
                                state, score, Whole::consecutive(static_cast<integer_like<Number>>(j))))));
            gate.store(scores + j);
            sum = sum + gate;
          }
          gates[r] = sum_of(sum);
        }
        accumulate_whole_rows<T>(block, strip, rows);
        for (int r = 0; r < rows; ++r) {
          Number const* const sums = scratch.sums + (strip + r) * scratch.value_stride;
          Number const* const d_output = packs.d_output_rows + (at + strip + r) * packs.value_stride;
          Number dot = 0;
          for (Index f = 0; f < block.call.value.dim(); ++f) dot += d_output[f] * sums[f];
          packs.delta[at + strip + r] = gates[r] > Number(0) ? dot / gates[r] : Number(0);
        }
      });
}

/// Packs one block of queries of a unit, with their gradients and row numbers. Keys come first.
template <class Backward>
struct PrepareRows {
  using Call = typename Backward::Call;
  using Number = typename Call::Number;

  Backward const& backward;
  GradientUnit const& unit;
  Index number;  // of the block
  Number const* packed_query_map;
  std::byte* packed;
  std::byte* memory;  // of a forward block

  template <class Set>
  ATTEND_INLINE void run() const {
    using T = Tiling<Set, Number>;
    Call const& call = backward.forward;
    Carver carver(packed);
    GradientPack<T, Call> const packs(carver, call, unit);
    Carver work(memory);
    Scratch<T, Call> scratch(work, call, GradientUnit::block, unit.segment.keys, false, reads_values_in_place<T>(call));
    Index const at = number * GradientUnit::block, features = call.features.count, e = call.value.dim();
    int const count = unit.rows_of(number);
    scratch.queries = packs.query_strips + at * features;
    Block<T, Call> const block{call,  unit.segment,     scratch, unit.key_head,    unit.first_row(number),
                               count, packs.key_panels, nullptr, packed_query_map, nullptr};
    block.pack_queries();

    if (unit.chunks == 0)  // nobody else begins the sums of queries that see no key
      for (Index i = 0; i < GradientUnit::block * packs.feature_stride; ++i)
        packs.d_query[at * packs.feature_stride + i] = 0;
    bool finite = true;
    for (int strip = 0; strip < count; strip += T::rows)
      finite &= rows_from_features(scratch.queries + strip * features, T::rows, features,
                                   std::min<Index>(T::rows, count - strip),
                                   packs.query_rows + (at + strip) * packs.feature_stride, packs.feature_stride);
    Number poison = 0;
    for (int r = 0; r < round_up(count, T::rows); ++r) {
      Number* const strip = packs.d_output_strips + (at + r / T::rows * T::rows) * e + r % T::rows;
      Number* const row = packs.d_output_rows + (at + r) * packs.value_stride;
      if (r >= count) {
        for (Index f = 0; f < e; ++f) strip[f * T::rows] = 0;
        continue;
      }
      QueryPlace const place = block.place(r);
      Index const b = unit.segment.batch, i = unit.segment.row + place.row;
      auto const& arrays = backward.arrays;
      Number dot = 0;
      for (Index f = 0; f < e; ++f) {
        Number const x = static_cast<Number>(arrays.d_output(b, place.head, i, f));
        row[f] = strip[f * T::rows] = x;
        poison += x * Number(0);
        dot += x * static_cast<Number>(arrays.output(b, place.head, i, f));
      }
      for (Index f = e; f < packs.value_stride; ++f) row[f] = 0;
      packs.log_sum_exp[at + r] = arrays.log_sum_exp(b, place.head, i, 0);
      packs.delta[at + r] = dot;
    }
    packs.finite_rows[number] = finite && poison == Number(0);

    if constexpr (Call::Normalizer::family == Family::pick) {
      begin_rows<T>(block);
      attend_online<T, false>(block);
      for (int r = 0; r < count; ++r)
        packs.picked[at + r] = scratch.largest[r] == scratch.largest[r] ? scratch.picked[r] : -1;
    }
    if constexpr (Call::Normalizer::family == Family::whole_row) solve_rows<T>(block, packs, at);
    if (backward.arrays.d_log_sum_exp.data() != nullptr)
      for (int r = 0; r < count; ++r) {
        QueryPlace const place = block.place(r);
        packs.delta[at + r] -=
            backward.arrays.d_log_sum_exp(unit.segment.batch, place.head, unit.segment.row + place.row, 0);
      }
  }
};

}  // namespace kernel
}  // namespace ATTEND_UNIT_NAME
}  // namespace attend

ATTEND_QUIET_END
