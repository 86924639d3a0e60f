#include <attend/normalize/softmax.hpp>

#include "normalize/rows.hpp"

namespace softmax_tests {

using attend::CallShape;
using attend::Error;
using attend::Softmax;
using rows::infinity;
using rows::reference;

TEST(Softmax, ByHand) {
  auto const row = reference(Softmax{}, std::vector<double>{0, std::log(2.0), std::log(5.0)});
  EXPECT_NEAR(row.weights(0), 1.0 / 8, 1e-16);
  EXPECT_NEAR(row.weights(1), 2.0 / 8, 1e-16);
  EXPECT_NEAR(row.weights(2), 5.0 / 8, 1e-16);
  EXPECT_NEAR(row.log_sum_exp, std::log(8.0), 1e-15);
}

TEST(Softmax, TemperatureDividesScores) {
  auto const row = reference(Softmax{.temperature = 0.5}, std::vector<double>{0, std::log(2.0)});
  EXPECT_NEAR(row.weights(1), 4.0 / 5, 1e-15);
  EXPECT_NEAR(row.log_sum_exp, std::log(5.0), 1e-15);
}

TEST(Softmax, SinkTakesWeightFromARowThatSeesSomething) {
  Softmax const softmax{.sinks = {std::log(7.0)}};
  auto const row = reference(softmax, std::vector<double>{0, std::log(2.0)});
  EXPECT_NEAR(row.weights(0), 1.0 / 10, 1e-16);
  EXPECT_NEAR(row.weights(1), 2.0 / 10, 1e-16);
  EXPECT_NEAR(row.log_sum_exp, std::log(10.0), 1e-15);

  auto const empty = reference(softmax, std::vector<double>{-infinity<double>, -infinity<double>});
  EXPECT_EQ(empty.weights, Eigen::Vector2d::Zero());
  EXPECT_EQ(empty.log_sum_exp, -infinity<double>);
}

TEST(Softmax, ALargeSinkDoesNotOverflow) {
  auto const row = reference(Softmax{.sinks = {1000}}, std::vector<double>{0, 999});
  EXPECT_EQ(row.weights(0), 0);
  EXPECT_NEAR(row.weights(1), 1 / (1 + std::exp(1.0)), 1e-15);
  EXPECT_NEAR(row.log_sum_exp, 1000 + std::log1p(std::exp(-1.0)), 1e-12);
}

TEST(Softmax, SinkIsOneOrOneAHead) {
  EXPECT_EQ((Softmax{.sinks = {3}}.sink(5)), 3);
  EXPECT_EQ((Softmax{.sinks = {3, 4}}.sink(1)), 4);
  EXPECT_EQ(Softmax{}.sink(1), -infinity<double>);
}

TEST(Softmax, HugeScoresDoNotOverflow) {
  for (float const s : {3e38f, -3e38f, 1e4f, -1e4f}) {
    auto const row = reference(Softmax{}, std::vector<float>{s, s});
    EXPECT_EQ(row.weights, Eigen::Vector2f::Constant(0.5f));
  }
}

TEST(Softmax, RefusesNonsense) {
  CallShape const two_heads{1, 2, 3, 4};
  EXPECT_THROW(Softmax{.temperature = 0}.check_sizes(two_heads), Error);
  EXPECT_THROW(Softmax{.temperature = -1}.check_sizes(two_heads), Error);
  EXPECT_THROW(Softmax{.temperature = rows::nan<double>}.check_sizes(two_heads), Error);
  EXPECT_THROW(Softmax{.temperature = infinity<double>}.check_sizes(two_heads), Error);
  EXPECT_THROW((Softmax{.sinks = {1, 2, 3}}.check_sizes(two_heads)), Error);
  EXPECT_THROW((Softmax{.sinks = {1, infinity<double>}}.check_sizes(two_heads)), Error);
  EXPECT_THROW((Softmax{.sinks = {rows::nan<double>}}.check_sizes(two_heads)), Error);
  EXPECT_NO_THROW((Softmax{.sinks = {1, -infinity<double>}}.check_sizes(two_heads)));
}

}  // namespace softmax_tests
