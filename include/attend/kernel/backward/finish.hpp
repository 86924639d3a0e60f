#pragma once

#include <attend/kernel/backward/memory.hpp>
#include <attend/kernel/values.hpp>

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

/// A token that meets nobody has a gradient of zeros, whatever stands in it: it must take no part in products, where
/// 0 · NaN would be NaN. Gradients are whole vectors, here and below.
template <class T, class Number>
[[nodiscard]] ATTEND_INLINE bool is_zero(Number const* gradient, Index features) {
  using Vector = pack<Number, T::lanes>;
  for (Index f = 0; f < features; f += T::lanes)
    if (any_of(Vector::load(gradient + f) != Vector(Number(0)))) return false;
  return true;
}

template <class T, class Number>
ATTEND_INLINE void scale_gradient(Number* gradient, Index features, Number scale) {
  using Vector = pack<Number, T::lanes>;
  for (Index f = 0; f < features; f += T::lanes) (Vector::load(gradient + f) * Vector(scale)).store(gradient + f);
}

/// One token of a map's input and what its features' gradient comes to, the transpose of map_tokens:
///
///   features = scale · unit(y),  y = matrix · x + bias
///   d_y = scale · (g − û (û · g)) / ‖y‖, or scale · g;   d_x = matrixᵀ · d_y
///
/// `gradient` becomes d_y; y(f) is a vector from feature f on. Returns what the scale's gradient is: the features
/// without it, times g.
template <class T, class Number, class Feature>
ATTEND_INLINE Number unscale(FeatureMap<Number> const& map, Index features, Feature const& y, Number* gradient) {
  using Vector = pack<Number, T::lanes>;
  if (is_zero<T>(gradient, features)) return 0;
  Vector square_sum(Number(0)), dot_sum(Number(0));
  for (Index f = 0; f < features; f += T::lanes) {
    Vector const x = y(f);
    square_sum = square_sum + x * x;
    dot_sum = dot_sum + x * Vector::load(gradient + f);
  }
  Number const squares = sum_of(square_sum), dot = sum_of(dot_sum);
  if (!map.to_unit_length) {
    scale_gradient<T>(gradient, features, map.scale);
    return dot;
  }
  // The zero vector has no direction: its features are 0, and so is their gradient here.
  Number const length = std::sqrt(squares);
  Number const scale = squares == Number(0) ? Number(0) : map.scale / length;
  Number const along = squares == Number(0) ? Number(0) : dot / squares;
  for (Index f = 0; f < features; f += T::lanes)
    (Vector(scale) * (Vector::load(gradient + f) - Vector(along) * y(f))).store(gradient + f);
  return squares == Number(0) ? Number(0) : dot / length;
}

/// Whether the scale of what goes through a matrix can be had from the matrix's own gradient, without the features:
/// Σ g · y = (Σ d_matrix ∘ matrix + Σ d_bias ∘ bias) / scale.
template <class Number>
[[nodiscard]] ATTEND_INLINE bool scale_is_in_matrix(FeatureMap<Number> const& map) {
  return !map.to_unit_length && map.scale != Number(0);
}

/// Some tokens of one head, packed side by side.
template <class GradientNumber, class Storage>
struct TokenRun {
  View<Storage> tokens;                   // (count, d)
  MutableView<GradientNumber> gradients;  // (count, d)

  /// What CopyValues asks of a call.
  template <class Compute>
  struct CallLike {
    using Number = Compute;
    using Value = Storage;
  };
};

