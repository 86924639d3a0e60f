#pragma once

#include <attend/kernel/scratch.hpp>

ATTEND_QUIET_BEGIN

namespace attend {
inline namespace ATTEND_UNIT_NAME {
namespace kernel {

/// Keys of a tile, counted from its first, that a strip has scores for: whole panels from `begin` to `end`.
/// A bit a panel says which of them were computed (the masks emptied the others) and in which of those a key may be
/// hidden from some row.
struct KeyRange {
  Index begin = 0, end = 0;
  std::uint64_t computed = 0, partial = 0;
  Index last_key = end;  // behind the last key that some row may see; from here to `end` all scores are −∞
  [[nodiscard]] bool empty() const { return begin == end; }
  /// Behind the last vector that holds such a key: half of the last panel may be left out.
  template <int lanes>
  [[nodiscard]] ATTEND_INLINE Index vectors_end() const {
    return round_up(last_key, lanes);
  }
};

/// Row `number` of a unit, whose queries are counted head by head.
template <class Call>
[[nodiscard]] ATTEND_INLINE QueryPlace place_of(Call const& call, Segment const& segment, Index key_head,
                                                Index number) {
  Index const rows = call.rows_of(segment);
  Index const head = number < rows ? 0 : number / rows, row = number - head * rows;  // a division costs 20 cycles
  return {key_head * call.group + head, call.picked_rows == nullptr ? row : call.picked_rows[row]};
}

/// How much of a rectangle the masks let through. Rows of one head that follow each other are one tile; a strip of a
/// decoding step holds several heads. Out of line: kernels of all instruction sets ask it, in several places.
template <class Call>
[[nodiscard]] __attribute__((noinline)) Coverage coverage_of_rows(Call const& call, Segment const& segment,
                                                                  Index key_head, Index first, Index rows, Index key,
                                                                  Index keys) {
  Coverage result = Coverage::some;
  for (Index r = 0; r < rows;) {
    QueryPlace const from = place_of(call, segment, key_head, first + r);
    Index run = 1;
    while (r + run < rows) {
      QueryPlace const next = place_of(call, segment, key_head, first + r + run);
      if (next.head != from.head || next.row != from.row + run) break;
      ++run;
    }
    Tile const tile{segment.start + from.row, run,       key,          keys, segment.start, segment.row + from.row,
                    segment.key + key,        from.head, segment.batch};
    Coverage const here = std::apply(
        [&](auto const&... mask) {
          Coverage all = Coverage::all;
          ((all = all == Coverage::none ? all : both(all, coverage_of(mask, tile))), ...);
          return all;
        },
        call.masks);
    if (here == Coverage::some || (r > 0 && here != result)) return Coverage::some;
    result = here;
    r += run;
  }
  return result;
}

/// A block of queries of one unit and its memory: what one task computes.
template <class T, class CallType, class ScratchType = Scratch<T, CallType>>
struct Block {
  using Call = CallType;
  using Number = typename Call::Number;
  using Pack = pack<Number, T::lanes>;
  using Whole = pack<integer_like<Number>, T::lanes>;
  static constexpr Number minus_infinity = -std::numeric_limits<Number>::infinity();

  Call const& call;
  Segment const& segment;
  ScratchType const& scratch;
  Index key_head;
  Index first;                     // query of the unit that the block begins with
  int count;                       // queries
  Number const* packed_keys;       // of the whole segment, or null
  Number const* packed_values;     // likewise
  Number const* packed_query_map;  // by pack_matrix, or null
  Number const* packed_key_map;

  [[nodiscard]] ATTEND_INLINE QueryPlace place(int r) const { return place_of(call, segment, key_head, first + r); }

  /// Where a query stands; its keys are still to be named.
  [[nodiscard]] ATTEND_INLINE Position<Whole> position(QueryPlace const& at) const {
    Position<Whole> p;
    p.query = segment.start + at.row;
    p.start = segment.start;
    p.row = segment.row + at.row;
    p.head = at.head;
    p.batch = segment.batch;
    return p;
  }

  /// Queries to features, strip by strip, once for all keys. Behind the last query a strip is left as it was.
  ATTEND_INLINE void pack_queries() const {
    Index const features = T::steps(call.features.count), stride = call.query.strides().dim, d = call.query.dim();
    typename Call::Query const* token[T::rows];
    typename Call::Query const* next[T::rows];
    find_queries(0, next);
    for (int strip = 0; strip < count; strip += T::rows) {
      for (int r = 0; r < T::rows; ++r) token[r] = next[r];
      find_queries(strip + T::rows, next);
      for_each_chunk<T>(
          [&](int r) __attribute__((always_inline)) { return token[r]; },
          [&]<int columns>(auto const& tokens, int offset) __attribute__((always_inline)) {
            if (tokens[0] == nullptr) return;
            map_tokens<T, columns, Call::maps_queries>(call.features.query, packed_query_map, tokens, stride, d,
                                                       scratch.queries + strip * features + offset, T::rows,
                                                       scratch.room);
          });
    }
  }

  /// How much of a rectangle of rows and keys the masks let through.
  [[nodiscard]] ATTEND_INLINE Coverage coverage(int row, int rows, Index key, Index keys) const {
    if constexpr (Call::has_masks)
      return coverage_of_rows(call, segment, key_head, first + row, rows, key, keys);
    else
      return Coverage::all;
  }

 private:
  /// Where the queries of a strip begin, null behind the last, and asks for their memory.
  ATTEND_INLINE void find_queries(int strip, typename Call::Query const* (&token)[T::rows]) const {
    Index const stride = call.query.strides().dim, d = call.query.dim();
    for (int r = 0; r < T::rows; ++r) {
      token[r] = nullptr;
      if (strip + r >= count) continue;
      QueryPlace const at = place(strip + r);
      token[r] = call.query.head(segment.batch, at.head).row(segment.row + at.row);
      prefetch_token(token[r], stride, d);
    }
  }
};

}  // namespace kernel
}  // namespace ATTEND_UNIT_NAME
}  // namespace attend

ATTEND_QUIET_END
