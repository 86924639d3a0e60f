#pragma once

#include <attend/core/call_shape.hpp>
#include <attend/core/check.hpp>
#include <attend/core/concepts.hpp>
#include <attend/simd/pack.hpp>

#include <algorithm>
#include <concepts>
#include <iterator>
#include <memory>
#include <ranges>
#include <vector>

namespace attend {

/// A ragged batch without padding: documents packed one after another in one sequence; a query sees its own document.
///
/// `Documents{{5, 3, 7}}` has three documents, of 5, 3 and 7 tokens; a second list gives the keys of each where they
/// are not as many as its queries. Positions count from the start of the document, so `& Causal{}` and the like mean
/// the same as if each were a call of its own.
///
/// Throws   when a length is negative, or the lists differ in length; at the call, when the lengths do not add up to
///          n and m
/// Edge     a document may have no queries, or no keys: its queries then see nothing and get zeros
/// Cost     only the diagonal blocks: Σ nᵢ·mᵢ pairs
/// Source   Dao 2022, "varlen", cu_seqlens (arXiv 2205.14135)
class Documents {
 public:
  explicit Documents(std::vector<Index> const& lengths) : Documents(Totals(sums_of(lengths, "tokens"))) {}

  Documents(std::vector<Index> const& query_lengths, std::vector<Index> const& key_lengths)
      : Documents(Totals{sums_of(query_lengths, "queries"), sums_of(key_lengths, "keys")}) {}

  /// The same from running totals: 0, the end of the first document, …, the end of the last. Any whole numbers.
  template <std::ranges::input_range Offsets = std::vector<Index>>
    requires std::integral<std::ranges::range_value_t<Offsets>>
  [[nodiscard]] static Documents from_offsets(Offsets const& offsets) {
    return Documents(Totals(checked_offsets(offsets, "tokens")));
  }
  template <std::ranges::input_range QueryOffsets = std::vector<Index>,
            std::ranges::input_range KeyOffsets = std::vector<Index>>
    requires std::integral<std::ranges::range_value_t<QueryOffsets>> &&
             std::integral<std::ranges::range_value_t<KeyOffsets>>
  [[nodiscard]] static Documents from_offsets(QueryOffsets const& query_offsets, KeyOffsets const& key_offsets) {
    return Documents(Totals{checked_offsets(query_offsets, "queries"), checked_offsets(key_offsets, "keys")});
  }

  [[nodiscard]] Index count() const { return std::ssize(layout_->query_offsets) - 1; }
  [[nodiscard]] Index query_begin(Index document) const { return at(layout_->query_offsets, document); }
  [[nodiscard]] Index query_end(Index document) const { return at(layout_->query_offsets, document + 1); }
  [[nodiscard]] Index key_begin(Index document) const { return at(layout_->key_offsets, document); }
  [[nodiscard]] Index key_end(Index document) const { return at(layout_->key_offsets, document + 1); }
  [[nodiscard]] Index queries() const { return layout_->query_offsets.back(); }
  [[nodiscard]] Index keys() const { return layout_->key_offsets.back(); }

  /// The document that a query, or a key, belongs to.
  [[nodiscard]] Index document_of_query(Index row) const { return document_of(layout_->query_offsets, row); }
  [[nodiscard]] Index document_of_key(Index column) const { return document_of(layout_->key_offsets, column); }

  void check_sizes(CallShape const& shape) const {
    check(queries() == shape.queries && keys() == shape.keys, "Documents: the ", count(), " documents have ", queries(),
          " queries and ", keys(), " keys, but the call has ", shape.queries, " and ", shape.keys, ".");
  }

  ATTEND_INLINE auto operator()(auto const& p) const {
    Span const seen = layout_->keys_of_query.get()[Index(p.row)];
    return p.column >= seen.begin && p.column < seen.end;
  }

  [[nodiscard]] Coverage coverage(Tile const& tile) const {
    if (tile.queries <= 0 || tile.keys <= 0) return Coverage::none;
    Index const first_row = document_of_query(tile.row), last_row = document_of_query(tile.row + tile.queries - 1);
    Index const first_column = document_of_key(tile.column);
    Index const last_column = document_of_key(tile.column + tile.keys - 1);
    // Of the documents that both sides of the tile run through, is there one with both queries and keys?
    Index const from = std::max(first_row, first_column), to = std::min(last_row, last_column);
    bool const none = from > to || at(layout_->full_before, from) == at(layout_->full_before, to + 1);
    return covered(none, first_row == last_row && first_column == last_column && first_row == first_column);
  }

 private:
  using Offsets = std::vector<Index>;

  struct Span {
    Index begin, end;
  };

  /// Braces, not parentheses, evaluate the first list before the second.
  struct Totals {
    explicit Totals(Offsets of_both) : queries(of_both), keys(std::move(of_both)) {}
    Totals(Offsets of_queries, Offsets of_keys) : queries(std::move(of_queries)), keys(std::move(of_keys)) {}

    Offsets queries, keys;  // (count + 1)
  };

  /// What all copies of the mask share.
  struct Layout {
    explicit Layout(Totals totals) : query_offsets(std::move(totals.queries)), key_offsets(std::move(totals.keys)) {
      check(query_offsets.size() == key_offsets.size(), "Documents: ", query_offsets.size() - 1,
            " documents of queries but ", key_offsets.size() - 1, " of keys; give as many of both.");
      keys_of_query = std::make_unique<Span[]>(static_cast<std::size_t>(query_offsets.back()));
      full_before.push_back(0);
      for (std::size_t document = 0; document + 1 < query_offsets.size(); ++document) {
        Span const keys{key_offsets[document], key_offsets[document + 1]};
        std::fill(keys_of_query.get() + query_offsets[document], keys_of_query.get() + query_offsets[document + 1],
                  keys);
        bool const full = query_offsets[document] < query_offsets[document + 1] && keys.begin < keys.end;
        full_before.push_back(full_before.back() + (full ? 1 : 0));
      }
    }

    Offsets query_offsets, key_offsets;     // (count + 1)
    Offsets full_before;                    // (count + 1) earlier documents with both queries and keys
    std::unique_ptr<Span[]> keys_of_query;  // (n)
  };

  explicit Documents(Totals totals) : layout_(std::make_shared<Layout>(std::move(totals))) {}

  [[nodiscard]] static Offsets sums_of(std::vector<Index> const& lengths, char const* what) {
    Offsets offsets{0};
    for (Index const length : lengths) {
      check(length >= 0, "Documents: document ", offsets.size() - 1, " has ", length, " ", what,
            "; a length must be 0 or more.");
      offsets.push_back(offsets.back() + length);
    }
    return offsets;
  }

  template <class Range>
  [[nodiscard]] static Offsets checked_offsets(Range const& given, char const* what) {
    Offsets offsets;
    for (auto const offset : given) offsets.push_back(static_cast<Index>(offset));
    check(!offsets.empty() && offsets.front() == 0, "Documents: the offsets of ", what, " must start with 0.");
    auto const falling = std::ranges::adjacent_find(offsets, std::ranges::greater());
    check(falling == offsets.end(), "Documents: the offsets of ", what, " fall after ",
          falling == offsets.end() ? 0 : *falling, "; they must not.");
    return offsets;
  }

  [[nodiscard]] static Index at(Offsets const& offsets, Index document) {
    return offsets[static_cast<std::size_t>(document)];
  }
  [[nodiscard]] static Index document_of(Offsets const& offsets, Index token) {
    return std::ranges::upper_bound(offsets, token) - offsets.begin() - 1;
  }

  std::shared_ptr<Layout const> layout_;
};

}  // namespace attend
