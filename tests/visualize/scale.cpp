#include <attend/visualize/scale.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace scale_tests {

using attend::Extremes;
using attend::Matrix;
using attend::Scale;

constexpr double infinity = std::numeric_limits<double>::infinity();

Matrix<double> row(std::initializer_list<double> values) {
  Matrix<double> matrix(1, static_cast<attend::Index>(values.size()));
  std::copy(values.begin(), values.end(), matrix.data());
  return matrix;
}

TEST(Scale, BeginsAtZeroAndEndsAtTheLargest) {
  Scale const scale = Scale::of(row({0.2, 0.4, std::nan(""), infinity, -infinity}));
  EXPECT_EQ(scale.low, 0);
  EXPECT_EQ(scale.high, 0.4);
  EXPECT_EQ(scale.position(0.1), 0.25);
  EXPECT_EQ(scale.position(0.4), 1);
  EXPECT_EQ(scale.position(9), 1);
  EXPECT_EQ(scale.position(-9), 0);
}

TEST(Scale, ReachesBelowZeroForScores) {
  Scale const scale = Scale::of(row({-3, 1}));
  EXPECT_EQ(scale.low, -3);
  EXPECT_EQ(scale.position(-1), 0.5);
  EXPECT_FALSE(scale.leaves_empty(0));
}

TEST(Scale, OnlyExactZeroesOfWeightsAreEmpty) {
  Scale const scale = Scale::of(row({0, 0.5}));
  EXPECT_TRUE(scale.leaves_empty(0));
  EXPECT_TRUE(scale.leaves_empty(-0.0));
  EXPECT_FALSE(scale.leaves_empty(1e-300));
}

TEST(Scale, NoSpreadNoDivision) {
  EXPECT_EQ(Scale::of(row({0, 0})).position(0), 0);
  EXPECT_EQ(Scale::of(Matrix<double>(0, 0)).position(1), 1);
  EXPECT_EQ(Scale::of(row({std::nan("")})).high, 0);
  double const most = std::numeric_limits<double>::max();
  EXPECT_EQ(Scale::of(row({-most, most})).position(0), 0.5);
}

TEST(Extremes, AreThoseOfTheFiniteNumbers) {
  Extremes const some = Extremes::of(row({0.2, std::nan(""), 0.7, infinity}));
  EXPECT_TRUE(some.any);
  EXPECT_FALSE(some.all_finite);
  EXPECT_EQ(some.smallest, 0.2);
  EXPECT_EQ(some.largest, 0.7);
  EXPECT_FALSE(Extremes::of(row({infinity})).any);
  EXPECT_TRUE(Extremes::of(Matrix<double>(0, 4)).all_finite);
}

}  // namespace scale_tests
