#pragma once

#include <attend/kernel/backward/chunk.hpp>
#include <attend/kernel/backward/finish.hpp>
#include <attend/kernel/backward/prepare.hpp>
#include <attend/kernel/run.hpp>

#include <span>
#include <vector>

namespace attend {
inline namespace ATTEND_UNIT_NAME {
namespace kernel {

/// The backward pass of a call, from its first unit to its last. Units are taken in waves whose packed arrays fit in
/// memory together; in a wave every chunk of keys is a task that sums its part of d_query by itself, and the parts are
/// added in the order of chunks. So the same bits come out whatever the number of workers.
template <class Set, class Backward, class SegmentOf, class Executor>
class BackwardRun {
 public:
  using Call = typename Backward::Call;
  using Number = typename Call::Number;
  using T = Tiling<Set, Number>;

  BackwardRun(Backward const& backward, Index segments, SegmentOf const& segment_of, Executor& executor)
      : backward_(backward), call_(backward.forward), executor_(executor), workers_(workers_of(executor)) {
    for (Index s = 0; s < segments; ++s)
      for (Index head = 0; head < call_.key.heads(); ++head)
        units_.emplace_back(segment_of(s), head, call_.group, T::tile, T::rows);
  }

  void run(Workspace& workspace) {
    for (std::size_t first = 0; first < units_.size();) {
      std::size_t const end = wave_from(first);
      run_wave(workspace, std::span(units_).subspan(first, end - first));
      first = end;
    }
  }

 private:
  /// Sets where the units of the wave that begins at `first` have their arrays; returns where the next one begins.
  [[nodiscard]] std::size_t wave_from(std::size_t first) {
    constexpr std::size_t most = std::size_t{16} << 20;
    wave_ = {};
    std::size_t u = first;
    for (; u < units_.size(); ++u) {
      GradientUnit& unit = units_[u];
      Carver carver;
      GradientPack<T, Call>(carver, call_, unit);
      if (u > first && (wave_.memory + carver.used() > most || wave_.chunks >= 32 * workers_)) break;
      unit.memory = wave_.memory;
      unit.first_block = wave_.blocks;
      unit.first_tile = wave_.tiles;
      unit.first_chunk = wave_.chunks;
      wave_.memory += carver.used();
      wave_.blocks += unit.blocks;
      wave_.tiles += unit.tiles;
      wave_.chunks += unit.chunks;
      wave_.most_parts = std::max(wave_.most_parts, unit.blocks * GradientUnit::block * feature_stride());
    }
    return u;
  }

  [[nodiscard]] Index feature_stride() const { return round_up(call_.features.count, T::lanes); }

  template <auto first>
  [[nodiscard]] static GradientUnit const& unit_of(std::span<GradientUnit const> units, Index task) {
    return *(std::upper_bound(units.begin(), units.end(), task,
                              [](Index t, GradientUnit const& u) { return t < u.*first; }) -
             1);
  }

  void run_wave(Workspace& workspace, std::span<GradientUnit const> units) {
    // One part of d_query for each chunk that is being summed. One worker needs one; more workers need not wait for
    // each other where parts are small.
    constexpr Index memory_for_parts = Index{16} << 20;
    Index const part_bytes = std::max<Index>(1, wave_.most_parts * static_cast<Index>(sizeof(Number)));
    Index const parts =
        workers_ == 1 ? 1 : std::min(wave_.chunks, std::max(2 * workers_, memory_for_parts / part_bytes));
    Index const slot_count = std::min({workers_, std::max({wave_.chunks, wave_.blocks, wave_.tiles, Index{1}}), Slots::most});

    Carver count;
    Memory const sizes(count, *this, parts, slot_count);
    Carver carver(workspace.reserve(count.used()));
    Memory const memory(carver, *this, parts, slot_count);
    Slots slots(slot_count);
    if constexpr (Call::maps_queries || Call::maps_keys) enter<Set>(PackMaps<Call>{call_, memory.maps});

    executor_.for_each(wave_.tiles, [&](Index task) {
      GradientUnit const& unit = unit_of<&GradientUnit::first_tile>(units, task);
      Slots::Lease const lease(slots);
      enter<Set>(PrepareKeys<Call>{call_, unit, task - unit.first_tile, memory.maps.key, memory.packed + unit.memory,
                                   memory.room(lease.slot())});
    });
    executor_.for_each(wave_.blocks, [&](Index task) {
      GradientUnit const& unit = unit_of<&GradientUnit::first_block>(units, task);
      Slots::Lease const lease(slots);
      enter<Set>(PrepareRows<Backward>{backward_, unit, task - unit.first_block, memory.maps.query,
                                       memory.packed + unit.memory, memory.slot(lease.slot())});
    });
    for (Index first = 0; first < wave_.chunks; first += parts) {
      Index const batch = std::min(parts, wave_.chunks - first);
      executor_.for_each(batch, [&](Index task) {
        GradientUnit const& unit = unit_of<&GradientUnit::first_chunk>(units, first + task);
        Slots::Lease const lease(slots);
        enter<Set>(DifferentiateChunk<Call>{call_, unit, first + task - unit.first_chunk, memory.packed + unit.memory,
                                            memory.slot(lease.slot()), d_query_of(unit, first + task, memory, task),
                                            backward_.arrays.d_value});
      });
      for (Index task = 0; task < batch; ++task) {
        GradientUnit const& unit = unit_of<&GradientUnit::first_chunk>(units, first + task);
        Number* const sum = d_query_of(unit, unit.first_chunk, memory, 0);
        Number const* const part = d_query_of(unit, first + task, memory, task);
        if (sum != part)
          enter<Set>(AddRows<Number>{sum, part, unit.blocks * GradientUnit::block * feature_stride()});
      }
    }
    executor_.for_each(wave_.blocks + wave_.tiles, [&](Index task) {
      bool const of_rows = task < wave_.blocks;
      GradientUnit const& unit = of_rows ? unit_of<&GradientUnit::first_block>(units, task)
                                         : unit_of<&GradientUnit::first_tile>(units, task - wave_.blocks);
      Slots::Lease const lease(slots);
      enter<Set>(FinishTokens<Backward>{
          backward_, unit, of_rows ? task - unit.first_block : task - wave_.blocks - unit.first_tile + unit.blocks,
          memory.packed + unit.memory, memory.room(lease.slot())});
    });
  }

  struct Wave {
    Index blocks = 0, tiles = 0, chunks = 0;
    Index most_parts = 0;    // numbers of d_query of the largest unit
    std::size_t memory = 0;  // bytes of packed arrays
  };

  /// The working memory of a wave, cut from one block.
  struct Memory {
    PackedMaps<Number> maps;
    std::byte* packed = nullptr;
    Number* parts = nullptr;
    std::byte* slots = nullptr;
    std::byte* rooms = nullptr;
    Index part_size = 0;
    std::size_t slot_size = 0, room_size = 0;

    Memory(Carver& carver, BackwardRun const& run, Index part_count, Index slot_count) {
      Call const& call = run.call_;
      auto const map_size = [](FeatureMap<Number> const& map) {
        return map.matrix.data == nullptr ? 0 : round_up(map.matrix.rows, T::panel) * map.matrix.columns;
      };
      if (Index const size = map_size(call.features.query); size > 0) maps.query = carver.take<Number>(size);
      if (Index const size = map_size(call.features.key); size > 0) maps.key = carver.take<Number>(size);
      packed = carver.take<std::byte>(static_cast<Index>(run.wave_.memory));
      part_size = round_up(run.wave_.most_parts, 64);
      parts = carver.take<Number>(part_size * part_count);
      Carver chunk, rows;
      GradientScratch<T, Call>(chunk, call);
      Scratch<T, Call>(rows, call, GradientUnit::block, call.key.length(), false, reads_values_in_place<T>(call));
      slot_size = std::max(chunk.used(), rows.used());
      slots = carver.take<std::byte>(static_cast<Index>(slot_size) * slot_count);
      Carver one;
      one.take<Number>(std::max({map_room<T>(call.features.query, call.query.dim()),
                                 map_room<T>(call.features.key, call.key.dim()), call.features.count}));
      room_size = one.used();
      rooms = carver.take<std::byte>(static_cast<Index>(room_size) * slot_count);
    }
    [[nodiscard]] std::byte* slot(Index number) const { return slots + static_cast<std::size_t>(number) * slot_size; }
    [[nodiscard]] Number* room(Index number) const {
      return reinterpret_cast<Number*>(rooms + static_cast<std::size_t>(number) * room_size);
    }
  };

  /// Where a chunk sums its part of d_query: the first chunk of a unit in the sum itself.
  [[nodiscard]] Number* d_query_of(GradientUnit const& unit, Index chunk, Memory const& memory, Index part) const {
    if (chunk != unit.first_chunk) return memory.parts + part * memory.part_size;
    Carver carver(memory.packed + unit.memory);
    return GradientPack<T, Call>(carver, call_, unit).d_query;
  }

  Backward const& backward_;
  Call const& call_;
  Executor& executor_;
  Index workers_;
  std::vector<GradientUnit> units_;
  Wave wave_;
};

/// Differentiates a call on the instruction set in use.
template <class Backward, class SegmentOf, class Executor>
void run_backward(Backward const& backward, Index segments, SegmentOf const& segment_of, Executor& executor,
                  Workspace& workspace) {
  switch (active_isa()) {
#if defined(__x86_64__)
    case Isa::v4:
      return BackwardRun<V4Set, Backward, SegmentOf, Executor>(backward, segments, segment_of, executor).run(workspace);
    case Isa::v3:
      return BackwardRun<V3Set, Backward, SegmentOf, Executor>(backward, segments, segment_of, executor).run(workspace);
#endif
    default:
      return BackwardRun<BaselineSet, Backward, SegmentOf, Executor>(backward, segments, segment_of, executor)
          .run(workspace);
  }
}

}  // namespace kernel
}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
