#include "../../examples/train/cross_entropy.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace cross_entropy_tests {

using attend::Index;
using attend::Matrix;

std::vector<Index> const targets{0, 2, 2};

TEST(CrossEntropy, ByHand) {
  Matrix<double> logits(3, 3);
  logits << 0, 0, 0, 0, 0, std::log(2), 1000, 0, 998;
  auto const loss = train::cross_entropy(logits, std::span(targets));
  EXPECT_NEAR(loss.value, (std::log(3.0) + std::log(2.0) + std::log1p(std::exp(-2.0)) + 2) / 3, 1e-15);
  EXPECT_EQ(loss.right, 2);  // among equals, the first
  EXPECT_NEAR(loss.gradient(1, 0), 0.25 / 3, 1e-16);
  EXPECT_NEAR(loss.gradient(1, 2), -0.5 / 3, 1e-16);
}

TEST(CrossEntropy, GradientIsTheCentralDifference) {
  Matrix<double> logits(3, 4);
  logits << 0.3, -1, 2, 0.1, 0.5, 0.25, -0.75, 1, -2, 1.5, 0, 0.7;
  auto const loss = train::cross_entropy(logits, std::span(targets));
  for (Index i = 0; i < 3; ++i)
    for (Index j = 0; j < 4; ++j) {
      double const kept = logits(i, j), h = 1e-5;
      logits(i, j) = kept + h;
      double const above = train::cross_entropy(logits, std::span(targets)).value;
      logits(i, j) = kept - h;
      double const below = train::cross_entropy(logits, std::span(targets)).value;
      logits(i, j) = kept;
      EXPECT_NEAR(loss.gradient(i, j), (above - below) / (2 * h), 1e-9) << i << ", " << j;
    }
}

TEST(CrossEntropy, WrongTargetsAreRefused) {
  Matrix<float> const logits = Matrix<float>::Zero(3, 2);
  EXPECT_THROW((void)train::cross_entropy(logits, std::span(targets)), attend::Error);
  EXPECT_THROW((void)train::cross_entropy(logits, std::span(targets).first(2)), attend::Error);
  EXPECT_EQ(train::cross_entropy(Matrix<float>(0, 2), std::span<Index const>()).value, 0);
}

}  // namespace cross_entropy_tests
