#include <attend/normalize/top_k.hpp>

#include "normalize/rows.hpp"

namespace top_k_tests {

using attend::Index;
using attend::TopK;
using rows::weights;

TEST(TopK, IsSoftmaxOverTheLargest) {
  std::vector<double> const w = weights(TopK{2}, std::vector<double>{0, 2, 1, -5});
  double const e = std::exp(1.0);
  EXPECT_EQ(w[0], 0);
  EXPECT_NEAR(w[1], e / (e + 1), 1e-15);
  EXPECT_NEAR(w[2], 1 / (e + 1), 1e-15);
  EXPECT_EQ(w[3], 0);
}

TEST(TopK, OfEqualScoresKeepsTheFirst) {
  for (std::size_t const m : {2u, 7u, 300u})
    for (Index const k : {1, 2, 5, 128}) {
      std::vector<float> const w = weights(TopK{k}, std::vector<float>(m, 2.f));
      for (std::size_t j = 0; j < m; ++j)
        EXPECT_EQ(w[j] != 0, static_cast<Index>(j) < k) << j << " of " << m << ", k " << k;
    }
}

TEST(TopK, KeepsNoMoreThanItSees) {
  float const hidden = -rows::infinity<float>;
  std::vector<float> const w = weights(TopK{3}, std::vector<float>{hidden, 1, hidden, 1, hidden});
  EXPECT_EQ(w, (std::vector<float>{0, 0.5f, 0, 0.5f, 0}));
}

TEST(TopK, ZerosOfBothSignsAreEqual) {
  EXPECT_EQ(weights(TopK{2}, std::vector<float>{-0.f, 0.f, -0.f, 0.f, -1.f}),
            (std::vector<float>{0.5f, 0.5f, 0, 0, 0}));
  EXPECT_EQ(weights(TopK{1}, std::vector<double>{-1, -0., 0.}), (std::vector<double>{0, 1, 0}));
}

TEST(TopK, AgreesWithSorting) {
  // The halvings, then the column among ties: twice log₂ 700. Three more for the largest, the count and the sum.
  for (Index const k : {1, 2, 3, 17, 1000}) {
    rows::expect_like_sorting<float>(TopK{k}, 16 + 32 + 20 + 3);
    rows::expect_like_sorting<double>(TopK{k}, 16 + 64 + 20 + 3);
  }
}

TEST(TopK, NanAndInfinityPoisonTheRow) {
  for (Index const k : {1, 2, 9}) {
    rows::expect_poisoned<float>(TopK{k});
    rows::expect_poisoned<double>(TopK{k});
  }
}

TEST(TopK, StopsEarlyWhereScoresDiffer) {
  std::mt19937 random(3);
  std::normal_distribution<float> normal;
  rows::PlainRow<float> row{std::vector<float>(2048)};
  int passes = 0;
  for (int draw = 0; draw < 50; ++draw) {
    for (float& s : row.scores) s = normal(random);
    row.passes = 0;
    (void)TopK{32}.solve(row);
    passes += row.passes;
  }
  EXPECT_LE(passes / 50, 14);  // of at most 68
}

TEST(TopK, RefusesToKeepNothing) {
  EXPECT_THROW(TopK{0}.check_sizes({}), attend::Error);
  EXPECT_NO_THROW(TopK{1}.check_sizes({}));
}

}  // namespace top_k_tests
