#pragma once

#include <attend/kernel/run.hpp>
#include <attend/kernel/tangent/block.hpp>

#include <span>
#include <vector>

namespace attend {
inline namespace ATTEND_UNIT_NAME {
namespace kernel {

/// Forward mode of a call, from its first unit to its last. Units are taken in waves whose packed arrays fit in memory
/// together; a block of queries is a task, and nothing is summed across tasks.
template <class Set, class Tangent, class SegmentOf, class Executor>
class TangentRun {
 public:
  using Call = typename Tangent::Call;
  using Number = typename Call::Number;
  using T = Tiling<Set, Number>;

  TangentRun(Tangent const& tangent, Index segments, SegmentOf const& segment_of, Executor& executor)
      : tangent_(tangent), call_(tangent.forward), executor_(executor), workers_(workers_of(executor)) {
    for (Index s = 0; s < segments; ++s)
      for (Index head = 0; head < call_.key.heads(); ++head) {
        units_.emplace_back(segment_of(s), head, call_.group, T::tile, T::rows);
        most_keys_ = std::max(most_keys_, units_.back().segment.keys);
      }
  }

  void run(Workspace& workspace) {
    for (std::size_t first = 0; first < units_.size();) {
      std::size_t const end = wave_from(first);
      run_wave(workspace, std::span(units_).subspan(first, end - first));
      first = end;
    }
  }

 private:
  /// The working memory of a wave, cut from one block.
  struct WaveMemory {
    PackedMaps<Number> maps;
    std::byte* packed = nullptr;
    std::byte* slots = nullptr;
    std::size_t slot_size = 0;

    WaveMemory(Carver& carver, TangentRun const& run, Index slot_count) {
      maps = PackedMaps<Number>::template take<T>(carver, run.call_.features);
      packed = carver.take<std::byte>(static_cast<Index>(run.packed_));
      Carver slot;
      TangentScratch<T, Call>(slot, run.call_, run.most_keys_);
      slot_size = slot.used();
      slots = carver.take<std::byte>(static_cast<Index>(slot_size) * slot_count);
    }
    [[nodiscard]] std::byte* slot(Index number) const { return slots + static_cast<std::size_t>(number) * slot_size; }
  };

  /// Sets where the units of the wave that begins at `first` have their arrays; returns where the next one begins.
  [[nodiscard]] std::size_t wave_from(std::size_t first) {
    constexpr std::size_t most = std::size_t{16} << 20;
    packed_ = 0;
    blocks_ = tiles_ = 0;
    std::size_t u = first;
    for (; u < units_.size(); ++u) {
      GradientUnit& unit = units_[u];
      Carver carver;
      TangentPack<T, Call>(carver, call_, unit);
      if (u > first && (packed_ + carver.used() > most || blocks_ >= 32 * workers_)) break;
      unit.memory = packed_;
      unit.first_block = blocks_;
      unit.first_tile = tiles_;
      packed_ += carver.used();
      blocks_ += unit.blocks;
      tiles_ += unit.tiles;
    }
    return u;
  }

  void run_wave(Workspace& workspace, std::span<GradientUnit const> units) {
    Index const slot_count = std::min({workers_, std::max({blocks_, tiles_, Index{1}}), Slots::most});
    Carver count;
    WaveMemory const sizes(count, *this, slot_count);
    Carver carver(workspace.reserve(count.used()));
    WaveMemory const memory(carver, *this, slot_count);
    Slots slots(slot_count);
    if constexpr (Call::maps_queries || Call::maps_keys) enter<Set>(PackMaps<Call>{call_, memory.maps});
    executor_.for_each(tiles_, [&](Index task) {
      GradientUnit const& unit = unit_of_task<&GradientUnit::first_tile>(units, task);
      Slots::Lease const lease(slots);
      Carver work(memory.slot(lease.slot()));
      enter<Set>(PrepareTangents<Tangent>{tangent_, unit, task - unit.first_tile, memory.maps.key,
                                          memory.packed + unit.memory,
                                          TangentScratch<T, Call>(work, call_, most_keys_).room});
    });
    executor_.for_each(blocks_, [&](Index task) {
      GradientUnit const& unit = unit_of_task<&GradientUnit::first_block>(units, task);
      Slots::Lease const lease(slots);
      enter<Set>(TangentBlock<Tangent>{tangent_, unit, task - unit.first_block, memory.maps.query,
                                       memory.packed + unit.memory, memory.slot(lease.slot())});
    });
  }

  Tangent const& tangent_;
  Call const& call_;
  Executor& executor_;
  Index workers_, most_keys_ = 0;
  std::vector<GradientUnit> units_;
  std::size_t packed_ = 0;        // bytes of a wave's packed arrays
  Index blocks_ = 0, tiles_ = 0;  // of a wave
};

/// Forward mode on the instruction set in use.
template <class Tangent, class SegmentOf, class Executor>
void run_tangent(Tangent const& tangent, Index segments, SegmentOf const& segment_of, Executor& executor,
                 Workspace& workspace) {
  with_set(active_isa(), [&]<class Set>() {
    TangentRun<Set, Tangent, SegmentOf, Executor>(tangent, segments, segment_of, executor).run(workspace);
  });
}

}  // namespace kernel
}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
