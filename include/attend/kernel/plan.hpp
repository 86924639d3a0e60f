#pragma once

#include <attend/kernel/values.hpp>
#include <attend/simd/cache.hpp>

#include <algorithm>

namespace attend {
inline namespace ATTEND_UNIT_NAME {
namespace kernel {

/// The part of a segment that one key/value head is responsible for.
///
/// Long sequences are cut into blocks of queries head by head. Short ones (decoding) put the queries of all heads that
/// share the key/value head into one block, so that keys and values are read once for all of them.
struct Unit {
  Segment segment;
  Index key_head = 0;
  Index block = 0;       // queries of a block
  Index tasks = 0;       // blocks of queries
  Index block_rows = 0;  // queries that are counted together: of one head, or of the whole group
  Index blocks = 0;      // blocks in them
  Index pack_tasks = 0;  // key tiles to pack ahead; 0 where the only block packs its own
  Index first_task = 0;  // counted from the wave's first
  Index first_pack = 0;
  Index packed = 0;         // where its packed keys begin
  Index packed_values = 0;  // and its copied values, where they cannot be read in place
};

/// Units whose packed keys are in memory at the same time. Results do not depend on how units fall into waves.
struct Wave {
  static constexpr Index most_units = 256;
  Unit* unit = nullptr;  // null: only counted
  Index units = 0;
  Index tasks = 0;
  Index pack_tasks = 0;
  Index packed = 0;  // numbers

  [[nodiscard]] Unit const& unit_of_task(Index task) const { return unit_of<&Unit::first_task>(task); }
  [[nodiscard]] Unit const& unit_of_pack(Index task) const { return unit_of<&Unit::first_pack>(task); }

 private:
  /// The last unit that begins at or before the task; units without tasks begin where the next one does.
  template <auto first>
  [[nodiscard]] Unit const& unit_of(Index task) const {
    return *(std::upper_bound(unit, unit + units, task, [](Index t, Unit const& u) { return t < u.*first; }) - 1);
  }
};

/// How a call falls into segments, units, waves and tasks. A pure function of sizes and tiling: never of the number of
/// workers, except how many units are packed at a time.
template <class T, class Call, class SegmentOf>
class Plan {
 public:
  using Number = typename Call::Number;

  Plan(Call const& call, Index segments, SegmentOf const& segment_of, Index workers)
      : call_(call),
        segments_(segments),
        segment_of_(segment_of),
        workers_(workers),
        block_(T::block(second_cache_bytes(), call.features.count, call.value.dim(),
                        call.query.batch() * call.query.heads() * queries())) {}

  [[nodiscard]] Index units() const { return segments_ * call_.key.heads(); }

  /// The wave that begins with unit `first`: enough tasks to keep the workers busy to the end, and not more memory for
  /// packed keys than 16 MiB unless one unit needs it.
  void fill(Wave& wave, Index first) const {
    constexpr Index most_packed = (Index{16} << 20) / static_cast<Index>(sizeof(Number));
    wave.units = wave.tasks = wave.pack_tasks = wave.packed = 0;
    for (Index u = first; u < units() && wave.units < Wave::most_units; ++u) {
      Unit unit = unit_at(u);
      Index const keys =
          unit.pack_tasks == 0 ? 0 : round_up(unit.segment.keys, T::panel) * T::steps(call_.features.count);
      Index const values = unit.pack_tasks == 0 || reads_values_in_place<T>(call_)
                               ? 0
                               : T::steps(unit.segment.keys) * round_up(call_.value.dim(), T::lanes);
      Index const packed = keys + round_up(values, T::panel);
      if (wave.units > 0 && (wave.packed + packed > most_packed || wave.tasks >= 32 * workers_)) break;
      unit.first_task = wave.tasks;
      unit.first_pack = wave.pack_tasks;
      unit.packed = wave.packed;
      unit.packed_values = wave.packed + keys;
      wave.tasks += unit.tasks;
      wave.pack_tasks += unit.pack_tasks;
      wave.packed += packed;
      if (wave.unit != nullptr) wave.unit[wave.units] = unit;
      ++wave.units;
    }
  }

  /// The most queries and keys that a block has.
  [[nodiscard]] Index most_rows() const {
    Index const n = queries();
    return std::min(block_, std::max(n, call_.group * std::min<Index>(n, T::rows - 1)));
  }
  [[nodiscard]] Index most_keys() const { return call_.key.length(); }

 private:
  [[nodiscard]] Index queries() const { return call_.picked_rows ? call_.picked_count : call_.query.length(); }

  [[nodiscard]] Unit unit_at(Index u) const {
    Unit unit;
    unit.segment = segment_of_(u / call_.key.heads());
    unit.key_head = u % call_.key.heads();
    Index const n = call_.rows_of(unit.segment);
    bool const by_head = n >= T::rows;
    unit.block_rows = by_head ? n : n * call_.group;
    unit.block = block_;
    unit.blocks = (unit.block_rows + block_ - 1) / block_;
    unit.tasks = by_head ? unit.blocks * call_.group : unit.blocks;
    bool const packs_ahead = unit.tasks > 1 || Call::Normalizer::family == Family::whole_row;
    unit.pack_tasks = packs_ahead && unit.tasks > 0 ? (unit.segment.keys + T::tile - 1) / T::tile : 0;
    return unit;
  }

  Call const& call_;
  Index segments_;
  SegmentOf const& segment_of_;
  Index workers_;
  Index block_;
};

}  // namespace kernel
}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
