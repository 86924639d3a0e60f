#include <attend/hard/moving_average.hpp>

#include <attend/hard/marginal.hpp>
#include <attend/hard/reinforce.hpp>

#include "hard/enumerate.hpp"
#include "hard/gradients.hpp"

namespace moving_average_tests {

using attend::MovingAverage;
using gradients::Vector;

TEST(MovingAverage, FollowsTheRewards) {
  MovingAverage<double> baseline;
  baseline.add(-2);
  EXPECT_DOUBLE_EQ(baseline.value, -0.2);
  baseline.add(10);
  EXPECT_DOUBLE_EQ(baseline.value, 0.9 * -0.2 + 0.1 * 10);
  MovingAverage<float> last{.decay = 0};
  last.add(3);
  EXPECT_EQ(last.value, 3);
}

TEST(MovingAverage, TakenBeforeTheStepLeavesTheMeanAlone) {
  attend::Categorical const row(Vector{{0.1, -0.4, 1.3}});
  Vector const rewards{{1, 5, 2}}, truth = attend::expected_reward(row, rewards).d_score;
  MovingAverage<double> before{.decay = 0.75};
  for (double const reward : {3.0, 4.0, 2.5}) before.add(reward);
  auto const mean_of = [&](bool too_late) {
    return enumerate::moments(row.probability, 1,
                              [&](auto const& picks) {
                                MovingAverage<double> baseline = before;
                                double const reward = rewards(picks[0]);
                                if (too_late) baseline.add(reward);
                                return attend::Reinforce<double>{}.gradient(row, picks,
                                                                            Vector{{reward - baseline.value}});
                              })
        .mean;
  };
  gradients::expect_close(mean_of(false), truth, 1e-12, "taken before");
  gradients::expect_close(mean_of(true), Vector(0.75 * truth), 1e-12, "taken after");
}

TEST(MovingAverage, RefusesADecayThatForgetsNothing) {
  for (double const decay : {1.0, -0.1, std::nan("")})
    EXPECT_THROW((MovingAverage<double>{.decay = decay}.add(1)), attend::Error) << decay;
}

}  // namespace moving_average_tests
