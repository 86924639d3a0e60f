#pragma once

#include <attend/kernel/call.hpp>
#include <attend/kernel/micro.hpp>
#include <attend/score/dot.hpp>
#include <attend/simd/convert.hpp>
#include <attend/simd/transpose.hpp>

#include <algorithm>
#include <cmath>
#include <type_traits>

/// From tokens as stored to features as the score micro-kernel reads them: [feature][row of a strip or panel].

ATTEND_QUIET_BEGIN

namespace attend {
inline namespace ATTEND_UNIT_NAME {
namespace kernel {

/// `count` stored numbers from `from`, zeros behind them, whatever the stride.
template <class Number, int lanes, class Storage>
[[nodiscard]] ATTEND_INLINE pack<Number, lanes> load_some(Storage const* from, Index stride, Index count) {
  if (stride == 1 && count >= lanes) return load_as<lanes>(from);
  Number piece[lanes] = {};
  for (Index f = 0; f < std::min<Index>(count, lanes); ++f) piece[f] = static_cast<Number>(from[f * stride]);
  return pack<Number, lanes>::load(piece);
}

/// Asks for the cache lines of one token ahead of time. A transposition touches a line of each of its tokens at once,
/// which no hardware prefetcher foresees.
template <class Storage>
ATTEND_INLINE void prefetch_token(Storage const* token, Index stride, Index features) {
  if (stride != 1) return;
  constexpr Index line = 64 / static_cast<Index>(sizeof(Storage));
  for (Index f = 0; f < features; f += line) __builtin_prefetch(token + f);
}

/// Σ x² of one token, in the order of its features.
template <class Number, class Storage>
[[nodiscard]] ATTEND_INLINE Number squared_length(Storage const* token, Index stride, Index features) {
  Number sum = 0;
  for (Index f = 0; f < features; ++f) {
    Number const x = static_cast<Number>(token[f * stride]);
    sum += x * x;
  }
  return sum;
}

/// Up to `columns` tokens to the first columns of `target` [feature][target_stride], each times its factor; a null
/// token leaves zeros. Tokens that lie side by side in memory (column-major) are read across, without a transposition.
template <int columns, class Number, int lanes, class Storage>
ATTEND_INLINE void transpose_tokens(Storage const* const (&token)[lanes], Index stride, Index features,
                                    pack<Number, lanes> const& factor, Number* target, Index target_stride) {
  using Raw = raw_vector<Number, lanes>;
  bool adjacent = stride != 1 && token[0] != nullptr;
  for (int i = 1; adjacent && i < lanes; ++i) adjacent = token[i] == token[0] + i;
  if (adjacent) {
    for (Index f = 0; f < features; ++f) {
      Raw const x = load_as<lanes>(token[0] + f * stride).value() * factor.value();
      store_first<columns, Number, lanes>(target + f * target_stride, x);
    }
    return;
  }
  if (token[0] == nullptr) {
    for (Index f = 0; f < features; ++f) std::memset(target + f * target_stride, 0, columns * sizeof(Number));
    return;
  }
  // A missing token is read as the first one and taken out again: asking for each 16 bytes whether they are there took
  // as long as all shuffles.
  using Bits = raw_vector<integer_like<Number>, lanes>;
  bool const in_place = std::is_same_v<Storage, Number> && stride == 1;
  Number const* line[lanes];
  integer_like<Number> is_there[lanes];
  for (int i = 0; i < lanes; ++i) {
    bool const there = i < columns && token[i] != nullptr;
    if constexpr (std::is_same_v<Storage, Number>) line[i] = token[there ? i : 0];
    is_there[i] = there ? -1 : 0;
  }
  Bits keep;
  load(keep, is_there);
  // What is no square in memory is copied to one: other types, other strides, the last features.
  alignas(64) Number piece[lanes * lanes], turned[lanes * columns];
  Index done = 0, here = in_place ? features - features % lanes : 0;
  for (;;) {
    bool const whole = here % lanes == 0;
    Number* const to = whole ? target + done * target_stride : turned;
    Index const to_stride = whole ? target_stride : columns;
    for (Index f = 0; f < here; f += lanes) {
      Raw square[lanes];
      load_transposed<Number, lanes>([&](int i) __attribute__((always_inline)) { return line[i] + f; }, square);
      ATTEND_UNROLL
      for (int g = 0; g < lanes; ++g) {
        Raw const x = square[g] * factor.value();
        store_first<columns, Number, lanes>(to + (f + g) * to_stride,
                                            reinterpret_cast<Raw>(reinterpret_cast<Bits>(x) & keep));
      }
    }
    for (Index g = 0; g < here && !whole; ++g)
      std::memcpy(target + (done + g) * target_stride, turned + g * columns, columns * sizeof(Number));
    done += here;
    if (done == features) return;
    here = std::min<Index>(lanes, features - done);
    for (int i = 0; i < lanes; ++i) {
      line[i] = piece + (is_there[i] != 0 ? i * lanes : 0);
      if (is_there[i] != 0) load_some<Number, lanes>(token[i] + done * stride, stride, here).store(piece + i * lanes);
    }
  }
}

/// Calls visit.operator()<columns>(tokens, offset) for the tokens of a strip, token(r) each or null, a vector's worth
/// at a time.
template <class T, class Token, class Visit>
ATTEND_INLINE void for_each_chunk(Token const& token, Visit const& visit) {
  constexpr int rest = T::rows % T::lanes, whole = T::rows - rest;
  decltype(token(0)) tokens[T::lanes];
  for (int offset = 0; offset < whole; offset += T::lanes) {
    for (int i = 0; i < T::lanes; ++i) tokens[i] = token(offset + i);
    visit.template operator()<T::lanes>(tokens, offset);
  }
  if constexpr (rest > 0) {
    for (int i = 0; i < T::lanes; ++i) tokens[i] = i < rest ? token(whole + i) : nullptr;
    visit.template operator()<rest>(tokens, whole);
  }
}

/// Up to T::rows tokens, token(r) each or null, to a strip [feature][rows].
template <class T, class Number, class Token>
ATTEND_INLINE void transpose_strip(Token const& token, Index stride, Index features, Number* target) {
  for_each_chunk<T>(
      token, [&]<int columns>(auto const& tokens, int offset) __attribute__((always_inline)) {
        transpose_tokens<columns>(tokens, stride, features, pack<Number, T::lanes>(1), target + offset, T::rows);
      });
}

/// What a strip of tokens is worth before it is compared: scale, or scale / length.
template <class Number, int lanes, class Storage>
[[nodiscard]] ATTEND_INLINE pack<Number, lanes> token_factors(FeatureMap<Number> const& map,
                                                              Storage const* const (&token)[lanes], Index stride,
                                                              Index features) {
  if (!map.to_unit_length) return pack<Number, lanes>(map.scale);
  Number factor[lanes] = {};
  for (int i = 0; i < lanes; ++i) {
    if (token[i] == nullptr) continue;
    Number const length = std::sqrt(squared_length<Number>(token[i], stride, features));
    if (length > Number(0) || length != length) factor[i] = map.scale / length;
  }
  return pack<Number, lanes>::load(factor);
}

/// Number f of  matrix · x + bias  for one token of d numbers x(g): for the few that need it once more, when the length
/// of the whole was taken out.
template <class Number, class Token>
[[nodiscard]] ATTEND_INLINE Number projected(FeatureMap<Number> const& map, Index f, Index d, Token const& x) {
  if (map.matrix.data == nullptr) return x(f);
  Number sum = map.bias == nullptr ? Number(0) : map.bias[f];
  for (Index g = 0; g < d; ++g) sum += map.matrix(f, g) * x(g);
  return sum;
}

/// Packs a map's matrix as the keys of a product: its rows become panels [d][panel].
template <class T, class Number>
ATTEND_INLINE void pack_matrix(View<Number> const& matrix, Number* target) {
  constexpr int lanes = T::lanes;
  for (Index first = 0; first < matrix.rows; first += lanes) {
    Number const* token[lanes];
    for (int i = 0; i < lanes; ++i) token[i] = first + i < matrix.rows ? matrix.row(first + i) : nullptr;
    Index const panel = first / T::panel * T::panel;
    transpose_tokens<lanes>(token, matrix.column_stride, matrix.columns, pack<Number, lanes>(1),
                            target + panel * matrix.columns + (first - panel), T::panel);
  }
}

/// Numbers of working memory that map_tokens needs.
template <class T, class Number>
[[nodiscard]] constexpr Index map_room(FeatureMap<Number> const& map, Index d) {
  return map.matrix.data == nullptr ? 0 : T::lanes * (d + round_up(map.matrix.rows, T::panel));
}

/// Applies a map to up to `columns` tokens and leaves their features in the first columns of `target`
/// [feature][target_stride]. `packed` is the map's matrix by pack_matrix, `room` is map_room numbers.
template <class T, int columns, bool linear, class Number, class Storage>
ATTEND_INLINE void map_tokens(FeatureMap<Number> const& map, Number const* packed,
                              Storage const* const (&token)[T::lanes], Index stride, Index d, Number* target,
                              Index target_stride, Number* room) {
  constexpr int lanes = T::lanes;
  static_assert(columns <= lanes);
  if constexpr (T::bfloat16) {
    transpose_words<columns>(token, stride, d, target, target_stride);  // scores are scaled, not words
    return;
  } else if (!linear || map.matrix.data == nullptr) {
    transpose_tokens<columns>(token, stride, d, token_factors<Number, lanes>(map, token, stride, d), target,
                              target_stride);
    return;
  }
  if constexpr (linear) {
    // matrix · x for some tokens is their scores against the matrix's rows: the same panel product.
    constexpr int step = lanes < 4 ? lanes : 4;
    Index const features = map.matrix.rows, product_stride = round_up(features, T::panel);
    Number* const strip = room;
    Number* const product = room + d * lanes;
    transpose_tokens<lanes>(token, stride, d, pack<Number, lanes>(1), strip, lanes);
    for (Index panel = 0; panel < features; panel += T::panel)
      for (int first = 0; first < lanes; first += step)
        score_panel<T, step, 2, lanes>(Dot{}, strip + first, packed + panel * d, static_cast<Number const*>(nullptr), d,
                                       product + first * product_stride + panel, product_stride);
    Number const* mapped[lanes];
    for (int i = 0; i < lanes; ++i) {
      mapped[i] = token[i] == nullptr ? nullptr : product + i * product_stride;
      for (Index f = 0; f < features && map.bias != nullptr; ++f) product[i * product_stride + f] += map.bias[f];
    }
    transpose_tokens<columns>(mapped, 1, features, token_factors<Number, lanes>(map, mapped, 1, features), target,
                              target_stride);
  }
}

/// Packs keys [tile, tile + keys) of a segment to panels [feature][panel], zeros behind the last key.
template <class Call>
struct PackTile {
  using Number = typename Call::Number;

  Call const& call;
  Segment const& segment;
  Index key_head;
  Index tile, keys;
  Number const* packed_map;  // by pack_matrix, or null
  Number* target;
  Number* room;  // map_room numbers

  template <class Set>
  ATTEND_INLINE void run() const {
    using T = Tiling<Set, Number>;
    if constexpr (requires { Call::Similarity::keys_are_a_table; })
      pack<T>(call.similarity.key_table().middle_rows(tile, keys));
    else
      pack<T>(call.key.head(segment.batch, key_head).middle_rows(segment.key + tile, keys));
  }

 private:
  template <class T, class Storage>
  ATTEND_INLINE void pack(View<Storage> const& tokens) const {
    Index const features = T::steps(call.features.count);
    for (Index first = 0; first < round_up(keys, T::panel); first += T::lanes) {
      Storage const* token[T::lanes];
      for (int i = 0; i < T::lanes; ++i) {
        token[i] = first + i < keys ? tokens.row(first + i) : nullptr;
        if (first + T::lanes + i < keys)
          prefetch_token(tokens.row(first + T::lanes + i), tokens.column_stride, tokens.columns);
      }
      Index const panel = first / T::panel * T::panel;
      map_tokens<T, T::lanes, Call::maps_keys>(call.features.key, packed_map, token, tokens.column_stride,
                                               tokens.columns, target + panel * features + (first - panel), T::panel,
                                               room);
    }
  }
};

}  // namespace kernel
}  // namespace ATTEND_UNIT_NAME
}  // namespace attend

ATTEND_QUIET_END
