#pragma once

#include <attend/kernel/features.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>

namespace attend {
inline namespace ATTEND_UNIT_NAME {
namespace kernel {

/// Cuts one block of memory into aligned arrays. Without memory it only counts, so that the size announced and the
/// size used come from the same lines.
class Carver {
 public:
  Carver() = default;
  ATTEND_INLINE explicit Carver(std::byte* memory) : memory_(memory) {}

  template <class Item>
  ATTEND_INLINE Item* take(Index count) {
    Item* const items = memory_ == nullptr ? nullptr : reinterpret_cast<Item*>(memory_ + used_);
    used_ = (used_ + static_cast<std::size_t>(count) * sizeof(Item) + 63) / 64 * 64;
    return items;
  }
  [[nodiscard]] std::size_t used() const { return used_; }

 private:
  std::byte* memory_ = nullptr;
  std::size_t used_ = 0;
};

/// Working memory of one task: what a block of queries keeps while it walks over the keys.
template <class T, class Call>
struct Scratch {
  using Number = typename Call::Number;
  static constexpr bool whole_row = Call::Normalizer::family == Family::whole_row;

  Number* queries = nullptr;     // strips of [feature][rows]
  Number* scores = nullptr;      // [rows][score_stride]: one tile, or the whole row
  Number* sums = nullptr;        // [block][value_stride]
  Number* tile_sums = nullptr;   // [rows][value_stride]: what one tile adds to a strip
  Number* largest = nullptr;     // [block]
  Number* weight_sum = nullptr;  // [block][lanes]
  Index* picked = nullptr;       // [block]
  std::uint8_t* seen = nullptr;  // [rows][score_stride], only where masks or adjusters can hide a key
  Number* keys = nullptr;        // one packed tile, where keys are not packed ahead
  Number* values = nullptr;      // one tile of values as numbers, where they cannot be read in place
  Number* room = nullptr;        // for map_tokens
  Index score_stride = 0;
  Index value_stride = 0;

  /// `rows` and `keys` are the most that a block of this call has.
  ATTEND_INLINE Scratch(Carver& carver, Call const& call, Index most_rows, Index most_keys, bool packs_keys,
                        bool reads_in_place) {
    Index const features = T::steps(call.features.count), e = call.value.dim();
    Index const block = round_up(most_rows, T::rows);
    score_stride = whole_row ? round_up(most_keys, T::tile) + (T::score_stride - T::tile) : T::score_stride;
    value_stride = round_up(e, T::lanes);
    queries = carver.take<Number>(block * features);
    scores = carver.take<Number>(T::rows * score_stride);
    sums = carver.take<Number>(block * value_stride);
    tile_sums = carver.take<Number>(T::rows * value_stride);
    largest = carver.take<Number>(block);
    weight_sum = carver.take<Number>(block * T::lanes);
    picked = carver.take<Index>(block);
    seen = carver.take<std::uint8_t>(Call::has_masks || Call::has_adjusters ? T::rows * score_stride : 0);
    keys = carver.take<Number>(packs_keys ? round_up(std::min(most_keys, T::tile), T::panel) * features : 0);
    values = carver.take<Number>(reads_in_place ? 0 : T::steps(std::min(most_keys, T::tile)) * value_stride);
    room = carver.take<Number>(
        std::max(map_room<T>(call.features.query, call.query.dim()), map_room<T>(call.features.key, call.key.dim())));
  }
};

}  // namespace kernel
}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
