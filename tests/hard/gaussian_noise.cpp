#include <attend/hard/gaussian_noise.hpp>

#include "hard/gradients.hpp"

namespace gaussian_noise_tests {

using attend::gaussian_noise;
using attend::Index;
using gradients::Matrix;

TEST(GaussianNoise, HasTheMomentsOfTheNormalDistribution) {
  Matrix const noise = gaussian_noise<double>(200, 500, 2, {.seed = 3});
  double const count = 1e5;
  auto const moment = [&](int power) { return (noise.array() / 2).pow(power).mean(); };
  // Four standard deviations of the mean of xᵖ: √((2p−1)!! − (p−1)!!²)
  EXPECT_NEAR(moment(1), 0, 4 * std::sqrt(1 / count));
  EXPECT_NEAR(moment(2), 1, 4 * std::sqrt(2 / count));
  EXPECT_NEAR(moment(3), 0, 4 * std::sqrt(15 / count));
  EXPECT_NEAR(moment(4), 3, 4 * std::sqrt(96 / count));
  Matrix const left = noise.leftCols(499) / 2, right = noise.rightCols(499) / 2;
  EXPECT_NEAR(left.cwiseProduct(right).mean(), 0, 4 * std::sqrt(1 / count));
}

TEST(GaussianNoise, IsAFunctionOfTheDraw) {
  attend::Draw const draw{.seed = 3, .step = 1};
  EXPECT_EQ(gaussian_noise<double>(4, 5, 1, draw), gaussian_noise<double>(4, 5, 1, draw));
  EXPECT_EQ(gaussian_noise<double>(2, 3, 1, draw), gaussian_noise<double>(4, 5, 1, draw).topLeftCorner(2, 3));
  EXPECT_NE(gaussian_noise<double>(4, 5, 1, draw), gaussian_noise<double>(4, 5, 1, {.seed = 3, .step = 2}));
  EXPECT_EQ(gaussian_noise<float>(4, 5, 0, draw), attend::Matrix<float>::Zero(4, 5));
  EXPECT_THROW((void)gaussian_noise<double>(1, 1, -1, draw), attend::Error);
}

}  // namespace gaussian_noise_tests