/// Calls visit(first row in the pack, tokens) for stretches of a block of queries that are of one head, or with the
/// keys of a tile. Numbers count blocks first, then tiles.
template <class T, class Backward, class Visit>
ATTEND_INLINE void for_each_token_run(Backward const& backward, GradientUnit const& unit, Index number,
                                      Visit const& visit) {
  using Call = typename Backward::Call;
  using Number = typename Call::Number;
  Call const& call = backward.forward;
  Segment const& segment = unit.segment;
  auto const stretch = [](auto const& heads, Index b, Index h, Index first, Index count) {
    auto view = heads.mutable_head(b, h);
    view.data += first * view.row_stride;
    view.rows = count;
    return view;
  };
  if (number < unit.blocks) {
    for (Index r = 0; r < unit.rows_of(number);) {
      Index const flat = unit.first_row(number) + r, in_group = flat / segment.rows, row = flat % segment.rows;
      Index const head = unit.key_head * call.group + in_group;
      Index const count = std::min<Index>(unit.rows_of(number) - r, segment.rows - row);
      visit(number * GradientUnit::block + r,
            TokenRun<Number, typename Call::Query>{
                call.query.head(segment.batch, head).middle_rows(segment.row + row, count),
                stretch(backward.arrays.d_query, segment.batch, head, segment.row + row, count)});
      r += count;
    }
  } else {
    Index const first = (number - unit.blocks) * T::tile, count = std::min(T::tile, segment.keys - first);
    visit(first, TokenRun<Number, typename Call::Key>{
                     call.key.head(segment.batch, unit.key_head).middle_rows(segment.key + first, count),
                     stretch(backward.arrays.d_key, segment.batch, unit.key_head, segment.key + first, count)});
  }
}

/// Writes the gradients of one block's queries, or of one tile's keys, and leaves d_y in the place of those of their
/// features.
template <class Backward>
struct FinishTokens {
  using Call = typename Backward::Call;
  using Number = typename Call::Number;

  Backward const& backward;
  GradientUnit const& unit;
  Index number;  // blocks first, then tiles
  std::byte* packed;
  Number const* query_matrix;  // [features][stride of d_q], where queries go through a matrix
  Number const* key_matrix;
  Number* room;          // [GradientUnit::block][stride of d]
  Number* scale_result;  // by block: the gradient of the queries' scale

  template <class Set>
  ATTEND_INLINE void run() const {
    using T = Tiling<Set, Number>;
    Call const& call = backward.forward;
    Carver carver(packed);
    GradientPack<T, Call> const packs(carver, call, unit);
    if (number < unit.blocks)
      finish<T, Call::maps_queries>(call.features.query, query_matrix, packs.d_query, packs.feature_stride);
    else if constexpr (requires { Call::Similarity::keys_are_a_table; })
      clear_keys<T>();
    else
      finish<T, Call::maps_keys>(call.features.key, key_matrix, packs.d_key, packs.feature_stride);
  }

 private:
  template <class T, bool linear>
  ATTEND_INLINE void finish(FeatureMap<Number> const& map, Number const* matrix, Number* rows, Index stride) const {
    bool const through_matrix = linear && map.matrix.data != nullptr;
    using Vector = attend::pack<Number, T::lanes>;
    Number scale_sum = 0;
    for_each_token_run<T>(
        backward, unit, number, [&](Index first, auto const& run) __attribute__((always_inline)) {
          auto const& tokens = run.tokens;
          Index const d = tokens.columns, features = map.features(d);
          for (Index r = 0; r < tokens.rows; ++r) {
            Number* const gradient = rows + (first + r) * stride;
            if (through_matrix && scale_is_in_matrix(map)) {
              scale_gradient<T>(gradient, features, map.scale);
              continue;
            }
            auto const y = [&](Index f) __attribute__((always_inline)) {
              if (!through_matrix)
                return load_some<Number, T::lanes>(tokens.row(r) + f * tokens.column_stride, tokens.column_stride,
                                                   d - f);
              Number projections[T::lanes] = {};
              auto const x = [&](Index g) __attribute__((always_inline)) { return static_cast<Number>(tokens(r, g)); };
              for (Index i = 0; i < std::min<Index>(T::lanes, features - f); ++i)
                projections[i] = projected(map, f + i, d, x);
              return Vector::load(projections);
            };
            scale_sum += unscale<T>(map, features, y, gradient);
            if (!through_matrix) store_row(gradient, run.gradients, r);
          }
          if constexpr (linear)
            if (through_matrix) transpose_map<T>(matrix, features, rows + first * stride, stride, run);
        });
    if (number < unit.blocks) *scale_result = scale_sum;
  }

