#include <attend/normalize/sigmoid.hpp>

#include "normalize/pointwise.hpp"

namespace sigmoid_tests {

using attend::NormalizedSigmoid;
using attend::Sigmoid;
using rows::pointwise;
using rows::reference;

double logistic(double x) { return 1 / (1 + std::exp(-x)); }

TEST(Sigmoid, HasBiasMinusLogM) {
  std::vector<double> const scores{0.5, -1, 2, 0};
  auto const row = reference(Sigmoid{}, scores);
  for (std::size_t j = 0; j < 4; ++j) {
    double const wanted = logistic(scores[j] - std::log(4.0));
    EXPECT_NEAR(row.weights(static_cast<Eigen::Index>(j)), wanted, 1e-15);
    EXPECT_NEAR(pointwise(Sigmoid{}, scores)[j], wanted, 1e-15);
  }
  EXPECT_NEAR(reference(Sigmoid{}, std::vector<double>(1000, 0.0)).weights.sum(), 1, 1e-3);  // 1000 / 1001
}

TEST(Sigmoid, BiasIsSettable) {
  EXPECT_NEAR(reference(Sigmoid{-2.0}, std::vector<double>{0.5}).weights(0), logistic(-1.5), 1e-15);
  EXPECT_EQ(reference(Sigmoid{0.0}, std::vector<double>{0, 0}).weights, Eigen::Vector2d::Constant(0.5));
}

TEST(Sigmoid, NormalizedByHand) {
  auto const row = reference(NormalizedSigmoid{}, std::vector<double>{0, std::log(3.0)});  // 1/2 and 3/4
  EXPECT_NEAR(row.weights(0), 2.0 / 5, 1e-15);
  EXPECT_NEAR(row.weights(1), 3.0 / 5, 1e-15);
  EXPECT_NEAR(row.log_sum_exp, std::log(1.25), 1e-15);
  EXPECT_NEAR(reference(NormalizedSigmoid{-std::log(3.0)}, std::vector<double>{std::log(3.0), 0}).weights(0), 2.0 / 3,
              1e-15);
}

TEST(Sigmoid, WhereAllRoundToZeroTheRowIsZero) {
  auto const row = reference(NormalizedSigmoid{}, std::vector<float>{-1e4f, -2e4f});
  EXPECT_EQ(row.weights, Eigen::Vector2f::Zero());
  EXPECT_EQ(row.log_sum_exp, -rows::infinity<float>);
}

TEST(Sigmoid, KeepsTheContract) {
  rows::expect_pointwise<float>(Sigmoid{});
  rows::expect_pointwise<double>(Sigmoid{});
  rows::expect_pointwise<float>(Sigmoid{1.5});
  rows::expect_pointwise<float>(NormalizedSigmoid{});
  rows::expect_pointwise<double>(NormalizedSigmoid{-3});
}

TEST(Sigmoid, RefusesABiasThatIsNotFinite) {
  EXPECT_THROW(Sigmoid{rows::nan<double>}.check_sizes({}), attend::Error);
  EXPECT_THROW(NormalizedSigmoid{rows::infinity<double>}.check_sizes({}), attend::Error);
  Sigmoid const plain;
  EXPECT_NO_THROW(plain.check_sizes({}));
}

}  // namespace sigmoid_tests
