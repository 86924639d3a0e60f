#pragma once

#include <attend/kernel/backward/chunk.hpp>
#include <attend/kernel/backward/finish.hpp>
#include <attend/kernel/backward/policy_gradients.hpp>
#include <attend/kernel/backward/prepare.hpp>
#include <attend/kernel/run.hpp>

#include <span>
#include <vector>

namespace attend {
inline namespace ATTEND_UNIT_NAME {
namespace kernel {

/// The backward pass of a call, from its first unit to its last. Units are taken in waves whose packed arrays fit in
/// memory together; in a wave every chunk of keys is a task that sums its part of d_query by itself, and each block of
/// queries adds its parts in the order of chunks. So the same bits come out whatever the number of workers.
template <class Set, class Backward, class SegmentOf, class Executor>
class BackwardRun {
 public:
  using Call = typename Backward::Call;
  using Number = typename Call::Number;
  using T = Tiling<Set, Number>;

  BackwardRun(Backward const& backward, Index segments, SegmentOf const& segment_of, Executor& executor)
      : backward_(backward),
        call_(backward.forward),
        executor_(executor),
        workers_(workers_of(executor)),
        gradients_(call_) {
    auto const matrix_of = [&](FeatureMap<Number> const& map, Index d) {
      return map.matrix.data == nullptr ? 0 : static_cast<std::size_t>(map.matrix.rows * round_up(d, T::lanes));
    };
    query_matrix_.resize(matrix_of(call_.features.query, call_.query.dim()));
    key_matrix_.resize(matrix_of(call_.features.key, call_.key.dim()));
    for (Index s = 0; s < segments; ++s)
      for (Index head = 0; head < call_.key.heads(); ++head)
        units_.emplace_back(segment_of(s), head, call_.group, T::tile, T::rows);
  }

  PolicyGradients<Call> run(Workspace& workspace) {
    for (std::size_t first = 0; first < units_.size();) {
      std::size_t const end = wave_from(first);
      run_wave(workspace, std::span(units_).subspan(first, end - first));
      first = end;
    }
    gradients_.features.query_matrix = unpadded(query_matrix_, call_.query.dim());
    gradients_.features.key_matrix = unpadded(key_matrix_, call_.key.dim());
    if constexpr (Call::maps_queries) add_scale_of_matrix(call_.features.query);
    return std::move(gradients_);
  }

 private:
  struct WaveMemory;

  /// Bytes that a wave's packed arrays, and its parts of d_query, may take: more workers need more tasks between two
  /// waits for each other.
  [[nodiscard]] std::size_t most_memory() const { return static_cast<std::size_t>(workers_) << 24; }

  /// Sets where the units of the wave that begins at `first` have their arrays; returns where the next one begins.
  [[nodiscard]] std::size_t wave_from(std::size_t first) {
    wave_ = {};
    std::size_t u = first;
    for (; u < units_.size(); ++u) {
      GradientUnit& unit = units_[u];
      Carver carver;
      GradientPack<T, Call>(carver, call_, unit);
      if (u > first && (wave_.memory + carver.used() > most_memory() || wave_.chunks >= 32 * workers_)) break;
      unit.memory = wave_.memory;
      unit.first_block = wave_.blocks;
      unit.first_tile = wave_.tiles;
      unit.first_chunk = wave_.chunks;
      wave_.memory += carver.used();
      wave_.blocks += unit.blocks;
      wave_.tiles += unit.tiles;
      wave_.chunks += unit.chunks;
      wave_.most_parts = std::max(wave_.most_parts, unit.blocks * GradientUnit::block * feature_stride());
      Carver policies;
      if (unit.chunks > 0) PolicySums<T, Call>(policies, call_, DifferentiateChunk<Call>::place_of(call_, unit, 0));
      wave_.most_policies = std::max(wave_.most_policies, policies.used());
    }
    return u;
  }

  [[nodiscard]] Index feature_stride() const { return round_up(call_.features.count, T::lanes); }

  void run_wave(Workspace& workspace, std::span<GradientUnit const> units) {
    // One part of d_query for each chunk that is being summed. One worker needs one; more workers need not wait for
    // each other where parts are small.
    Index const part_bytes = std::max<Index>(
        1, wave_.most_parts * static_cast<Index>(sizeof(Number)) + static_cast<Index>(wave_.most_policies));
    Index const most_parts = std::max(2 * workers_, static_cast<Index>(most_memory()) / part_bytes);
    Index const rounds = workers_ == 1 ? wave_.chunks : (wave_.chunks + most_parts - 1) / most_parts;
    Index const parts = rounds == 0 ? 0 : (wave_.chunks + rounds - 1) / rounds;
    Index const slot_count =
        std::min({workers_, std::max({wave_.chunks, wave_.blocks, wave_.tiles, Index{1}}), Slots::most});

    Carver count;
    WaveMemory const sizes(count, *this, parts, slot_count);
    Carver carver(workspace.reserve(count.used()));
    WaveMemory const memory(carver, *this, parts, slot_count);
    Slots slots(slot_count);
    if constexpr (Call::maps_queries || Call::maps_keys) enter<Set>(PackMaps<Call>{call_, memory.maps});
    copy_matrix(call_.features.query, memory.query_matrix);
    copy_matrix(call_.features.key, memory.key_matrix);

    executor_.for_each(wave_.tiles, [&](Index task) {
      GradientUnit const& unit = unit_of_task<&GradientUnit::first_tile>(units, task);
      Slots::Lease const lease(slots);
      enter<Set>(PrepareKeys<Call>{call_, unit, task - unit.first_tile, memory.maps.key, memory.packed + unit.memory,
                                   memory.room(lease.slot())});
    });
    executor_.for_each(wave_.blocks, [&](Index task) {
      GradientUnit const& unit = unit_of_task<&GradientUnit::first_block>(units, task);
      Slots::Lease const lease(slots);
      enter<Set>(PrepareRows<Backward>{backward_, unit, task - unit.first_block, memory.maps.query,
                                       memory.packed + unit.memory, memory.slot(lease.slot())});
    });
    for (Index first = 0; first < wave_.chunks; first += parts)
      run_chunks(units, memory, slots, first, std::min(parts, wave_.chunks - first));
    executor_.for_each(wave_.blocks + wave_.tiles, [&](Index task) {
      bool const of_rows = task < wave_.blocks;
      GradientUnit const& unit = of_rows ? unit_of_task<&GradientUnit::first_block>(units, task)
                                         : unit_of_task<&GradientUnit::first_tile>(units, task - wave_.blocks);
      Slots::Lease const lease(slots);
      enter<Set>(FinishTokens<Backward>{
          backward_, unit, of_rows ? task - unit.first_block : task - wave_.blocks - unit.first_tile + unit.blocks,
          memory.packed + unit.memory, memory.query_matrix, memory.key_matrix, memory.room(lease.slot()),
          memory.scales + (of_rows ? task : 0)});
    });
    join_units(units, memory);
  }

  /// Some chunks of a wave at the same time, each with its part of d_query; then each block of queries adds its parts
  /// in the order of chunks.
  void run_chunks(std::span<GradientUnit const> units, WaveMemory const& memory, Slots& slots, Index first,
                  Index count) {
    ChunkPart* const part = memory.chunk_parts;
    executor_.for_each(count, [&](Index task) {
      GradientUnit const& unit = unit_of_task<&GradientUnit::first_chunk>(units, first + task);
      Index const number = first + task - unit.first_chunk;
      part[task] = DifferentiateChunk<Call>::part_of(call_, unit, number);
      if (number == 0) part[task].span = {0, unit.blocks};  // where the others are added
    });
    take_longest_first({part, static_cast<std::size_t>(count)}, memory.turns);
    executor_.for_each(count, [&](Index turn) {
      Index const task = memory.turns[turn], chunk = first + task;
      GradientUnit const& unit = unit_of_task<&GradientUnit::first_chunk>(units, chunk);
      Slots::Lease const lease(slots);
      enter<Set>(DifferentiateChunk<Call>{call_, unit, chunk - unit.first_chunk, memory.packed + unit.memory,
                                          memory.slot(lease.slot()), d_query_of(unit, chunk, memory, task),
                                          part[task].span, memory.policies(task), backward_.arrays.d_value});
    });
    bool joins = false;
    for (Index chunk = first; chunk < first + count; ++chunk)
      joins = joins || chunk != unit_of_task<&GradientUnit::first_chunk>(units, chunk).first_chunk;
    if (joins)
      executor_.for_each(wave_.blocks, [&](Index task) {
        GradientUnit const& unit = unit_of_task<&GradientUnit::first_block>(units, task);
        Index const block = task - unit.first_block, numbers = GradientUnit::block * feature_stride();
        Number* const sum = d_query_of(unit, unit.first_chunk, memory, 0) + block * numbers;
        Index const end = std::min(unit.first_chunk + unit.chunks, first + count);
        for (Index chunk = std::max(unit.first_chunk + 1, first); chunk < end; ++chunk)
          if (part[chunk - first].span.holds(block))
            enter<Set>(AddRows<Number>{sum, d_query_of(unit, chunk, memory, chunk - first) + block * numbers, numbers});
      });
    for (Index task = 0; task < count; ++task) {
      GradientUnit const& unit = unit_of_task<&GradientUnit::first_chunk>(units, first + task);
      Carver policies(memory.policies(task));
      GradientPlace const place = DifferentiateChunk<Call>::place_of(call_, unit, first + task - unit.first_chunk);
      gradients_.template join<T>(call_, place, PolicySums<T, Call>(policies, call_, place));
    }
  }

  /// What is summed over whole units, in their order: the matrices, biases and scales of feature maps, tables, sinks.
  void join_units(std::span<GradientUnit const> units, WaveMemory const& memory) {
    using Similarity = typename Call::Similarity;
    if constexpr (Learned<Similarity>) {
      FeatureGradient<Number>& sums = gradients_.features;
      for (Index block = 0; block < wave_.blocks; ++block) sums.query_scale += memory.scales[block];
      for (GradientUnit const& unit : units) {
        if constexpr (Call::maps_queries)
          if (!query_matrix_.empty())
            enter<Set>(AddMapGradient<Backward, true>{backward_, unit, memory.packed + unit.memory, memory.room(0),
                                                      query_matrix_.data(), sums.query_bias.data()});
        if constexpr (Call::maps_keys)
          if (!key_matrix_.empty())
            enter<Set>(AddMapGradient<Backward, false>{backward_, unit, memory.packed + unit.memory, memory.room(0),
                                                       key_matrix_.data(), nullptr});
        if constexpr (requires { Similarity::keys_are_a_table; }) {
          Carver carver(memory.packed + unit.memory);
          GradientPack<T, Call> const packs(carver, call_, unit);
          for (Index j = 0; j < unit.segment.keys; ++j)
            for (Index f = 0; f < call_.features.count; ++f)
              sums.table(j, f) += packs.d_key[j * packs.feature_stride + f];
        }
      }
    }
    if constexpr (requires { call_.normalizer.add_sink_gradient(gradients_.normalizer, Index{}, 0.0, 0.0); })
      for (GradientUnit const& unit : units) {
        Carver carver(memory.packed + unit.memory);
        GradientPack<T, Call> const packs(carver, call_, unit);
        for (Index number = 0; number < unit.blocks; ++number)
          for (Index r = 0; r < unit.rows_of(number); ++r) {
            Index const head = (unit.first_row(number) + r) / unit.segment.rows;
            Index const row = number * GradientUnit::block + r;
            call_.normalizer.add_sink_gradient(gradients_.normalizer, unit.key_head * call_.group + head,
                                               packs.log_sum_exp[row], packs.delta[row]);
          }
      }
  }

  /// The gradient of a scale that stands before a matrix: FinishTokens leaves it to the matrix.
  void add_scale_of_matrix(FeatureMap<Number> const& map) {
    FeatureGradient<Number>& sums = gradients_.features;
    if (sums.query_matrix.size() == 0 || !scale_is_in_matrix(map)) return;
    Number sum = 0;
    for (Index f = 0; f < map.matrix.rows; ++f) {
      for (Index g = 0; g < map.matrix.columns; ++g) sum += sums.query_matrix(f, g) * map.matrix(f, g);
      if (map.bias != nullptr) sum += sums.query_bias(f) * map.bias[f];
    }
    sums.query_scale += sum / map.scale;
  }

  struct Wave {
    Index blocks = 0, tiles = 0, chunks = 0;
    Index most_parts = 0;           // numbers of d_query of the largest unit
    std::size_t memory = 0;         // bytes of packed arrays
    std::size_t most_policies = 0;  // bytes of a task's sums for policies
  };

  /// The working memory of a wave, cut from one block.
  struct WaveMemory {
    PackedMaps<Number> maps;
    std::byte* packed = nullptr;
    Number* parts = nullptr;
    ChunkPart* chunk_parts = nullptr;
    Index* turns = nullptr;  // the order in which chunks are taken
    std::byte* policy_parts = nullptr;
    Number* query_matrix = nullptr;  // [features][stride of d], rows of whole vectors
    Number* key_matrix = nullptr;
    Number* scales = nullptr;  // [blocks]
    std::byte* slots = nullptr;
    std::byte* rooms = nullptr;
    Index part_size = 0;
    std::size_t slot_size = 0, room_size = 0, policy_size = 0;

    WaveMemory(Carver& carver, BackwardRun const& run, Index part_count, Index slot_count) {
      Call const& call = run.call_;
      maps = PackedMaps<Number>::template take<T>(carver, call.features);
      packed = carver.take<std::byte>(static_cast<Index>(run.wave_.memory));
      part_size = round_up(run.wave_.most_parts, 64);
      parts = carver.take<Number>(part_size * part_count);
      chunk_parts = carver.take<ChunkPart>(part_count);
      turns = carver.take<Index>(part_count);
      policy_size = (run.wave_.most_policies + 63) / 64 * 64;
      policy_parts = carver.take<std::byte>(static_cast<Index>(policy_size) * part_count);
      query_matrix = carver.take<Number>(static_cast<Index>(run.query_matrix_.size()));
      key_matrix = carver.take<Number>(static_cast<Index>(run.key_matrix_.size()));
      scales = carver.take<Number>(run.wave_.blocks);
      Carver chunk, rows;
      GradientScratch<T, Call>(chunk, call);
      Scratch<T, Call>(rows, call, GradientUnit::block, call.key.length(), false, reads_values_in_place<T>(call));
      slot_size = std::max(chunk.used(), rows.used());
      slots = carver.take<std::byte>(static_cast<Index>(slot_size) * slot_count);
      Carver one;
      one.take<Number>(
          std::max({map_room<T>(call.features.query, call.query.dim()), map_room<T>(call.features.key, call.key.dim()),
                    GradientUnit::block * round_up(std::max(call.query.dim(), call.key.dim()), T::lanes)}));
      room_size = one.used();
      rooms = carver.take<std::byte>(static_cast<Index>(room_size) * slot_count);
    }
    [[nodiscard]] std::byte* slot(Index number) const { return slots + static_cast<std::size_t>(number) * slot_size; }
    [[nodiscard]] std::byte* policies(Index part) const {
      return policy_parts + static_cast<std::size_t>(part) * policy_size;
    }
    [[nodiscard]] Number* room(Index number) const {
      return reinterpret_cast<Number*>(rooms + static_cast<std::size_t>(number) * room_size);
    }
  };

  /// Where a chunk sums its part of d_query: the first chunk of a unit in the sum itself.
  [[nodiscard]] Number* d_query_of(GradientUnit const& unit, Index chunk, WaveMemory const& memory, Index part) const {
    if (chunk != unit.first_chunk) return memory.parts + part * memory.part_size;
    Carver carver(memory.packed + unit.memory);
    return GradientPack<T, Call>(carver, call_, unit).d_query;
  }

  static void copy_matrix(FeatureMap<Number> const& map, Number* rows) {
    if (map.matrix.data == nullptr) return;
    Index const stride = round_up(map.matrix.columns, T::lanes);
    for (Index f = 0; f < map.matrix.rows; ++f)
      for (Index c = 0; c < stride; ++c) rows[f * stride + c] = c < map.matrix.columns ? map.matrix(f, c) : Number(0);
  }
  [[nodiscard]] Matrix<Number> unpadded(std::vector<Number> const& padded, Index d) const {
    if (padded.empty()) return {};
    Index const stride = round_up(d, T::lanes), features = static_cast<Index>(padded.size()) / stride;
    return Eigen::Map<Matrix<Number> const>(padded.data(), features, stride).leftCols(d);
  }

  Backward const& backward_;
  Call const& call_;
  Executor& executor_;
  Index workers_;
  std::vector<GradientUnit> units_;
  Wave wave_;
  std::vector<Number> query_matrix_, key_matrix_;  // [features][stride of d]: gradients of the maps' matrices
  PolicyGradients<Call> gradients_;
};

/// Differentiates a call on the instruction set in use.
template <class Backward, class SegmentOf, class Executor>
PolicyGradients<typename Backward::Call> run_backward(Backward const& backward, Index segments,
                                                      SegmentOf const& segment_of, Executor& executor,
                                                      Workspace& workspace) {
  return with_set(active_isa(), [&]<class Set>() {
    return BackwardRun<Set, Backward, SegmentOf, Executor>(backward, segments, segment_of, executor).run(workspace);
  });
}

}  // namespace kernel
}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