  /// Keys that only lend their places.
  template <class T>
  ATTEND_INLINE void clear_keys() const {
    for_each_token_run<T>(
        backward, unit, number, [](Index, auto const& run) __attribute__((always_inline)) {
          for (Index r = 0; r < run.gradients.rows; ++r)
            for (Index f = 0; f < run.gradients.columns; ++f) run.gradients(r, f) = Number(0);
        });
  }

  /// d_x = matrixᵀ · d_y
  template <class T, class Run>
  ATTEND_INLINE void transpose_map(Number const* matrix, Index features, Number const* d_y, Index stride,
                                   Run const& run) const {
    Index const d = run.tokens.columns, d_stride = round_up(d, T::lanes);
    for (Index r = 0; r < run.tokens.rows; r += GradientUnit::block) {
      Index const count = std::min<Index>(GradientUnit::block, run.tokens.rows - r);
      for (Index i = 0; i < count * d_stride; ++i) room[i] = 0;
      accumulate_rows<T>(count, d_y + r * stride, stride, ValueTile<Number>{matrix, d_stride, features}, 0, features,
                         room, d_stride);
      for (Index i = 0; i < count; ++i) store_row(room + i * d_stride, run.gradients, r + i);
    }
  }
};

/// matrix += d_yᵀ · x, bias += Σ d_y, over all queries of a unit, or over all of its keys.
template <class Backward, bool of_queries>
struct AddMapGradient {
  using Call = typename Backward::Call;
  using Number = typename Call::Number;

  Backward const& backward;
  GradientUnit const& unit;
  std::byte* packed;
  Number* room;    // [GradientUnit::block][stride of d]
  Number* matrix;  // [features][stride of d]
  Number* bias;    // [features], or null

  template <class Set>
  ATTEND_INLINE void run() const {
    using T = Tiling<Set, Number>;
    Call const& call = backward.forward;
    Carver carver(packed);
    GradientPack<T, Call> const packs(carver, call, unit);
    Number const* const rows = of_queries ? packs.d_query : packs.d_key;
    Index const features = call.features.count, stride = packs.feature_stride;
    Index const begin = of_queries ? 0 : unit.blocks, end = of_queries ? unit.blocks : unit.blocks + unit.tiles;
    for (Index number = begin; number < end; ++number)
      for_each_token_run<T>(
          backward, unit, number, [&](Index first, auto const& run) __attribute__((always_inline)) {
            Index const d = run.tokens.columns, d_stride = round_up(d, T::lanes);
            for (Index r = 0; r < run.tokens.rows; r += GradientUnit::block) {
              Index const count = std::min<Index>(GradientUnit::block, run.tokens.rows - r);
              CopyValues<typename std::remove_cvref_t<decltype(run)>::template CallLike<Number>>{
                  run.tokens.middle_rows(r, count), room, d_stride}
                  .template run<Set>();
              Number const* const d_y = rows + (first + r) * stride;
              for (Index i = 0; i < count; ++i)
                if (is_zero<T>(d_y + i * stride, features)) std::fill_n(room + i * d_stride, d_stride, Number(0));
              accumulate_rows<T, true, true>(features, d_y, stride, ValueTile<Number>{room, d_stride, count}, 0, count,
                                             matrix, d_stride);
              for (Index i = 0; i < count && bias != nullptr; ++i)
                for (Index f = 0; f < features; ++f) bias[f] += d_y[i * stride + f];
            }
          });
  }
};

}  // namespace kernel
}  // namespace ATTEND_UNIT_NAME
}  // namespace attend

ATTEND_QUIET_END
