#pragma once

#include <attend/core/workspace.hpp>
#include <attend/kernel/slots.hpp>
#include <attend/kernel/stored.hpp>
#include <attend/kernel/workers.hpp>
#include <attend/linear/linear_state.hpp>
#include <attend/linear/pack_steps.hpp>
#include <attend/simd/dispatch.hpp>

/// The forward walk: each task carries some columns of one head's memory over the whole sequence.

ATTEND_QUIET_BEGIN

namespace attend {
inline namespace ATTEND_UNIT_NAME {
namespace linear_detail {

/// The memory that a call begins with and leaves behind; no data where it begins with nothing and nobody asks.
template <class Number>
struct StateArrays {
  Heads<Number> matrices;  // (b, h_kv, d, e)
  Heads<Number> sums;      // (b, h_kv, 1, d)
};

/// Some columns of one head.
template <class Call, class Output>
struct WalkForward {
  using Number = typename Call::Number;
  /// Vectors of columns at a time: sums, what is added and a row of S, four each, fill the registers of AVX2.
  static constexpr int most = 4;
  /// Steps that are packed at a time: they and the memory stay in the first cache.
  static constexpr Index stretch = 16;

  template <int lanes>
  struct Memory {
    PackedSteps<Call, lanes> steps;
    Number* out = nullptr;    // [group][stretch][value_stride]
    Number* sums = nullptr;   // [stride]
    Number* state = nullptr;  // pieces of [f][columns]
    Memory(kernel::Carver& carver, Call const& call) : steps(carver, call, stretch) {
      out = carver.take<Number>(call.group() * stretch * steps.value_stride);
      sums = carver.take<Number>(steps.stride);
      state = carver.take<Number>(call.key.dim() * steps.value_stride);
    }
  };

  Call const& call;
  Heads<Output> const& out;
  StateArrays<Number> const& state;
  Index unit, piece, pieces;
  std::byte* memory;
  Number* last_sums;  // (d): z after the last token, left by the first piece

  template <class Set>
  ATTEND_INLINE void run() const {
    constexpr int lanes = Set::vector_bytes / static_cast<int>(sizeof(Number));
    kernel::Carver carver(memory);
    Memory<lanes> const room(carver, call);
    Index const batch = unit / call.key.heads(), head = unit % call.key.heads(), d = call.key.dim();
    Index const blocks = kernel::round_up(room.steps.value_stride, most * lanes) / (most * lanes);
    Index const begin = blocks * piece / pieces * most * lanes;
    Index const end = std::min(blocks * (piece + 1) / pieces * most * lanes, room.steps.value_stride);
    for_each_columns<most, lanes>(
        begin, end, [&]<int vectors>(Index column) __attribute__((always_inline)) {
          Columns<Number, lanes, vectors>::load(state.matrices, batch, head, d, column,
                                                room.state + (column - begin) * d);
        });
    for (Index f = 0; f < room.steps.stride; ++f)
      room.sums[f] = state.sums.data() != nullptr && f < d ? state.sums(batch, head, 0, f) : Number(0);

    auto const steps = call.steps(batch);
    for (Index first = 0; first < steps.count(); first += stretch) {
      Index const count = std::min(stretch, steps.count() - first);
      room.steps.pack_tokens(call, batch, head, first, count, room.sums, nullptr);
      with_gates(
          call, [&]<bool decays, bool corrects>() __attribute__((always_inline)) {
            for_each_columns<most, lanes>(
                begin, end, [&]<int vectors>(Index column) __attribute__((always_inline)) {
                  using Part = Columns<Number, lanes, vectors>;
                  Number* const matrix = room.state + (column - begin) * d;
                  for (Index s = 0; s < count; ++s) {
                    Index const j = steps.key(first + s);
                    bool const reads = steps.query(first + s) >= 0;
                    auto const out_of = [&](Index g) __attribute__((always_inline)) {
                      return room.out + (g * stretch + s) * room.steps.value_stride + column;
                    };
                    auto const enter = [&]<bool answers>() __attribute__((always_inline)) {
                      Part::template enter<decays, corrects, answers>(
                          matrix, matrix, d, room.steps.key_at(s), decays ? room.steps.decay_at(s) : nullptr,
                          room.steps.value_at(s) + column, corrects ? call.rate(batch, head, j, 0) : Number(0), nullptr,
                          room.steps.query_at(0, s), out_of(0));
                    };
                    if (j >= 0) reads ? enter.template operator()<true>() : enter.template operator()<false>();
                    for (Index g = j >= 0 ? 1 : 0; reads && g < call.group(); ++g)
                      Part::answer(matrix, d, room.steps.query_at(g, s), out_of(g));
                  }
                });
          });
      write_rows(room, steps, batch, head, first, count, begin, std::min(end, call.value.dim()));
    }
    for_each_columns<most, lanes>(
        begin, end, [&]<int vectors>(Index column) __attribute__((always_inline)) {
          Columns<Number, lanes, vectors>::store(state.matrices, batch, head, d, column,
                                                 room.state + (column - begin) * d);
        });
    if (piece == 0 && last_sums != nullptr) std::copy_n(room.sums, d, last_sums);
  }

 private:
  template <class Memory>
  ATTEND_INLINE void write_rows(Memory const& room, Steps const& steps, Index batch, Index head, Index first,
                                Index count, Index begin, Index end) const {
    for (Index g = 0; g < call.group(); ++g) {
      auto const target = out.mutable_head(batch, head * call.group() + g);
      for (Index s = 0; s < count; ++s) {
        Index const i = steps.query(first + s);
        if (i < 0) continue;
        Number* const row = room.out + (g * stretch + s) * room.steps.value_stride;
        if constexpr (Call::normalized) {
          Number const divisor = room.steps.divisor[g * stretch + s];
          for (Index c = begin; c < end; ++c) row[c] = divisor == Number(0) ? Number(0) : row[c] / divisor;
        }
        for (Index c = begin; c < end; ++c) target(i, c) = static_cast<Output>(row[c]);
      }
    }
  }
};

/// Runs a call on the instruction set in use.
template <class Call, class Output, class Executor>
void run_forward(Call const& call, Heads<Output> const& out, StateArrays<typename Call::Number> const& state,
                 Executor& executor, Workspace& workspace) {
  with_set(active_isa(), [&]<class Set>() {
    using Walk = WalkForward<Call, Output>;
    using Number = typename Call::Number;
    constexpr int lanes = Set::vector_bytes / static_cast<int>(sizeof(Number));
    Index const workers = kernel::workers_of(executor), units = call.units();
    Index const columns = kernel::round_up(call.value.dim(), Walk::most * lanes) / (Walk::most * lanes);
    if (units == 0 || columns == 0) return;
    // Heads are cut where there are few of them: each piece packs the tokens again.
    Index const pieces = workers == 1 ? 1 : std::min(columns, (4 * workers + units - 1) / units);
    kernel::Carver one;
    typename Walk::template Memory<lanes>(one, call);
    Index const slot_count = std::min({workers, units * pieces, kernel::Slots::most});
    // Every piece begins with z before the call, so the state gets the new one when all are done.
    bool const keeps_sums = Call::normalized && state.sums.data() != nullptr;
    auto const carve = [&](kernel::Carver carver, std::byte*& slots, Number*& sums) {
      slots = carver.take<std::byte>(static_cast<Index>(one.used()) * slot_count);
      sums = carver.take<Number>(keeps_sums ? units * call.key.dim() : 0);
      return carver.used();
    };
    std::byte* memory = nullptr;
    Number* sums = nullptr;
    carve(kernel::Carver(workspace.reserve(carve({}, memory, sums))), memory, sums);
    kernel::Slots slots(slot_count);
    executor.for_each(units * pieces, [&](Index task) {
      kernel::Slots::Lease const lease(slots);
      enter<Set>(Walk{call, out, state, task / pieces, task % pieces, pieces,
                      memory + static_cast<std::size_t>(lease.slot()) * one.used(),
                      keeps_sums ? sums + task / pieces * call.key.dim() : nullptr});
    });
    for (Index unit = 0; keeps_sums && unit < units; ++unit)
      for (Index f = 0; f < call.key.dim(); ++f)
        state.sums(unit / call.key.heads(), unit % call.key.heads(), 0, f) = sums[unit * call.key.dim() + f];
  });
}

}  // namespace linear_detail
}  // namespace ATTEND_UNIT_NAME
}  // namespace attend

ATTEND_QUIET_END
