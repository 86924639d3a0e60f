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
  Index queries, keys, picks;
  Index rows_at_once;
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

/// Everything of Picked but the output. `differences(first, rows)` gives ScoreDifferences (rows, m), `choose(row, i)`
/// the picks of query i and their weights.
template <class Storage, class Differences, class Choose, class Executor>
[[nodiscard]] Picked<Storage> pick_rows(PickSizes const& sizes, compute_t<Storage> temperature,
                                        Differences const& differences, Choose const& choose, Executor& executor) {
  using Scalar = compute_t<Storage>;
  Index const n = sizes.queries;
  Picked<Storage> result{{},
                         KeyMatrix::Constant(n, sizes.picks, -1),
                         Matrix<Scalar>::Zero(n, sizes.picks),
                         Vector<Scalar>::Zero(n),
                         SparseWeights<Scalar>(sizes.keys)};
  std::vector<std::vector<KeyWeight<Scalar>>> picks(static_cast<std::size_t>(n));
  Index first = 0;
  do {  // once for n = 0 too, for the checks of the call
    Index const rows = std::min(sizes.rows_at_once, n - first);
    Matrix<Scalar> const block = differences(first, rows);
    Matrix<Scalar> exponentials(rows, sizes.keys);
    executor.for_each(rows, [&](Index r) {
      ScoredRow<Scalar> const row(block.row(r).data(), sizes.keys, temperature, exponentials.row(r).data());
      Index const i = first + r;
      result.entropy(i) = row.entropy();
      if (row.is_poisoned()) result.log_probability.row(i).setConstant(row.entropy());
      if (row.is_poisoned() || !row.sees_something()) return;
      auto& mine = picks[static_cast<std::size_t>(i)];
      mine = choose(row, i);
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
