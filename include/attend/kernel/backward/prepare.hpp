#pragma once

#include <attend/kernel/backward/memory.hpp>
#include <attend/kernel/forward.hpp>

/// What is packed before gradients are summed: tokens as the products read them, and one number a row.

ATTEND_QUIET_BEGIN

namespace attend {
inline namespace ATTEND_UNIT_NAME {
namespace kernel {

/// The first `count` rows of [feature][step] to [row][row_stride], zeros behind the last feature. Squares are of 16
/// bytes: the rows of a strip are no whole vectors of the wider sets.
template <class Number>
ATTEND_INLINE void rows_from_features(Number const* from, Index step, Index features, Index count, Number* rows,
                                      Index row_stride) {
  constexpr int lanes = 16 / static_cast<int>(sizeof(Number));
  for (Index f = 0; f < row_stride; f += lanes) {
    Number const* lines[lanes];
    for (int i = 0; i < lanes; ++i) lines[i] = f + i < features ? from + (f + i) * step : nullptr;
    transpose_tokens<lanes>(lines, 1, count, pack<Number, lanes>(1), rows + f, row_stride);
  }
}

/// Whether all of `count` numbers are finite, which are whole vectors.
template <class T, class Number>
[[nodiscard]] ATTEND_INLINE bool all_finite(Number const* numbers, Index count) {
  pack<Number, T::lanes> poison(Number(0));  // x · 0 is 0 for finite x, else NaN
  for (Index i = 0; i < count; i += T::lanes)
    poison = poison + pack<Number, T::lanes>::load(numbers + i) * pack<Number, T::lanes>(Number(0));
  return sum_of(poison) == Number(0);
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
    Number* const rows = packs.key_rows + first * packs.feature_stride;
    for (Index j = 0; j < keys; j += T::panel)
      rows_from_features(packs.key_panels + (first + j) * features, T::panel, features,
                         std::min<Index>(T::panel, keys - j), rows + j * packs.feature_stride, packs.feature_stride);
    packs.finite_keys[tile] = all_finite<T>(rows, keys * packs.feature_stride);
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
    auto const& arrays = backward.arrays;
    auto const line_of = [&](auto const& heads, int r) __attribute__((always_inline)) {
      QueryPlace const place = block.place(r);
      return heads.head(unit.segment.batch, place.head).row(unit.segment.row + place.row);
    };
    for (int strip = 0; strip < count; strip += T::rows) {
      int const rows = std::min(T::rows, count - strip);
      rows_from_features(scratch.queries + strip * features, T::rows, features, rows,
                         packs.query_rows + (at + strip) * packs.feature_stride, packs.feature_stride);
      transpose_strip<T>(
          [&](int r)
              __attribute__((always_inline)) { return r < rows ? line_of(arrays.d_output, strip + r) : nullptr; },
          arrays.d_output.strides().dim, e, packs.d_output_strips + (at + strip) * e);
    }
    Index const d_stride = arrays.d_output.strides().dim, stride = arrays.output.strides().dim;
    for (int r = 0; r < count; ++r) {
      using Vector = attend::pack<Number, T::lanes>;
      auto const* const d_output = line_of(arrays.d_output, r);
      auto const* const output = line_of(arrays.output, r);
      Vector dot(Number(0));
      for (Index f = 0; f < e; f += T::lanes) {
        Vector const x = load_some<Number, T::lanes>(d_output + f * d_stride, d_stride, e - f);
        x.store(packs.d_output_rows + (at + r) * packs.value_stride + f);
        dot = dot + x * load_some<Number, T::lanes>(output + f * stride, stride, e - f);
      }
      packs.delta[at + r] = sum_of(dot);
      packs.log_sum_exp[at + r] = *line_of(arrays.log_sum_exp, r);
    }
    packs.finite_rows[number] =
        all_finite<T>(packs.query_rows + at * packs.feature_stride, count * packs.feature_stride) &&
        all_finite<T>(packs.d_output_rows + at * packs.value_stride, count * packs.value_stride);

    if constexpr (Call::Normalizer::family == Family::pick) {
      begin_rows<T>(block);
      attend_online<T, false>(block);
      for (int r = 0; r < count; ++r)
        packs.picked[at + r] = scratch.largest[r] == scratch.largest[r] ? scratch.picked[r] : -1;
    }
    if constexpr (Call::Normalizer::family == Family::whole_row) solve_rows<T>(block, packs, at);
    if (arrays.d_log_sum_exp.data() != nullptr)
      for (int r = 0; r < count; ++r) packs.delta[at + r] -= *line_of(arrays.d_log_sum_exp, r);
  }
};

}  // namespace kernel
}  // namespace ATTEND_UNIT_NAME
}  // namespace attend

ATTEND_QUIET_END
