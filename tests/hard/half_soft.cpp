#include <attend/hard/half_soft.hpp>

#include <attend/hard/marginal.hpp>
#include <attend/hard/reinforce.hpp>

#include "hard/enumerate.hpp"
#include "hard/gradients.hpp"

#include <cstdio>

namespace half_soft_tests {

using attend::Categorical;
using attend::HalfSoft;
using attend::Index;
using gradients::Vector;

TEST(HalfSoft, WeightsHaveTheMeanOfTheProbabilitiesEitherWay) {
  Categorical const row(gradients::normal(4, 1));
  for (bool const soft : {false, true}) {
    auto const found = enumerate::moments(
        row.probability, 1, [&](std::vector<Index> const& picks) { return HalfSoft::weights(row, picks[0], soft); });
    gradients::expect_close(found.mean, row.probability, 1e-12, soft ? "soft" : "hard");
  }
}

/// Rewards that are linear in the weights: the soft half is exact, so half of the variance is gone.
TEST(HalfSoft, TheMixIsUnbiasedForLinearRewardsAndHasLessVariance) {
  Categorical const row(gradients::normal(4, 2));
  Vector const rewards = gradients::normal(4, 3), truth = attend::expected_reward(row, rewards).d_score;
  Vector joint(8);  // pick, and whether soft
  joint << 0.5 * row.probability, 0.5 * row.probability;
  auto const mixed = enumerate::moments(joint, 1, [&](std::vector<Index> const& picks) {
    Index const pick = picks[0] % 4;
    if (picks[0] >= 4) return row.backward(rewards);
    return attend::Reinforce<double>{}.gradient(row, {pick}, Vector{{rewards(pick)}});
  });
  auto const hard = enumerate::moments(row.probability, 1, [&](std::vector<Index> const& picks) {
    return attend::Reinforce<double>{}.gradient(row, picks, Vector{{rewards(picks[0])}});
  });
  gradients::expect_close(mixed.mean, truth, 1e-12, "mean");
  EXPECT_NEAR(mixed.variance, hard.variance / 2, 1e-12);
  std::printf("trace of the covariance: hard %.4f, half soft %.4f\n", hard.variance, mixed.variance);
  RecordProperty("variance_hard", std::to_string(hard.variance));
  RecordProperty("variance_half_soft", std::to_string(mixed.variance));
}

TEST(HalfSoft, ItsCoinIsFairOverSequencesAndSteps) {
  for (double const probability : {0.0, 0.25, 0.5, 1.0}) {
    int soft = 0;
    int const tosses = 10000;
    for (Index i = 0; i < tosses; ++i)
      soft += HalfSoft{probability}.is_soft({.seed = 9, .step = i % 100, .batch = i / 100}) ? 1 : 0;
    EXPECT_NEAR(soft, probability * tosses, 4 * std::sqrt(probability * (1 - probability) * tosses));
  }
  EXPECT_THROW((void)HalfSoft{1.5}.is_soft({}), attend::Error);
}

}  // namespace half_soft_tests
