#include <attend/hard/marginal.hpp>

#include "hard/gradients.hpp"

#include <limits>

namespace marginal_tests {

using attend::Categorical;
using attend::expected_reward;
using attend::log_marginal_likelihood;
using gradients::Vector;

double const infinity = std::numeric_limits<double>::infinity();

TEST(Marginal, ExpectedRewardAndItsGradients) {
  Vector const scores = gradients::normal(6, 1), rewards = gradients::normal(6, 2);
  auto const found = expected_reward(Categorical(scores), rewards);
  auto const value = [](Vector const& s, Vector const& r) {
    double total = 0, sum = 0;
    for (attend::Index j = 0; j < s.size(); ++j) total += std::exp(s(j));
    for (attend::Index j = 0; j < s.size(); ++j) sum += std::exp(s(j)) / total * r(j);
    return sum;
  };
  EXPECT_NEAR(found.value, value(scores, rewards), 1e-14);
  gradients::expect_gradient(found.d_score, scores, [&](Vector const& s) { return value(s, rewards); }, "scores");
  gradients::expect_gradient(found.d_other, rewards, [&](Vector const& r) { return value(scores, r); }, "rewards");
}

TEST(Marginal, LikelihoodAndItsGradients) {
  Vector const scores = gradients::normal(6, 3), likelihoods = gradients::normal(6, 4);
  auto const found = log_marginal_likelihood(Categorical(scores), likelihoods);
  auto const value = [](Vector const& s, Vector const& l) {
    return std::log((s + l).array().exp().sum() / s.array().exp().sum());
  };
  EXPECT_NEAR(found.value, value(scores, likelihoods), 1e-14);
  gradients::expect_gradient(found.d_score, scores, [&](Vector const& s) { return value(s, likelihoods); }, "scores");
  gradients::expect_gradient(
      found.d_other, likelihoods, [&](Vector const& l) { return value(scores, l); }, "likelihoods");
}

TEST(Marginal, LikelihoodIsAboveItsLowerBound) {
  Categorical const row(gradients::normal(6, 5));
  Vector const likelihoods = gradients::normal(6, 6);
  EXPECT_GT(log_marginal_likelihood(row, likelihoods).value, expected_reward(row, likelihoods).value);
}

TEST(Marginal, SmallLikelihoodsKeepTheirDigits) {
  Vector const likelihoods = gradients::normal(3, 7);
  Categorical const row(gradients::normal(3, 8));
  auto const near = log_marginal_likelihood(row, likelihoods);
  auto const far = log_marginal_likelihood(row, Vector(likelihoods.array() - 0x1p12));
  EXPECT_NEAR(far.value + 0x1p12, near.value, 1e-11);
  gradients::expect_close(far.d_other, near.d_other, 1e-11, "posterior");
}

TEST(Marginal, WhatIsNotSeenIsNotLookedAt) {
  Categorical const row(Vector{{0, -infinity, 1}}), blind(Vector{{-infinity, -infinity}});
  Vector const poisoned{{1, std::nan(""), 2}};
  auto const reward = expected_reward(row, poisoned);
  auto const likelihood = log_marginal_likelihood(row, poisoned);
  EXPECT_TRUE(std::isfinite(reward.value) && reward.d_score.allFinite());
  EXPECT_TRUE(std::isfinite(likelihood.value) && likelihood.d_score.allFinite());
  EXPECT_EQ(reward.d_score(1), 0);
  EXPECT_EQ(likelihood.d_other(1), 0);
  EXPECT_EQ(expected_reward(blind, Vector{{1, 2}}).value, 0);
  EXPECT_EQ(log_marginal_likelihood(blind, Vector{{1, 2}}).value, -infinity);
  EXPECT_EQ(log_marginal_likelihood(blind, Vector{{1, 2}}).d_score, Vector::Zero(2));
}

TEST(Marginal, RefusesWhatDoesNotFit) {
  Categorical const row(Vector{{0, 1}});
  EXPECT_THROW((void)expected_reward(row, Vector{{1.0}}), attend::Error);
  EXPECT_THROW((void)log_marginal_likelihood(row, Vector{{1.0}}), attend::Error);
}

}  // namespace marginal_tests
