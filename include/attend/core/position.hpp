#pragma once

#include <attend/core/ordinal.hpp>

#include <algorithm>

namespace attend {

/// Where one pair of a query and a key stands: what masks and adjusters are called with.
///
/// The kernel calls them with one query and a whole SIMD vector of consecutive keys (`Keys` is a pack of
/// integers), the reference with plain numbers (`Keys` is Ordinal).
///
/// Query i stands at position i + (m − n), so that the last query stands at the last key: decoding with a cache
/// and causal prefill are the same call. `QueryStart` names another place. In a batch of documents positions
/// count from the start of the pair's own document.
template <class Keys = Ordinal>
struct Position {
  using keys_type = Keys;

  Ordinal query = 0;  ///< position of the query, in tokens
  Keys key{};         ///< position of the key, in tokens
  Ordinal start = 0;  ///< position of the first query: query − start is its number within its sequence
  Ordinal row = 0;    ///< number of the query as stored: where a (n, m) bias or mask is read
  Keys column{};      ///< number of the key as stored
  Ordinal head = 0;   ///< query head
  Ordinal batch = 0;  ///< sequence in the batch
};

/// Reads element `column` of a line of `count` numbers. The kernel's twin takes a pack of consecutive columns and
/// reads a whole vector, with zeros past the end (those lanes are never seen).
template <class Scalar>
[[nodiscard]] Scalar lookup(Scalar const* line, Index stride, Index /*count*/, Ordinal column) {
  return line[Index(column) * stride];
}

/// A rectangle of pairs: queries [query, query + queries) × keys [key, key + keys), all of one head.
/// The same coordinates as `Position`.
struct Tile {
  Index query = 0, queries = 0;
  Index key = 0, keys = 0;
  Index start = 0;
  Index row = 0;
  Index column = 0;
  Index head = 0, batch = 0;

  [[nodiscard]] Index last_query() const { return query + queries - 1; }
  [[nodiscard]] Index last_key() const { return key + keys - 1; }

  /// The position of pair (i, j) of the tile.
  [[nodiscard]] Position<> at(Index i, Index j) const {
    return {query + i, key + j, start, row + i, column + j, head, batch};
  }
};

/// How many pairs of a tile a mask lets meet. `some` is always a permitted answer.
enum class Coverage { none, some, all };

[[nodiscard]] constexpr Coverage both(Coverage a, Coverage b) { return std::min(a, b); }
[[nodiscard]] constexpr Coverage either(Coverage a, Coverage b) { return std::max(a, b); }
[[nodiscard]] constexpr Coverage opposite(Coverage a) {
  return a == Coverage::none ? Coverage::all : a == Coverage::all ? Coverage::none : Coverage::some;
}
[[nodiscard]] constexpr Coverage covered(bool none, bool all) {
  return none ? Coverage::none : all ? Coverage::all : Coverage::some;
}

}  // namespace attend
