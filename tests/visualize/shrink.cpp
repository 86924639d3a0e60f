#include <attend/visualize/shrink.hpp>

#include <gtest/gtest.h>

#include <cmath>

namespace shrink_tests {

using attend::heatmap;
using attend::shrunk;

TEST(Shrink, WhatFitsIsUnchanged) {
  auto const picture = heatmap(Eigen::MatrixXd::Random(3, 4));
  auto const same = shrunk(picture, 3, 4);
  EXPECT_EQ(same.values, picture.values);
  EXPECT_EQ(same.note, "");
}

TEST(Shrink, EachCellIsTheLargestOfItsBlock) {
  Eigen::MatrixXd const weights = Eigen::MatrixXd::Random(7, 10);
  auto const small = shrunk(heatmap(weights), 4, 3);  // blocks of 2 × 4; the last ones are cut
  ASSERT_EQ(small.values.rows(), 4);
  ASSERT_EQ(small.values.cols(), 3);
  EXPECT_EQ(small.values(0, 0), weights.block(0, 0, 2, 4).maxCoeff());
  EXPECT_EQ(small.values(3, 2), weights.block(6, 8, 1, 2).maxCoeff());
  EXPECT_EQ(small.rows, (std::vector<std::string>{"0…", "2…", "4…", "6"}));
  EXPECT_EQ(small.columns, (std::vector<std::string>{"0…", "4…", "8…"}));
  EXPECT_EQ(small.note, "Shrunk from 7 × 10: each cell is the largest of 2 × 4 weights.");
}

TEST(Shrink, ANanIsNotLost) {
  Eigen::MatrixXd weights = Eigen::MatrixXd::Ones(4, 4);
  weights(3, 2) = std::nan("");
  auto const small = shrunk(heatmap(weights), 2, 2);
  EXPECT_TRUE(std::isnan(small.values(1, 1)));
  EXPECT_EQ(small.values(0, 0), 1);
}

TEST(Shrink, EmptyAndWrongSizes) {
  EXPECT_EQ(shrunk(heatmap(Eigen::MatrixXd(0, 900)), 5, 5).values.rows(), 0);
  EXPECT_EQ(shrunk(heatmap(Eigen::MatrixXd(900, 0)), 5, 5).values.cols(), 0);
  EXPECT_THROW((void)shrunk(heatmap(Eigen::MatrixXd(2, 2)), 0, 5), attend::Error);
}

}  // namespace shrink_tests
