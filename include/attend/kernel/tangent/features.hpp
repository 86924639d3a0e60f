#pragma once

#include <attend/core/dual.hpp>
#include <attend/kernel/scores.hpp>
#include <attend/kernel/tangent/memory.hpp>
#include <attend/kernel/values.hpp>

/// From tokens and their directions to features and theirs, and to how scores answer.

ATTEND_QUIET_BEGIN

namespace attend {
inline namespace ATTEND_UNIT_NAME {
namespace kernel {

/// map_tokens, and how the features move when the tokens do:
///
///   features = scale · unit(y),  y = matrix · x + bias
///   d_features = scale · (dy − û (û · dy)) / ‖y‖, or scale · dy;   dy = matrix · dx
template <class T, int columns, bool linear, class Number, class Storage>
ATTEND_INLINE void map_tangents(FeatureMap<Number> const& map, Number const* packed,
                                Storage const* const (&token)[T::lanes], Index stride,
                                Number const* const (&d_token)[T::lanes], Index d_stride, Index d, Number* features,
                                Number* d_features, Index target_stride, Number* room) {
  map_tokens<T, columns, linear>(map, packed, token, stride, d, features, target_stride, room);
  FeatureMap<Number> directions = map;
  directions.bias = nullptr;
  directions.to_unit_length = false;
  map_tokens<T, columns, linear>(directions, packed, d_token, d_stride, d, d_features, target_stride, room);
  if (!map.to_unit_length) return;
  Index const count = map.features(d);
  for (int i = 0; i < columns; ++i) {
    if (token[i] == nullptr) continue;
    auto const x = [&](Index g) __attribute__((always_inline)) { return static_cast<Number>(token[i][g * stride]); };
    auto const y = [&](Index f) __attribute__((always_inline)) { return linear ? projected(map, f, d, x) : x(f); };
    Number squares = 0, dot = 0;
    for (Index f = 0; f < count; ++f) {
      Number const number = y(f);
      squares += number * number;
      dot += number * d_features[f * target_stride + i];
    }
    // The zero vector has no direction: its features are 0, and stay so here.
    bool const zero = squares == Number(0);
    Number const length = zero ? Number(1) : std::sqrt(squares), along = zero ? Number(0) : dot / squares;
    for (Index f = 0; f < count; ++f) {
      Number& d_feature = d_features[f * target_stride + i];
      d_feature = zero ? Number(0) : (d_feature - along * y(f)) / length;
    }
  }
}

/// Packs one tile of keys and values of a unit, and their directions.
template <class Tangent>
struct PrepareTangents {
  using Call = typename Tangent::Call;
  using Number = typename Call::Number;

  Tangent const& tangent;
  GradientUnit const& unit;
  Index tile;  // its number
  Number const* packed_key_map;
  std::byte* packed;
  Number* room;

  template <class Set>
  ATTEND_INLINE void run() const {
    using T = Tiling<Set, Number>;
    Call const& call = tangent.forward;
    Segment const& segment = unit.segment;
    Carver carver(packed);
    TangentPack<T, Call> const packs(carver, call, unit);
    Index const first = tile * T::tile, keys = std::min(T::tile, segment.keys - first);
    auto const of_tile = [&](auto const& heads) __attribute__((always_inline)) {
      return heads.head(segment.batch, unit.key_head).middle_rows(segment.key + first, keys);
    };
    if constexpr (requires { Call::Similarity::keys_are_a_table; })
      pack_keys<T>(packs, call.similarity.key_table().middle_rows(first, keys), View<Number const>{}, first);
    else
      pack_keys<T>(packs, of_tile(call.key), of_tile(tangent.arrays.d_key), first);

    CopyValues<Call>{of_tile(call.value), packs.values + first * packs.value_stride, packs.value_stride}
        .template run<Set>();
    CopyValues<CallOfNumbers>{of_tile(tangent.arrays.d_value), packs.d_values + first * packs.value_stride,
                              packs.value_stride}
        .template run<Set>();
    bool finite = true;
    for (Number const* rows : {packs.values, packs.d_values}) {
      FinitePanels<T, Number> panels;
      ValueTile<Number> const values{rows + first * packs.value_stride, packs.value_stride, keys};
      for (Index panel = 0; panel < keys; panel += T::panel) finite &= panels.finite(values, packs.value_stride, panel);
    }
    packs.finite_values[tile] = finite;
  }

 private:
  /// What CopyValues asks of a call.
  struct CallOfNumbers {
    using Number = typename Call::Number;
    using Value = Number;
  };

  template <class T, class Packs, class Storage, class Direction>
  ATTEND_INLINE void pack_keys(Packs const& packs, View<Storage> const& tokens, View<Direction> const& directions,
                               Index tile_first) const {
    Call const& call = tangent.forward;
    Index const features = call.features.count;
    for (Index first = 0; first < round_up(tokens.rows, T::panel); first += T::lanes) {
      Storage const* token[T::lanes];
      Number const* d_token[T::lanes];
      for (int i = 0; i < T::lanes; ++i) {
        bool const real = first + i < tokens.rows;
        token[i] = real ? tokens.row(first + i) : nullptr;
        d_token[i] = real && directions.data != nullptr ? directions.row(first + i) : nullptr;
      }
      Index const panel = tile_first + first / T::panel * T::panel, lane = first % T::panel;
      Number* const here = packs.key_panels + panel * features + lane;
      Number* const both = packs.both_panels + panel * 2 * features + lane;
      map_tangents<T, T::lanes, Call::maps_keys>(call.features.key, packed_key_map, token, tokens.column_stride,
                                                 d_token, directions.column_stride, tokens.columns, here, both,
                                                 T::panel, room);
      for (Index f = 0; f < features; ++f)
        pack<Number, T::lanes>::load(here + f * T::panel).store(both + (features + f) * T::panel);
    }
  }
};

/// Packs a block's queries and their directions, from chunk `offset` of each strip on.
template <class T, int offset, class Tangent, class Block, class Scratch>
ATTEND_INLINE void pack_query_tangents(Tangent const& tangent, Block const& block, Scratch const& scratch) {
  using Call = typename Tangent::Call;
  using Number = typename Call::Number;
  if constexpr (offset < T::rows) {
    constexpr int columns = T::rows - offset < T::lanes ? T::rows - offset : T::lanes;
    Call const& call = tangent.forward;
    Index const features = call.features.count, b = block.segment.batch;
    for (int strip = 0; strip < block.count; strip += T::rows) {
      typename Call::Query const* token[T::lanes];
      Number const* d_token[T::lanes];
      for (int i = 0; i < T::lanes; ++i) {
        token[i] = nullptr;
        d_token[i] = nullptr;
        int const r = strip + offset + i;
        if (i >= columns || r >= block.count) continue;
        QueryPlace const at = block.place(r);
        token[i] = call.query.head(b, at.head).row(block.segment.row + at.row);
        d_token[i] = tangent.arrays.d_query.head(b, at.head).row(block.segment.row + at.row);
      }
      Number* const here = scratch.query_strips + strip * features + offset;
      Number* const both = scratch.both_strips + strip * 2 * features + offset;
      map_tangents<T, columns, Call::maps_queries>(call.features.query, block.packed_query_map, token,
                                                   call.query.strides().dim, d_token,
                                                   tangent.arrays.d_query.strides().dim, call.query.dim(), here,
                                                   both + features * T::rows, T::rows, scratch.room);
      for (Index f = 0; f < features; ++f)
        for (int i = 0; i < columns; ++i) both[f * T::rows + i] = here[f * T::rows + i];
    }
    pack_query_tangents<T, offset + T::lanes>(tangent, block, scratch);
  }
}

/// How the scores of some rows of a strip against one panel move. Similarities that are dot products are linear in
/// queries and in keys: one product. Others answer in dual numbers.
template <class T, class Similarity, class Number>
ATTEND_INLINE void score_tangents(Similarity const& similarity, int rows, Number const* both_queries,
                                  Number const* both_keys, Number const* weights, Index features, Number* d_scores,
                                  Index stride) {
  if constexpr (is_dot_product<Similarity>) {
    Number const* const none = nullptr;
    score_rows_of_strip<T, 2>(Dot{}, rows, both_queries, both_keys, none, 2 * features, d_scores, stride);
  } else {
    using Pack = pack<Number, T::lanes>;
    using Both = Dual<Pack>;
    Pack const zero(Number(0));
    for (int r = 0; r < rows; ++r)
      for (Index half = 0; half < T::panel; half += T::lanes) {
        Both sum(zero, zero);
        for (Index f = 0; f < features; ++f) {
          Pack const q(both_queries[f * T::rows + r]), dq(both_queries[(features + f) * T::rows + r]);
          Pack const dk = Pack::load(both_keys + f * T::panel + half);
          Pack const k = Pack::load(both_keys + (features + f) * T::panel + half);
          Pack const weight(weights == nullptr ? Number(1) : weights[f]);
          sum = similarity.combine(Both(q, dq), Both(k, dk), Both(weight, zero), sum);
        }
        similarity.finish(sum).derivative.store(d_scores + r * stride + half);
      }
  }
}

}  // namespace kernel
}  // namespace ATTEND_UNIT_NAME
}  // namespace attend

ATTEND_QUIET_END
