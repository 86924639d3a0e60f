#pragma once

#include <attend/core/config.hpp>
#include <attend/core/types.hpp>
#include <attend/hard/picked.hpp>
#include <attend/hard/scored_row.hpp>
#include <attend/hard/sparse_weights.hpp>

#include <algorithm>
#include <cstddef>
#include <vector>

/// From scores to picks, some rows at a time.

namespace attend {
inline namespace ATTEND_UNIT_NAME {
namespace hard_detail {

struct PickSizes {
  Index heads;  // of all sequences
  Index queries, keys, picks;
  Index rows_at_once;  // of each head
};

/// In the order of keys, each key once.
template <class Entry>
[[nodiscard]] std::vector<Entry>& joined(std::vector<Entry>& entries) {
  std::stable_sort(entries.begin(), entries.end(), [](Entry const& a, Entry const& b) { return a.key < b.key; });
  std::size_t count = 0;
  for (Entry const& entry : entries)
    if (count > 0 && entries[count - 1].key == entry.key)
      entries[count - 1].weight += entry.weight;
    else
      entries[count++] = entry;
  entries.resize(count);
  return entries;
}

/// ScoreDifferences of some queries of each head, and their largest scores.
template <class Scalar>
struct DifferenceRows {
  Matrix<Scalar> differences;  // (heads·rows, m)
  Vector<Scalar> largest;      // (heads·rows)
};

/// Everything of Picked but the output, for the queries of all heads, head by head. `differences(first, rows)` gives
/// the DifferenceRows of some queries of each head, `choose(row, head, i)` the picks of query i of a head
/// and their weights.
template <class Storage, class Differences, class Choose, class Executor>
[[nodiscard]] Picked<Storage> pick_rows(PickSizes const& sizes, compute_t<Storage> temperature,
                                        Differences const& differences, Choose const& choose, Executor& executor) {
  using Scalar = compute_t<Storage>;
  Index const n = sizes.queries, all = sizes.heads * n;
  Picked<Storage> result{{},
                         KeyMatrix::Constant(all, sizes.picks, -1),
                         Matrix<Scalar>::Zero(all, sizes.picks),
                         Vector<Scalar>::Zero(all),
                         SparseWeights<Scalar>(sizes.keys),
                         Vector<Scalar>::Zero(all)};
  std::vector<std::vector<KeyWeight<Scalar>>> picks(static_cast<std::size_t>(all));
  Index first = 0;
  do {  // once for n = 0 too, for the checks of the call
    Index const rows = std::min(sizes.rows_at_once, n - first);
    DifferenceRows<Scalar> const block = differences(first, rows);
    Matrix<Scalar> exponentials(block.largest.size(), sizes.keys);
    executor.for_each(block.largest.size(), [&](Index r) {
      ScoredRow<Scalar> const row(block.differences.row(r).data(), sizes.keys, temperature, exponentials.row(r).data());
      Index const head = r / rows, query = first + r % rows, i = head * n + query;
      result.entropy(i) = row.entropy();
      result.log_sum_exp(i) = row.log_sum_exp(block.largest(r));
      if (row.is_poisoned()) result.log_probability.row(i).setConstant(row.entropy());
      if (row.is_poisoned() || !row.sees_something()) return;
      auto& mine = picks[static_cast<std::size_t>(i)];
      mine = choose(row, head, query);
      for (std::size_t p = 0; p < mine.size(); ++p) {
        result.keys(i, static_cast<Index>(p)) = mine[p].key;
        result.log_probability(i, static_cast<Index>(p)) = row.log_probability(mine[p].key);
      }
    });
    first += rows;
  } while (first < n);
  for (auto& row : picks) result.weights.add_row(joined(row));
  return result;
}

}  // namespace hard_detail
}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
