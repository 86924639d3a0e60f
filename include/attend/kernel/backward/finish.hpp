#pragma once

#include <attend/kernel/backward/memory.hpp>

ATTEND_QUIET_BEGIN

namespace attend {
inline namespace ATTEND_UNIT_NAME {
namespace kernel {

/// sum += part, for some rows of what chunks add to the gradients of queries.
template <class Number>
struct AddRows {
  Number* sum;
  Number const* part;
  Index count;

  template <class Set>
  ATTEND_INLINE void run() const {
    constexpr int lanes = Tiling<Set, Number>::lanes;
    using Vector = pack<Number, lanes>;
    for (Index i = 0; i < count; i += lanes) (Vector::load(sum + i) + Vector::load(part + i)).store(sum + i);
  }
};

/// From the gradient of a token's features back to that of the token, the transpose of map_tokens:
///
///   features = scale · unit(y),  y = matrix · x + bias
///   d_y = scale · (g − û (û · g)) / ‖y‖, or scale · g;   d_x = matrixᵀ · d_y
///
/// `room` holds the features of one token.
template <class Number, class Storage, class Target>
ATTEND_INLINE void unmap_token(FeatureMap<Number> const& map, Storage const* token, Index stride, Index d,
                               Number const* gradient, Number* room, Target const& d_token) {
  Index const features = map.features(d);
  auto const feature = [&](Index f) __attribute__((always_inline)) {
    if (map.matrix.data == nullptr) return static_cast<Number>(token[f * stride]);
    Number sum = map.bias == nullptr ? Number(0) : map.bias[f];
    for (Index c = 0; c < d; ++c) sum += map.matrix(f, c) * static_cast<Number>(token[c * stride]);
    return sum;
  };
  Number scale = map.scale, along = 0;
  if (map.to_unit_length) {
    Number squares = 0, dot = 0;
    for (Index f = 0; f < features; ++f) {
      Number const y = feature(f);
      squares += y * y;
      dot += y * gradient[f];
    }
    // The zero vector has no direction: its features are 0, and so is their gradient here.
    scale = squares == Number(0) ? Number(0) : map.scale / std::sqrt(squares);
    along = squares == Number(0) ? Number(0) : dot / squares;
  }
  if (map.matrix.data == nullptr) {
    for (Index f = 0; f < d; ++f)
      d_token(f) = scale * (map.to_unit_length ? gradient[f] - along * feature(f) : gradient[f]);
    return;
  }
  for (Index f = 0; f < features; ++f)
    room[f] = scale * (map.to_unit_length ? gradient[f] - along * feature(f) : gradient[f]);
  for (Index c = 0; c < d; ++c) {
    Number sum = 0;
    for (Index f = 0; f < features; ++f) sum += map.matrix(f, c) * room[f];
    d_token(c) = sum;
  }
}

/// Writes the gradients of one block's queries, or of one tile's keys.
template <class Backward>
struct FinishTokens {
  using Call = typename Backward::Call;
  using Number = typename Call::Number;

  Backward const& backward;
  GradientUnit const& unit;
  Index number;  // blocks first, then tiles
  std::byte* packed;
  Number* room;

  template <class Set>
  ATTEND_INLINE void run() const {
    using T = Tiling<Set, Number>;
    Call const& call = backward.forward;
    Carver carver(packed);
    GradientPack<T, Call> const packs(carver, call, unit);
    Segment const& segment = unit.segment;
    if (number < unit.blocks) {
      Index const at = number * GradientUnit::block;
      for (int r = 0; r < unit.rows_of(number); ++r) {
        Index const flat = unit.first_row(number) + r, head = unit.key_head * call.group + flat / segment.rows;
        Index const row = segment.row + flat % segment.rows;
        auto const queries = call.query.head(segment.batch, head);
        unmap_token(call.features.query, queries.row(row), queries.column_stride, queries.columns,
                    packs.d_query + (at + r) * packs.feature_stride, room,
                    [&](Index f) -> Number& { return backward.arrays.d_query(segment.batch, head, row, f); });
      }
    } else {
      Index const first = (number - unit.blocks) * T::tile, end = std::min(first + T::tile, segment.keys);
      auto const keys = call.key.head(segment.batch, unit.key_head);
      for (Index j = first; j < end; ++j)
        unmap_token(call.features.key, keys.row(segment.key + j), keys.column_stride, keys.columns,
                    packs.d_key + j * packs.feature_stride, room, [&](Index f) -> Number& {
                      return backward.arrays.d_key(segment.batch, unit.key_head, segment.key + j, f);
                    });
    }
  }
};

}  // namespace kernel
}  // namespace ATTEND_UNIT_NAME
}  // namespace attend

ATTEND_QUIET_END
