#include <attend/layer/sinusoidal_positions.hpp>

#include "central_differences.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace sinusoidal_positions_tests {

using namespace central;
using attend::sinusoidal_positions;

TEST(SinusoidalPositions, AreTheFormula) {
  auto const positions = sinusoidal_positions<double>(50, 6);
  for (Index i = 0; i < 50; ++i)
    for (Index f = 0; f < 3; ++f) {
      double const angle = double(i) / std::pow(10000.0, 2 * double(f) / 6);
      EXPECT_NEAR(positions(i, 2 * f), std::sin(angle), 1e-14);
      EXPECT_NEAR(positions(i, 2 * f + 1), std::cos(angle), 1e-14);
    }
  EXPECT_EQ(sinusoidal_positions<double>(20, 6, 10000, 30), positions.bottomRows(20));
  EXPECT_EQ(sinusoidal_positions(50, 6), positions.cast<float>());
  EXPECT_EQ(sinusoidal_positions<double>(50, 5, 100).col(4)(7), std::sin(7 * std::pow(100.0, -0.8)));
}

TEST(SinusoidalPositions, OfADistanceAreARotation) {
  auto const positions = sinusoidal_positions<double>(60, 8);
  for (Index const k : {1, 13}) {
    double const wanted = positions.row(0).dot(positions.row(k));
    for (Index i = 0; i + k < 60; ++i) EXPECT_NEAR(positions.row(i).dot(positions.row(i + k)), wanted, 1e-12);
  }
}

TEST(SinusoidalPositions, FarAwayKeepTheAccuracyOfFloats) {
  Index const far = (Index(1) << 24) + 12345;
  auto const positions = sinusoidal_positions<float>(4, 64, 10000, far);
  for (Index i = 0; i < 4; ++i)
    for (Index j = 0; j < 64; j += 2) {
      long double const angle =
          static_cast<long double>(far + i) * std::pow(10000.0L, -static_cast<long double>(j) / 64);
      EXPECT_NEAR(positions(i, j), static_cast<double>(std::sin(angle)), 6e-8) << i << ", " << j;
    }
}

TEST(SinusoidalPositions, WrongSizesAreSentences) {
  EXPECT_EQ(sinusoidal_positions(0, 4).rows(), 0);
  expect_sentence([] { (void)sinusoidal_positions(-1, 4); }, {"length -1"});
  expect_sentence([] { (void)sinusoidal_positions(2, 4, 0); }, {"base is 0"});
}

}  // namespace sinusoidal_positions_tests
