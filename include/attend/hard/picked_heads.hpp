#pragma once

#include <attend/core/check.hpp>
#include <attend/core/heads.hpp>
#include <attend/core/types.hpp>
#include <attend/hard/picked.hpp>

#include <utility>

namespace attend {

/// What hard attention picked for a batch of heads: the rows of all heads, one head after another, the heads of one
/// sequence side by side. Query i of head h of sequence b is row (b·heads + h)·n + i.
template <class Storage>
struct PickedHeads {
  HeadsShape shape;      // (b, h, n, e)
  Picked<Storage> rows;  // output (b·h·n, e), keys and log_probability (b·h·n, M), entropy (b·h·n)

  [[nodiscard]] Heads<Storage const> output() const { return heads(rows.output.data(), shape); }

  /// The picks of one head, a copy.
  ///
  /// Throws   when there is no such head
  [[nodiscard]] Picked<Storage> head(Index b, Index h) const {
    check(b >= 0 && b < shape.batch && h >= 0 && h < shape.heads, "PickedHeads: head (", b, ", ", h,
          ") was asked for, but there are (", shape.batch, ", ", shape.heads, ").");
    Index const first = (b * shape.heads + h) * shape.length, n = shape.length;
    SparseWeights<typename Picked<Storage>::Scalar> weights(rows.weights.keys());
    for (Index i = first; i < first + n; ++i) weights.add_row(rows.weights.row(i));
    return {rows.output.middleRows(first, n),
            rows.keys.middleRows(first, n),
            rows.log_probability.middleRows(first, n),
            rows.entropy.segment(first, n),
            std::move(weights),
            rows.log_sum_exp.segment(first, n)};
  }
};

}  // namespace attend
