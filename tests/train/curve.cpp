#include "../../examples/train/curve.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace curve_tests {

TEST(Curve, DrawsPowersAsAStraightLine) {
  EXPECT_EQ(train::curve({8, 4, 2, 1}, 2, 4),
            "        8 |█▃  \n"
            "     2.83 |██▆▁\n");
}

TEST(Curve, AveragesWhatDoesNotFit) {
  // Columns of 1 and 3, and of 4 and 4.
  EXPECT_EQ(train::curve({1, 3, 4, 4}, 1, 2), "        4 |▁█\n");
}

TEST(Curve, EdgesAndRefusals) {
  EXPECT_EQ(train::curve({5, 5, 5}, 1, 9), "        5 |▁▁▁\n");
  EXPECT_THROW((void)train::curve({}), attend::Error);
  EXPECT_THROW((void)train::curve({1, 0}), attend::Error);
  EXPECT_THROW((void)train::curve({1}, 0), attend::Error);
}

}  // namespace curve_tests
