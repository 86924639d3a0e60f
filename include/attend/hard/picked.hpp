#pragma once

#include <attend/core/check.hpp>
#include <attend/core/types.hpp>
#include <attend/hard/sparse_weights.hpp>

#include <vector>

namespace attend {

/// Key numbers, one row a query.
using KeyMatrix = Matrix<Index>;

/// What hard attention picked: M keys a query.
///
/// Edge     −1 stands for no key, where a query sees nothing or less than M keys (top-k); its log-probability is 0. A
///          query that sees nothing has output 0 and entropy 0; one that sees NaN or +∞ picks none, and is NaN
template <class Storage>
struct Picked {
  using Scalar = compute_t<Storage>;

  Matrix<Storage> output;          // (n, e)
  KeyMatrix keys;                  // (n, M)
  Matrix<Scalar> log_probability;  // (n, M), log p(key) of the softmax over all keys
  Vector<Scalar> entropy;          // (n), of that softmax, in nats
  SparseWeights<Scalar> weights;   // (n, m), what output weighs the values with
  Vector<Scalar> log_sum_exp;      // (n), of the scores over τ: what backward needs

  /// The picks of one sample (n), for a reward of its own: `weighted_values(picked.sample(1), v)` is its output.
  [[nodiscard]] SparseWeights<Scalar> sample(Index number) const {
    check(number >= 0 && number < keys.cols(), "Picked: sample ", number, " was asked for, but there are ", keys.cols(),
          ".");
    std::vector<Index> column;
    for (Index i = 0; i < keys.rows(); ++i) column.push_back(keys(i, number));
    return SparseWeights<Scalar>::from_picks(column, weights.keys());
  }
};

}  // namespace attend
