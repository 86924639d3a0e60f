#pragma once

#include <attend/kernel/block.hpp>
#include <attend/kernel/stored.hpp>

ATTEND_QUIET_BEGIN

namespace attend {
inline namespace ATTEND_UNIT_NAME {
namespace kernel {

/// The values of one tile, [key][stride]: in place where they are, else a converted copy with zeros behind the last
/// feature; for products of bfloat16 the copy is [word of two keys][stride].
template <class Number, class Storage = Number>
struct ValueTile {
  Storage const* data = nullptr;
  Index stride = 0;
  Index keys = 0;
};

template <class T, class Call>
[[nodiscard]] ATTEND_INLINE bool has_whole_value_rows(Call const& call) {
  return call.value.strides().dim == 1 && call.value.dim() % T::lanes == 0;
}

template <class T, class Call>
[[nodiscard]] ATTEND_INLINE bool reads_values_in_place(Call const& call) {
  return std::is_same_v<typename Call::Value, typename Call::Number> && has_whole_value_rows<T>(call);
}

/// Few rows use every value once or twice: halves are widened there, since a copy would cost more than its use.
template <class T, class Block>
[[nodiscard]] ATTEND_INLINE bool widens_values_in_place(Block const& block) {
  return !std::is_same_v<typename Block::Call::Value, typename Block::Number> && block.count <= most_few_rows &&
         block.packed_values == nullptr && has_whole_value_rows<T>(block.call);
}

/// Copies the values of some keys to numbers [key][stride], zeros behind the last feature. Column-major values are
/// transposed in squares, so that memory is read along its lines.
template <class Call>
struct CopyValues {
  using Number = typename Call::Number;

  View<typename Call::Value> values;  // (keys, e)
  Number* target;
  Index stride;

  template <class Set>
  ATTEND_INLINE void run() const {
    if constexpr (Set::bfloat16_products)
      copy_words<Tiling<Set, Number>::lanes>();
    else
      copy<Tiling<Set, Number>::lanes>();
  }

 private:
  template <int lanes>
  ATTEND_INLINE void copy_words() const {
    for (Index j = 0; j < values.rows; j += 2)
      for (Index f = 0; f < stride; f += lanes) {
        raw_vector<Number, lanes> words;
        if (values.column_stride == 1 && f + lanes <= values.columns) {
          load_value_words<lanes>(words, values.data + f, values.row_stride, j, values.rows);
        } else {
          typename Call::Value two[2 * lanes] = {};
          for (Index i = 0; i < 2 * std::min<Index>(lanes, values.columns - f); ++i)
            if (j + i % 2 < values.rows) two[i] = values(j + i % 2, f + i / 2);
          std::memcpy(&words, two, sizeof words);
        }
        store(target + j / 2 * stride + f, words);
      }
  }

  template <int lanes>
  ATTEND_INLINE void copy() const {
    using Raw = raw_vector<Number, lanes>;
    bool const across = values.row_stride == 1 && values.column_stride != 1;
    Index const whole = across ? values.rows / lanes * lanes : 0;
    for (Index j = 0; j < whole; j += lanes)
      for (Index f = 0; f < stride; f += lanes) {
        Raw square[lanes];
        for (int i = 0; i < lanes; ++i)
          square[i] =
              f + i < values.columns ? load_as<lanes>(values.data + j + (f + i) * values.column_stride).value() : Raw{};
        transpose<Number, lanes>(square);
        for (int i = 0; i < lanes; ++i) store(target + (j + i) * stride + f, square[i]);
      }
    for (Index j = whole; j < values.rows; ++j)
      for (Index f = 0; f < stride; f += lanes)
        load_some<Number, lanes>(values.row(j) + f * values.column_stride, values.column_stride, values.columns - f)
            .store(target + j * stride + f);
  }
};

/// The values of a tile as they lie in memory.
template <class Block>
[[nodiscard]] ATTEND_INLINE View<typename Block::Call::Value> stored_values(Block const& block, Index tile,
                                                                            Index keys) {
  return block.call.value.head(block.segment.batch, block.key_head).middle_rows(block.segment.key + tile, keys);
}

/// Asks for the values of a tile while its keys are packed: 3 % of the time of many sequences of 128. (Of 16, asking
/// takes longer than waiting.)
template <class Block>
ATTEND_INLINE void fetch_values(Block const& block, Index tile, Index keys) {
  auto const values = stored_values(block, tile, keys);
  for (Index j = 0; j < keys; ++j) prefetch_token(values.row(j), values.column_stride, values.columns);
}

template <class T, class Block>
[[nodiscard]] ATTEND_INLINE ValueTile<typename Block::Number> value_tile(Block const& block, Index tile, Index keys) {
  using Call = typename Block::Call;
  using Number = typename Block::Number;
  Index const stride = block.scratch.value_stride;
  if (block.packed_values != nullptr) return {block.packed_values + T::steps(tile) * stride, stride, keys};
  auto const values = stored_values(block, tile, keys);
  if constexpr (std::is_same_v<typename Call::Value, Number>)
    if (reads_values_in_place<T>(block.call)) return {values.data, values.row_stride, keys};
  enter<typename T::Set>(CopyValues<Call>{values, block.scratch.values, stride});
  return {block.scratch.values, stride, keys};
}

/// Micro-kernels over the rows of a strip, for one slice of features.
template <class T, int vectors, bool transposed, bool fresh, class Number, class Storage>
ATTEND_INLINE void accumulate_slice(Index rows, Number const* weights, Index weight_stride, Storage const* values,
                                    Index value_stride, Index begin, Index end, Number* sums, Index features,
                                    bool replaces) {
  Index const step = transposed ? 1 : weight_stride;
  Index r = 0;
  for (; r + T::value_rows <= rows; r += T::value_rows)
    accumulate<T, T::value_rows, vectors, transposed, fresh>(weights + r * step, weight_stride, values, value_stride,
                                                             begin, end, sums + r * features, features, replaces);
  for (; r + 4 <= rows; r += 4)
    accumulate<T, 4, vectors, transposed, fresh>(weights + r * step, weight_stride, values, value_stride, begin, end,
                                                 sums + r * features, features, replaces);
  for (; r < rows; ++r)
    accumulate<T, 1, vectors, transposed, fresh>(weights + r * step, weight_stride, values, value_stride, begin, end,
                                                 sums + r * features, features, replaces);
}

/// sums += weights · values, or with `replaces` sums = weights · values. Slice by slice: all rows use a slice of values
/// while it is in L1.
template <class T, bool transposed = false, bool fresh = false, class Number, class Storage>
ATTEND_INLINE void accumulate_rows(Index rows, Number const* weights, Index weight_stride,
                                   ValueTile<Number, Storage> const& values, Index begin, Index end, Number* sums,
                                   Index features, bool replaces = false) {
  Index f = 0;
  for (; f + T::value_vectors * T::lanes <= features; f += T::value_vectors * T::lanes)
    accumulate_slice<T, T::value_vectors, transposed, fresh>(rows, weights, weight_stride, values.data + f,
                                                             values.stride, begin, end, sums + f, features, replaces);
  for (; f < features; f += T::lanes)
    accumulate_slice<T, 1, transposed, fresh>(rows, weights, weight_stride, values.data + f, values.stride, begin, end,
                                              sums + f, features, replaces);
}

/// The same sums, leaving out the pairs that do not meet: 0 · NaN would be NaN.
template <class T, bool transposed = false, bool fresh = false, class Number, class Storage>
ATTEND_INLINE void accumulate_seen(Index rows, Number const* weights, Index weight_stride, std::uint8_t const* seen,
                                   ValueTile<Number, Storage> const& values, Index begin, Index end, Number* sums,
                                   Index features, bool replaces = false) {
  for (Index r = 0; r < rows; ++r) {
    Number* const sum = sums + r * features;
    for (Index f = 0; f < features; f += T::lanes) {
      using Raw = raw_vector<Number, T::lanes>;
      Raw before, total, value;
      before = Raw{};
      if (!replaces) load(before, sum + f);
      total = fresh ? Raw{} : before;
      for (Index j = begin; j < end; j += T::bfloat16 ? 2 : 1) {
        Index const pair = transposed ? j * weight_stride + r : r * weight_stride + j;
        if constexpr (T::bfloat16) {
          std::uint32_t const keep = (seen[pair] != 0 ? 0xffffu : 0) | (seen[pair + 1] != 0 ? 0xffff0000u : 0);
          if (keep == 0) continue;
          load_value_words<T::lanes>(value, values.data + f, values.stride, j, values.keys);
          value = reinterpret_cast<Raw>(reinterpret_cast<Bfloat16Words>(value) & keep);
          multiply_add<T>(total, weights[r * weight_stride + j / 2], value);
        } else {
          if (seen[pair] == 0) continue;
          load_stored<T::lanes, Number>(value, values.data + j * values.stride + f);
          total = weights[pair] * value + total;
        }
      }
      store(sum + f, fresh ? Raw(before + total) : total);
    }
  }
}

/// Which panels of a value tile hold only finite numbers, looked up once for all strips of a block.
template <class T, class Number>
class FinitePanels {
 public:
  template <class Storage>
  ATTEND_INLINE bool finite(ValueTile<Number, Storage> const& values, Index features, Index panel) {
    std::uint64_t const bit = std::uint64_t{1} << (panel / T::panel);
    if ((known_ & bit) == 0) {
      known_ |= bit;
      using Raw = raw_vector<Number, T::lanes>;
      Raw poison{};  // x · 0 is 0 for finite x, else NaN
      Index const end = std::min(values.keys, panel + T::panel);
      for (Index j = panel; j < end; j += T::bfloat16 ? 2 : 1)
        for (Index f = 0; f < features; f += T::lanes) {
          Raw value;
          if constexpr (T::bfloat16) {
            load_value_words<T::lanes>(value, values.data + f, values.stride, j, values.keys);
            auto const words = reinterpret_cast<Bfloat16Words>(value);
            poison += reinterpret_cast<Raw>(words << 16) * Number(0);
            value = reinterpret_cast<Raw>(words & 0xffff0000u);
          } else {
            load_stored<T::lanes, Number>(value, values.data + j * values.stride + f);
          }
          poison += value * Number(0);
        }
      if (sum_of(pack<Number, T::lanes>(poison)) == Number(0)) finite_ |= bit;
    }
    return (finite_ & bit) != 0;
  }

 private:
  std::uint64_t known_ = 0, finite_ = 0;
};

/// Partial panels whose values are not all finite. For those, notes which keys each row sees: call it while the
/// scores still hold −∞ for the unseen.
template <class T, class Block, class Storage>
[[nodiscard]] ATTEND_INLINE std::uint64_t careful_panels(Block const& block, int rows, Index tile,
                                                         KeyRange const& range,
                                                         ValueTile<typename Block::Number, Storage> const& values,
                                                         FinitePanels<T, typename Block::Number>& finite,
                                                         typename Block::Number const* scores, std::uint8_t* seen) {
  std::uint64_t careful = 0;
  if (range.partial == 0) return careful;
  Index const stride = block.scratch.score_stride;
  for (Index panel = range.begin; panel < range.end; panel += T::panel) {
    std::uint64_t const bit = std::uint64_t{1} << (panel / T::panel);
    if ((range.partial & bit) == 0 ||
        (finite.finite(values, block.scratch.value_stride, panel) && has_finite_scales<T>(block, tile + panel)))
      continue;
    careful |= bit;
    for (int r = 0; r < rows; ++r)
      for (Index j = panel; j < panel + T::panel; ++j)
        seen[r * stride + j] = scores[r * stride + j] != Block::minus_infinity;
  }
  return careful;
}

/// Slices of `vectors` from feature f on, for the keys of one piece and `at_once` rows at a time, while the next piece
/// is asked for in the order of memory. Returns where they end.
template <class T, int at_once, int vectors, class Number, class Storage>
[[nodiscard]] ATTEND_INLINE Index accumulate_piece(Index f, Index rows, Number const* weights, Index weight_stride,
                                                   ValueTile<Number, Storage> const& values, Index from, Index to,
                                                   Number* sums, Index features, bool replaces) {
  constexpr Index width = vectors * T::lanes;
  Index const piece = to - from, share = (piece * width + features - 1) / features;
  Storage const* next = values.data + to * values.stride;
  for (; f + width <= features; f += width) {
    for (Index i = 0; i < share; ++i, next += values.stride) fetch_lines(next, features);
    for (Index r = 0; r < rows; r += at_once)
      accumulate<T, at_once, vectors>(weights + r * weight_stride, weight_stride, values.data + f, values.stride, from,
                                      to, sums + r * features + f, features, replaces);
  }
  return f;
}

/// The same sums of a row or a few, which use every value once. A slice of less than a cache line or two would read
/// values in strides, and find them gone from L1 when the next slice comes for the rest of a line; so keys are taken by
/// pieces that stay there. (One of 4 vectors of 64 bytes reads values of 64 features whole, and needs no help.)
template <class T, class Number, class Storage>
ATTEND_INLINE void accumulate_few_rows(Index rows, Number const* weights, Index weight_stride,
                                       ValueTile<Number, Storage> const& values, Index begin, Index end, Number* sums,
                                       Index features, bool replaces) {
  constexpr Index piece_bytes = 8192;
  constexpr int chains = 4;  // of the sums of one row
  if (features == 0) return;
  Index const piece = std::max<Index>(piece_bytes / (features * static_cast<Index>(sizeof(Storage))), 8);
  for (Index from = begin; from < end; from += piece) {
    Index const to = std::min(from + piece, end);
    bool const first = replaces && from == begin;
    Index const f =
        rows == most_few_rows
            ? accumulate_piece<T, most_few_rows, T::value_vectors>(0, rows, weights, weight_stride, values, from, to,
                                                                   sums, features, first)
            : accumulate_piece<T, 1, chains>(0, rows, weights, weight_stride, values, from, to, sums, features, first);
    if (f < features)
      (void)accumulate_piece<T, 1, 1>(f, rows, weights, weight_stride, values, from, to, sums, features, first);
  }
}

/// sums = weights · values for one strip and one tile, careful where it has to be. In between panels that no row
/// sees the weights are 0; those are left out too, as their values may be anything.
template <class T, class Block, class Storage>
ATTEND_INLINE void accumulate_tile(Block const& block, int rows, KeyRange const& range, std::uint64_t careful,
                                   ValueTile<typename Block::Number, Storage> const& values,
                                   typename Block::Number const* weights, std::uint8_t const* seen,
                                   typename Block::Number* sums) {
  using Number = typename Block::Number;
  Index const features = block.scratch.value_stride, stride = block.scratch.score_stride;
  bool replaces = true;
  Index const end = std::min(range.last_key, values.keys);
  for (Index from = range.begin; from < end;) {
    std::uint64_t const bit = std::uint64_t{1} << (from / T::panel);
    bool const skip = (range.computed & bit) == 0, with_care = (careful & bit) != 0;
    Index to = from + T::panel;
    for (; to < end; to += T::panel) {
      std::uint64_t const next = std::uint64_t{1} << (to / T::panel);
      if (((range.computed & next) == 0) != skip || ((careful & next) != 0) != with_care) break;
    }
    to = std::min(to, end);
    if (with_care)
      accumulate_seen<T>(rows, weights, stride, seen, values, from, to, sums, features, replaces);
    else if (!skip && !T::wide && block.count <= most_few_rows)
      accumulate_few_rows<T>(rows, weights, stride, values, from, to, sums, features, replaces);
    else if (!skip)
      accumulate_rows<T>(rows, weights, stride, values, from, to, sums, features, replaces);
    replaces = replaces && skip;
    from = to;
  }
  if (replaces)
    for (Index i = 0; i < rows * features; i += T::lanes) pack<Number, T::lanes>(Number(0)).store(sums + i);
}

/// A strip's sums join what a tile gives it: sums = sums · factor + weights · values, where `factor` brings what the
/// strip had before to its new maximum; or, of its `first` tile, sums = weights · values.
/// Tiles are summed by themselves first: one chain over all keys would have twice the error (1,000 keys).
template <class T, class Block, class Storage>
ATTEND_INLINE void join_tile(Block const& block, int strip, int rows, KeyRange const& range, std::uint64_t careful,
                             ValueTile<typename Block::Number, Storage> const& values,
                             typename Block::Number const* weights, std::uint8_t const* seen,
                             typename Block::Number const* factor, bool first) {
  using Pack = typename Block::Pack;
  Index const features = block.scratch.value_stride;
  auto* const sums = block.scratch.sums + strip * features;
  auto* const of_tile = first ? sums : block.scratch.tile_sums;
  accumulate_tile<T>(block, rows, range, careful, values, weights, seen, of_tile);
  if (first) return;
  for (int r = 0; r < rows; ++r) {
    Pack const scale(factor[r]);
    for (Index f = r * features; f < (r + 1) * features; f += T::lanes)
      fma(Pack::load(sums + f), scale, Pack::load(of_tile + f)).store(sums + f);
  }
}

}  // namespace kernel
}  // namespace ATTEND_UNIT_NAME
}  // namespace attend

ATTEND_QUIET_END
