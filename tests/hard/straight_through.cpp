#include <attend/hard/straight_through.hpp>

#include <attend/hard/marginal.hpp>
#include <attend/hard/reinforce.hpp>

#include "hard/enumerate.hpp"
#include "hard/gradients.hpp"

#include <cstdio>

namespace straight_through_tests {

using attend::Categorical;
using attend::Index;
using attend::StraightThrough;
using gradients::Vector;

TEST(StraightThrough, IsHardForwardAndSoftBackward) {
  Vector const scores{{0.4, -1, 2}}, d_y{{3, -2, 0.5}};
  StraightThrough<double> const choice{Categorical(scores), 1};
  EXPECT_EQ(choice.forward(), (Vector{{0, 1, 0}}));
  gradients::expect_gradient(
      choice.backward(d_y), scores, [&](Vector const& s) { return Categorical(s).probability.dot(d_y); }, "scores");
}

/// For a loss that is linear in y every pick gives the true gradient; for another it is biased.
TEST(StraightThrough, IsExactForLinearLossesAndBiasedForOthers) {
  Categorical const row(Vector{{0.4, -1, 2}});
  Vector const a{{3, -2, 0.5}}, target{{0.1, 0.6, 0.3}};
  auto const linear = enumerate::moments(row.probability, 1, [&](std::vector<Index> const& picks) {
    return StraightThrough<double>{row, picks[0]}.backward(a);
  });
  auto const square = enumerate::moments(row.probability, 1, [&](std::vector<Index> const& picks) {
    StraightThrough<double> const choice{row, picks[0]};
    return choice.backward(2 * (choice.forward() - target));
  });
  auto const reinforce = enumerate::moments(row.probability, 1, [&](std::vector<Index> const& picks) {
    return attend::Reinforce<double>{}.gradient(row, picks, Vector{{a(picks[0])}});
  });
  Vector losses(3);
  for (Index j = 0; j < 3; ++j) losses(j) = (Vector::Unit(3, j) - target).squaredNorm();
  gradients::expect_close(linear.mean, attend::expected_reward(row, a).d_score, 1e-12, "linear");
  EXPECT_LT(linear.variance, 1e-15);
  EXPECT_GT(reinforce.variance, 0.1);
  Vector const truth = attend::expected_reward(row, losses).d_score;
  EXPECT_GT((square.mean - truth).norm(), 0.05 * truth.norm());
  std::printf("square loss: |bias| / |gradient| = %.3f\n", (square.mean - truth).norm() / truth.norm());
}

TEST(StraightThrough, PicksNothingWhereNothingIsSeen) {
  StraightThrough<double> const choice{Categorical<double>(Vector()), -1};
  EXPECT_EQ(choice.forward().size(), 0);
  EXPECT_THROW((void)(StraightThrough<double>{Categorical(Vector{{1.0}}), -1}.forward()), attend::Error);
}

}  // namespace straight_through_tests
