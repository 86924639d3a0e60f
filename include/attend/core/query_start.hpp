#pragma once

#include <attend/core/call_shape.hpp>
#include <attend/core/check.hpp>
#include <attend/core/concepts.hpp>

#include <utility>
#include <vector>

namespace attend {

/// Where the first query stands, for every mask and adjuster of the call: query i stands at position start + i.
///
/// Without this option, or with `QueryStart{}`, start = m − n: the last query stands at the last key. One number
/// serves the whole batch, or one a sequence is given (caches filled to different lengths). It may be negative.
///
/// Units    tokens
/// Throws   at the call, when there are several numbers but not one a sequence
/// Edge     in a batch of documents m − n is taken of each document; a number given is the start of every document
struct QueryStart {
  using kind = OptionKind;

  std::vector<Index> starts{};  ///< none: m − n; one; or one a sequence

  QueryStart() = default;
  explicit QueryStart(Index start) : starts{start} {}
  explicit QueryStart(std::vector<Index> start_of_each_sequence) : starts(std::move(start_of_each_sequence)) {}

  void check_sizes(CallShape const& shape) const {
    check(starts.size() <= 1 || std::cmp_equal(starts.size(), shape.batch), "QueryStart: ", starts.size(),
          " starts for a batch of ", shape.batch, "; give one, or one a sequence.");
  }

  /// The position of the first of n queries over m keys.
  [[nodiscard]] Index of(Index batch, Index n, Index m) const {
    if (starts.empty()) return m - n;
    return starts[starts.size() == 1 ? 0 : static_cast<std::size_t>(batch)];
  }
};

}  // namespace attend
