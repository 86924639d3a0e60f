#include <attend/normalize/log_softmax.hpp>

#include "normalize/rows.hpp"

namespace log_softmax_tests {

using attend::LogSoftmax;
using attend::Softmax;
using rows::infinity;
using rows::reference;

static_assert(attend::is_logarithmic<LogSoftmax> && !attend::is_logarithmic<Softmax>);

TEST(LogSoftmax, IsTheLogarithmOfSoftmax) {
  std::vector<double> const scores{0.3, -infinity<double>, 2, -1};
  auto const logarithms = reference(LogSoftmax{}, scores);
  auto const weights = reference(Softmax{}, scores);
  EXPECT_EQ(logarithms.log_sum_exp, weights.log_sum_exp);
  EXPECT_EQ(logarithms.weights(1), -infinity<double>);
  for (Eigen::Index const j : {0, 2, 3}) EXPECT_NEAR(logarithms.weights(j), std::log(weights.weights(j)), 1e-15);
}

TEST(LogSoftmax, IsExactWhereTheWeightIsNot) {
  auto const row = reference(LogSoftmax{}, std::vector<double>{0, 2000});
  EXPECT_EQ(row.weights(0), -2000);
  EXPECT_EQ(row.weights(1), 0);
}

TEST(LogSoftmax, OfARowThatSeesNothingIsMinusInfinity) {
  auto const row = reference(LogSoftmax{}, std::vector<double>{-infinity<double>, -infinity<double>});
  EXPECT_EQ(row.weights, Eigen::Vector2d::Constant(-infinity<double>));
  EXPECT_EQ(row.log_sum_exp, -infinity<double>);
}

TEST(LogSoftmax, HasTemperatureAndSinks) {
  LogSoftmax softmax;
  softmax.temperature = 0.5;
  softmax.sinks = {std::log(5.0)};
  auto const row = reference(softmax, std::vector<double>{0, std::log(2.0)});
  EXPECT_NEAR(row.weights(1), std::log(4.0 / 10), 1e-15);
}

}  // namespace log_softmax_tests
