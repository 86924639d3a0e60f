#include <attend/hard/returns.hpp>

#include <attend/hard/reinforce.hpp>

#include "hard/enumerate.hpp"
#include "hard/gradients.hpp"

#include <cstdio>

namespace returns_tests {

using attend::Categorical;
using attend::Index;
using attend::returns_to_go;
using gradients::Vector;

TEST(Returns, AreTheRewardsFromHereOn) {
  EXPECT_EQ(returns_to_go(Vector{{1, 2, 4}}), (Vector{{7, 6, 4}}));
  EXPECT_EQ(returns_to_go(Vector{{1, 2, 4}}, 0.5), (Vector{{3, 4, 4}}));
  EXPECT_EQ(returns_to_go(Vector{{1, 2, 4}}, 0), (Vector{{1, 2, 4}}));
  EXPECT_EQ(returns_to_go(Vector()).size(), 0);
  EXPECT_THROW((void)returns_to_go(Vector{{1.0}}, 1.5), attend::Error);
}

/// Two steps that pick one of three keys each; the second step's reward depends on both picks.
TEST(Returns, GiveTheGradientOfAnEpisodeWithLessVariance) {
  Vector const first{{0.2, -0.5, 1}}, second{{1, 0.3, -0.7}};
  attend::Matrix<double> const late = gradients::normal(3, 3, 5);
  Vector const early{{4, -2, 1}};
  auto const expected = [&](Vector const& scores) {
    Categorical<double> const a(scores.head(3)), b(scores.tail(3));
    double sum = 0;
    for (Index i = 0; i < 3; ++i)
      for (Index j = 0; j < 3; ++j) sum += a.probability(i) * b.probability(j) * (early(i) + late(i, j));
    return sum;
  };
  Categorical<double> const a(first), b(second);
  Vector both(6), joint(9);
  both << first, second;
  for (Index i = 0; i < 9; ++i) joint(i) = a.probability(i / 3) * b.probability(i % 3);
  auto const of_estimate = [&](bool to_go) {
    return enumerate::moments(joint, 1, [&](std::vector<Index> const& picks) {
      Index const i = picks[0] / 3, j = picks[0] % 3;
      Vector const rewards{{early(i), late(i, j)}};
      Vector const returns = to_go ? returns_to_go(rewards) : Vector::Constant(2, rewards.sum()).eval();
      attend::Reinforce<double> const reinforce;
      Vector estimate(6);
      estimate << reinforce.gradient(a, {i}, returns.head(1)), reinforce.gradient(b, {j}, returns.tail(1));
      return estimate;
    });
  };
  auto const to_go = of_estimate(true), whole = of_estimate(false);
  gradients::expect_gradient(to_go.mean, both, expected, "returns to go");
  gradients::expect_close(whole.mean, to_go.mean, 1e-12, "reward of the whole episode");
  EXPECT_LT(to_go.variance, whole.variance);
  std::printf("trace of the covariance: whole episode %.4f, to go %.4f\n", whole.variance, to_go.variance);
  RecordProperty("variance_whole_episode", std::to_string(whole.variance));
  RecordProperty("variance_to_go", std::to_string(to_go.variance));
}

}  // namespace returns_tests
