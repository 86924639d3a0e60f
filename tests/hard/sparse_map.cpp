#include <attend/hard/sparse_map.hpp>

#include <attend/mask.hpp>
#include <attend/normalize.hpp>

#include "hard/gradients.hpp"

namespace sparse_map_tests {

using attend::Attention;
using attend::Index;
using gradients::Matrix;

TEST(SparseMap, IsTheWeightsOfTheCall) {
  for (Index n : {0, 1, 64, 130}) {
    Matrix const q = gradients::normal(n, 8, 1), k = gradients::normal(90, 8, 2), v = gradients::normal(90, 3, 3);
    Attention const op{attend::Sparsemax{}, attend::Causal{}};
    auto const map = sparse_map(op, q, k);
    EXPECT_EQ(map.dense(), op.weights(q, k));
    EXPECT_LE(map.size(), n * 20);  // most of the weights are 0
    gradients::expect_close(weighted_values(map, v), Matrix(op.forward(q, k, v).output), 1e-14, "output");
  }
}

TEST(SparseMap, TopKHasKEntriesARow) {
  Matrix const q = gradients::normal(70, 8, 1), k = gradients::normal(90, 8, 2);
  auto const map = attend::sparse_map(Attention{attend::TopK{3}}, q, k);
  for (Index i = 0; i < 70; ++i) EXPECT_EQ(map.row(i).size(), 3u);
  EXPECT_EQ(attend::sparse_map(Attention{attend::Lengths{0}}, q, k).size(), 0);
}

}  // namespace sparse_map_tests
