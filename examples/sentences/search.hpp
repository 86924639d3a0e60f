#pragma once

#include "encoder.hpp"

#include <attend/layer/linear.hpp>

#include <algorithm>
#include <functional>
#include <vector>

namespace sentences {

/// Two sentences, or a query and a sentence, and the cosine between them.
struct Match {
  float cosine = 0;
  Index first = 0, second = 0;
};

/// Keeps the best so many of all that are offered: the more alike, the better, then the earlier.
class Best {
 public:
  explicit Best(Index most) : most_(static_cast<std::size_t>(most)) {}

  void offer(Match const& match) {
    if (most_ == 0 || (heap_.size() == most_ && !is_better(match, heap_.front()))) return;
    if (heap_.size() == most_) {
      std::ranges::pop_heap(heap_, is_better);
      heap_.pop_back();
    }
    heap_.push_back(match);
    std::ranges::push_heap(heap_, is_better);
  }
  [[nodiscard]] std::vector<Match> sorted() const {
    std::vector<Match> all = heap_;
    std::ranges::sort(all, is_better);
    return all;
  }

 private:
  static bool is_better(Match const& a, Match const& b) {
    if (a.cosine != b.cosine) return a.cosine > b.cosine;
    return a.first != b.first ? a.first < b.first : a.second < b.second;
  }

  std::size_t most_;
  std::vector<Match> heap_;  // the worst in front
};

/// Calls visit(first row, cosines of some rows with all): blocks of x · yᵀ, so that (n, m) is never stored.
template <class Visit>
void each_block_of_cosines(Vectors const& x, Vectors const& y, at::ThreadPool& pool, Visit const& visit) {
  constexpr Index block = 256;
  at::Linear<float> products;
  products.weight = y;
  at::Workspace workspace;
  Vectors cosines;
  for (Index first = 0; first < x.rows(); first += block) {
    products.forward_into(x.middleRows(first, std::min(block, x.rows() - first)), cosines, pool, workspace);
    visit(first, cosines);
  }
}

/// The most similar pairs of different rows.
///
/// Cost     n²·features multiply-adds
[[nodiscard]] inline std::vector<Match> similar_pairs(Vectors const& vectors, Index most, at::ThreadPool& pool,
                                                      std::function<void(double)> const& done = {}) {
  Best best(most);
  each_block_of_cosines(vectors, vectors, pool, [&](Index first, Vectors const& cosines) {
    for (Index i = 0; i < cosines.rows(); ++i)
      for (Index j = first + i + 1; j < cosines.cols(); ++j) best.offer({cosines(i, j), first + i, j});
    if (done) done(static_cast<double>(first + cosines.rows()) / static_cast<double>(vectors.rows()));
  });
  return best.sorted();
}

/// The rows most similar to a query (1, features); `second` is the row.
[[nodiscard]] inline std::vector<Match> similar_rows(Vectors const& query, Vectors const& vectors, Index most,
                                                     at::ThreadPool& pool) {
  Best best(most);
  each_block_of_cosines(query, vectors, pool, [&](Index, Vectors const& cosines) {
    for (Index j = 0; j < cosines.cols(); ++j) best.offer({cosines(0, j), 0, j});
  });
  return best.sorted();
}

}  // namespace sentences
