#pragma once

#include <attend/core/workspace.hpp>
#include <attend/kernel/slots.hpp>
#include <attend/kernel/tasks.hpp>
#include <attend/kernel/workers.hpp>

#include <thread>

namespace attend {
inline namespace ATTEND_UNIT_NAME {
namespace kernel {

/// The working memory of a call, cut from one block.
template <class T, class Call>
struct Memory {
  using Number = typename Call::Number;
  PackedMaps<Number> maps;
  Number* packed = nullptr;
  Unit* units = nullptr;
  std::byte* slots = nullptr;
  std::size_t slot_size = 0;

  Memory(Carver& carver, Call const& call, Index most_rows, Index most_keys, Wave const& largest, Index slot_count) {
    maps = PackedMaps<Number>::template take<T>(carver, call.features);
    packed = carver.take<Number>(largest.packed);
    units = carver.take<Unit>(largest.units);
    Carver slot;
    Scratch<T, Call>(slot, call, most_rows, most_keys, true, reads_values_in_place<T>(call));
    slot_size = slot.used();
    slots = carver.take<std::byte>(static_cast<Index>(slot_size) * slot_count);
  }
};

/// Runs a call from its first unit to its last on the tiling of one instruction set, or, without a workspace, says how
/// many bytes it would take.
template <Purpose purpose, class Set, class Call, class SegmentOf, class Executor>
std::size_t run_on(Call const& call, Index segments, SegmentOf const& segment_of, Executor& executor,
                   Workspace* workspace) {
  using T = Tiling<Set, typename Call::Number>;
  Index const workers = workers_of(executor);
  Plan<T, Call, SegmentOf> const plan(call, segments, segment_of, workers);

  Wave wave, largest;
  for (Index unit = 0; unit < plan.units(); unit += wave.units) {
    plan.fill(wave, unit);
    largest.units = std::max(largest.units, wave.units);
    largest.tasks = std::max({largest.tasks, wave.tasks, wave.pack_tasks});
    largest.packed = std::max(largest.packed, wave.packed);
  }
  Index const slot_count = std::min({workers, std::max<Index>(1, largest.tasks), Slots::most});
  Carver count;
  Memory<T, Call>(count, call, plan.most_rows(), plan.most_keys(), largest, slot_count);
  if (workspace == nullptr) return count.used();

  Carver carver(workspace->reserve(count.used()));
  Memory<T, Call> const memory(carver, call, plan.most_rows(), plan.most_keys(), largest, slot_count);
  if constexpr (Call::maps_queries || Call::maps_keys) enter<Set>(PackMaps<Call>{call, memory.maps});

  Slots slots(slot_count);
  wave.unit = memory.units;
  for (Index unit = 0; unit < plan.units(); unit += wave.units) {
    plan.fill(wave, unit);
    if (wave.pack_tasks > 0)
      executor.for_each(wave.pack_tasks, [&](Index task) {
        Unit const& mine = wave.unit_of_pack(task);
        Slots::Lease const lease(slots);
        PackAhead<purpose, Call>{call,
                                 mine,
                                 (task - mine.first_pack) * T::tile,
                                 memory.maps,
                                 memory.packed,
                                 memory.slots + static_cast<std::size_t>(lease.slot()) * memory.slot_size,
                                 plan.most_rows(),
                                 plan.most_keys()}
            .template run<Set>();
      });
    if (wave.tasks > 0)
      executor.for_each(wave.tasks, [&](Index task) {
        Unit const& mine = wave.unit_of_task(task);
        Slots::Lease const lease(slots);
        enter<Set>(AttendBlock<purpose, Call>{call, mine, task - mine.first_task, memory.maps, memory.packed,
                                              memory.slots + static_cast<std::size_t>(lease.slot()) * memory.slot_size,
                                              plan.most_rows(), plan.most_keys()});
      });
  }
  return count.used();
}

/// Runs a call on the instruction set in use.
template <Purpose purpose, class Call, class SegmentOf, class Executor>
std::size_t run(Call const& call, Index segments, SegmentOf const& segment_of, Executor& executor,
                Workspace* workspace) {
  if constexpr (purpose == Purpose::output && may_multiply_bfloat16<Call>)
    if (multiplies_bfloat16(call))
      return run_on<purpose, V4Bfloat16Set>(call, segments, segment_of, executor, workspace);
  return with_set(active_isa(),
                  [&]<class Set>() { return run_on<purpose, Set>(call, segments, segment_of, executor, workspace); });
}

}  // namespace kernel
}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
