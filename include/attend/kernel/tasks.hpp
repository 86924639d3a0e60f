#pragma once

#include <attend/kernel/plan.hpp>
#include <attend/kernel/weights.hpp>

ATTEND_QUIET_BEGIN

namespace attend {
inline namespace ATTEND_UNIT_NAME {
namespace kernel {

/// What a call is asked for.
enum class Purpose { output, weights };

/// The matrices of a call's feature maps as panels.
template <class Number>
struct PackedMaps {
  Number* query = nullptr;
  Number* key = nullptr;

  template <class T>
  [[nodiscard]] static PackedMaps take(Carver& carver, Features<Number> const& features) {
    auto const matrix = [&](FeatureMap<Number> const& map) -> Number* {
      if (map.matrix.data == nullptr) return nullptr;
      return carver.take<Number>(round_up(map.matrix.rows, T::panel) * map.matrix.columns);
    };
    PackedMaps maps;
    maps.query = matrix(features.query);
    maps.key = matrix(features.key);
    return maps;
  }
};

template <class Call>
struct PackMaps {
  Call const& call;
  PackedMaps<typename Call::Number> maps;

  template <class Set>
  ATTEND_INLINE void run() const {
    using T = Tiling<Set, typename Call::Number>;
    if (maps.query != nullptr) pack_matrix<T>(call.features.query.matrix, maps.query);
    if (maps.key != nullptr) pack_matrix<T>(call.features.key.matrix, maps.key);
  }
};

/// Packs one tile of a unit's keys ahead of its blocks, and copies its values where they cannot be read in place.
template <Purpose purpose, class Call>
struct PackAhead {
  Call const& call;
  Unit const& unit;
  Index tile;
  PackedMaps<typename Call::Number> maps;
  typename Call::Number* packed;
  std::byte* memory;
  Index most_rows, most_keys;

  template <class Set>
  void run() const {
    using T = Tiling<Set, typename Call::Number>;
    Carver carver(memory);
    Scratch<T, Call> const scratch(carver, call, most_rows, most_keys, true, reads_values_in_place<T>(call));
    Index const keys = std::min(T::tile, unit.segment.keys - tile);
    enter<Set>(PackTile<Call>{call, unit.segment, unit.key_head, tile, keys, maps.key,
                              packed + unit.packed + tile * T::steps(call.features.count), scratch.room});
    if (purpose == Purpose::output && !reads_values_in_place<T>(call))
      enter<Set>(CopyValues<Call>{
          call.value.head(unit.segment.batch, unit.key_head).middle_rows(unit.segment.key + tile, keys),
          packed + unit.packed_values + T::steps(tile) * scratch.value_stride, scratch.value_stride});
  }
};

/// Computes one block of queries.
template <Purpose purpose, class Call>
struct AttendBlock {
  Call const& call;
  Unit const& unit;
  Index task;
  PackedMaps<typename Call::Number> maps;
  typename Call::Number* packed;
  std::byte* memory;
  Index most_rows, most_keys;

  template <class Set>
  ATTEND_INLINE void run() const {
    using T = Tiling<Set, typename Call::Number>;
    Carver carver(memory);
    Scratch<T, Call> const scratch(carver, call, most_rows, most_keys, true, reads_values_in_place<T>(call));
    // The last queries first: under a causal mask they have most to do, and the short ones fill the end.
    Index const number = unit.tasks - 1 - task;
    Index const from = number / unit.blocks * unit.block_rows + number % unit.blocks * unit.block;
    Index const left = unit.block_rows - number % unit.blocks * unit.block;
    Block<T, Call> const block{
        call,
        unit.segment,
        scratch,
        unit.key_head,
        from,
        static_cast<int>(std::min(unit.block, left)),
        unit.pack_tasks > 0 ? packed + unit.packed : nullptr,
        unit.pack_tasks > 0 && !reads_values_in_place<T>(call) ? packed + unit.packed_values : nullptr,
        maps.query,
        maps.key};
    if constexpr (purpose == Purpose::output)
      forward_block<T>(block);
    else
      weights_block<T>(block);
  }
};

}  // namespace kernel
}  // namespace ATTEND_UNIT_NAME
}  // namespace attend

ATTEND_QUIET_END
