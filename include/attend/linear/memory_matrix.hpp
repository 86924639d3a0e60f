#pragma once

#include <attend/kernel/features.hpp>

/// What is done with some columns of a head's memory S (d, e), kept as [f][columns]. Columns of S never meet: each
/// belongs to one feature of values. So they are worked on a few vectors at a time, and the result has the same bits
/// however they are shared out.

ATTEND_QUIET_BEGIN

namespace attend {
inline namespace ATTEND_UNIT_NAME {
namespace linear_detail {

/// Features that one sum runs over before it is added to the sum of all.
inline constexpr Index chain = 64;

/// Calls visit(f) for all features of each chain and end_chain() after it.
template <class Visit, class End>
ATTEND_INLINE void for_each_chain(Index features, Visit const& visit, End const& end_chain) {
  for (Index begin = 0; begin < features; begin += chain) {
    Index const end = std::min(begin + chain, features);
    for (Index f = begin; f < end; ++f) visit(f);
    end_chain();
  }
}

/// `vectors` vectors of columns.
template <class Numeric, int vector_lanes, int vectors>
struct Columns {
  using Number = Numeric;
  using Raw = raw_vector<Number, vector_lanes>;
  static constexpr int lanes = vector_lanes;
  static constexpr Index width = vectors * lanes;

  static ATTEND_INLINE void read(Raw (&to)[vectors], Number const* from) {
    ATTEND_UNROLL
    for (int v = 0; v < vectors; ++v) kernel::load(to[v], from + v * lanes);
  }
  static ATTEND_INLINE void write(Number* to, Raw const (&from)[vectors]) {
    ATTEND_UNROLL
    for (int v = 0; v < vectors; ++v) kernel::store(to + v * lanes, from[v]);
  }
  static ATTEND_INLINE void clear(Raw (&sum)[vectors]) {
    ATTEND_UNROLL
    for (int v = 0; v < vectors; ++v) sum[v] = Raw{};
  }
  static ATTEND_INLINE void add(Raw (&sum)[vectors], Raw (&part)[vectors]) {
    ATTEND_UNROLL
    for (int v = 0; v < vectors; ++v) {
      sum[v] = sum[v] + part[v];
      part[v] = Raw{};
    }
  }

  /// The same of a sum in memory, where it takes no registers from the loops.
  static ATTEND_INLINE void add_to(Number* sum, Raw (&part)[vectors]) {
    Raw before[vectors];
    read(before, sum);
    add(before, part);
    write(sum, before);
  }

  /// The columns from `column` on of the caller's S, zeros where there are none; and back.
  template <class Storage>
  static ATTEND_INLINE void load(Heads<Storage> const& matrices, Index batch, Index head, Index d, Index column,
                                 Number* state) {
    for (Index f = 0; f < d; ++f)
      for (Index c = 0; c < width; ++c)
        state[f * width + c] = matrices.data() != nullptr && column + c < matrices.dim()
                                   ? matrices(batch, head, f, column + c)
                                   : Number(0);
  }
  static ATTEND_INLINE void store(Heads<Number> const& matrices, Index batch, Index head, Index d, Index column,
                                  Number const* state) {
    if (matrices.data() == nullptr) return;
    for (Index f = 0; f < d; ++f)
      for (Index c = 0; c < width && column + c < matrices.dim(); ++c)
        matrices(batch, head, f, column + c) = state[f * width + c];
  }

  /// out = Sᵀ q
  static ATTEND_INLINE void answer(Number const* state, Index d, Number const* query, Number* out) {
    Raw part[vectors];
    clear(part);
    write(out, part);
    for_each_chain(
        d,
        [&](Index f) __attribute__((always_inline)) {
          Raw row[vectors];
          read(row, state + f * width);
          ATTEND_UNROLL
          for (int v = 0; v < vectors; ++v) part[v] = part[v] + query[f] * row[v];
        },
        [&]() __attribute__((always_inline)) { add_to(out, part); });
  }

  /// to = diag(decay)·from + k·uᵀ. With a rate, u = rate·(v − (diag(decay)·from)ᵀ k), and what stands in brackets goes
  /// to `missed` unless it is null; without, u = v. `to` may be `from`. Without decay, a null pointer. Where a query is
  /// given, out = toᵀ q: in the same walk over the rows, a third less to load.
  template <bool decays, bool corrects, bool answers>
  static ATTEND_INLINE void enter(Number const* from, Number* to, Index d, Number const* key, Number const* decay,
                                  Number const* value, Number rate, Number* missed, Number const* query, Number* out) {
    Raw added[vectors];
    read(added, value);
    Number const* rows = from;
    if constexpr (corrects) {
      Raw held[vectors], part[vectors];
      clear(held);
      clear(part);
      for_each_chain(
          d,
          [&](Index f) __attribute__((always_inline)) {
            Raw row[vectors];
            read(row, from + f * width);
            if constexpr (decays) {
              ATTEND_UNROLL
              for (int v = 0; v < vectors; ++v) row[v] = decay[f] * row[v];
              write(to + f * width, row);
            }
            ATTEND_UNROLL
            for (int v = 0; v < vectors; ++v) part[v] = part[v] + key[f] * row[v];
          },
          [&]() __attribute__((always_inline)) { add(held, part); });
      if constexpr (decays) rows = to;
      ATTEND_UNROLL
      for (int v = 0; v < vectors; ++v) added[v] = added[v] - held[v];
      if (missed != nullptr) write(missed, added);
      ATTEND_UNROLL
      for (int v = 0; v < vectors; ++v) added[v] = rate * added[v];
    }
    Raw part[vectors];
    clear(part);
    if constexpr (answers) write(out, part);
    for_each_chain(
        d,
        [&](Index f) __attribute__((always_inline)) {
          Raw row[vectors];
          read(row, rows + f * width);
          ATTEND_UNROLL
          for (int v = 0; v < vectors; ++v) {
            if constexpr (decays && !corrects) row[v] = decay[f] * row[v];
            row[v] = row[v] + key[f] * added[v];
            if constexpr (answers) part[v] = part[v] + query[f] * row[v];
          }
          write(to + f * width, row);
        },
        [&]() __attribute__((always_inline)) {
          if constexpr (answers) add_to(out, part);
        });
  }
};

/// Calls visit.operator()<decays, corrects>() for what a call does.
template <class Call, class Visit>
ATTEND_INLINE void with_gates(Call const& call, Visit const& visit) {
  if constexpr (Call::normalized)
    visit.template operator()<false, false>();
  else if (call.corrects())
    call.decays() ? visit.template operator()<true, true>() : visit.template operator()<false, true>();
  else
    call.decays() ? visit.template operator()<true, false>() : visit.template operator()<false, false>();
}

/// Calls visit.operator()<vectors>(column) for pieces of columns from `begin` to before `end`, multiples of lanes:
/// `most` vectors at a time, then one at a time.
template <int most, int lanes, class Visit>
ATTEND_INLINE void for_each_columns(Index begin, Index end, Visit const& visit) {
  Index column = begin;
  for (; column + most * lanes <= end; column += most * lanes) visit.template operator()<most>(column);
  for (; column < end; column += lanes) visit.template operator()<1>(column);
}

}  // namespace linear_detail
}  // namespace ATTEND_UNIT_NAME
}  // namespace attend

ATTEND_QUIET_END
