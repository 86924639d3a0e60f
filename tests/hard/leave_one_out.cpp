#include <attend/hard/leave_one_out.hpp>

#include "hard/gradients.hpp"

namespace leave_one_out_tests {

using attend::LeaveOneOut;
using gradients::Vector;

// That it is unbiased, and its variance: tests/hard/reinforce.cpp.

TEST(LeaveOneOut, IsTheMeanOfTheOthers) {
  EXPECT_EQ(LeaveOneOut::values(Vector{{1, 2, 6}}), (Vector{{4, 3.5, 1.5}}));
  EXPECT_EQ(LeaveOneOut::values(Vector{{1, 2}}), (Vector{{2, 1}}));
}

TEST(LeaveOneOut, KeepsSmallRewardsBesideALargeOne) { EXPECT_EQ(LeaveOneOut::values(Vector{{0x1p80, 2, 4}})(0), 3); }

TEST(LeaveOneOut, NeedsAnother) { EXPECT_THROW((void)LeaveOneOut::values(Vector{{1.0}}), attend::Error); }

}  // namespace leave_one_out_tests
