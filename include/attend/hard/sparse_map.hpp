#pragma once

#include <attend/attention.hpp>
#include <attend/hard/sparse_weights.hpp>

#include <algorithm>
#include <numeric>
#include <vector>

namespace attend {
inline namespace ATTEND_UNIT_NAME {

/// The weights of a call as a sparse map: for normalisers that make most of them exactly 0 (Sparsemax, Entmax15, TopK,
/// Relu, Argmax), or for masks that hide most pairs.
///
///   auto map = at::sparse_map(at::Attention{at::Sparsemax{}}, q, k);
///
/// Shapes   q (n, d)  k (m, d)  →  (n, m)
/// Throws   as `op.weights`
/// Cost     that of `op.weights`, and memory for 64 dense rows and the weights that are not 0
template <class... Policies, class Query, class Key, class... Given>
[[nodiscard]] auto sparse_map(Attention<Policies...> const& op, Eigen::DenseBase<Query> const& q,
                              Eigen::DenseBase<Key> const& k, Given&&... given) {
  SparseWeights<compute_t<typename Query::Scalar>> map(k.rows());
  for (Index first = 0; first < q.rows(); first += 64) {
    std::vector<Index> rows(static_cast<std::size_t>(std::min<Index>(64, q.rows() - first)));
    std::iota(rows.begin(), rows.end(), first);
    map.add_dense(op.weights(q, k, rows, given...));
  }
  return map;
}

}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
