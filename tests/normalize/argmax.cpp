#include <attend/normalize/argmax.hpp>

#include "normalize/rows.hpp"

namespace argmax_tests {

using attend::Argmax;
using rows::infinity;
using rows::reference;

TEST(Argmax, PicksTheLargestScoreAndOfEqualsTheFirst) {
  auto const row = reference(Argmax{}, std::vector<double>{1, 3, -infinity<double>, 3});
  EXPECT_EQ(row.weights, Eigen::Vector4d(0, 1, 0, 0));
  EXPECT_EQ(row.log_sum_exp, 3);
}

TEST(Argmax, PicksNothingWhereNothingIsSeen) {
  auto const row = reference(Argmax{}, std::vector<double>{-infinity<double>, -infinity<double>});
  EXPECT_EQ(row.weights, Eigen::Vector2d::Zero());
  EXPECT_EQ(row.log_sum_exp, -infinity<double>);
}

TEST(Argmax, NanAmongTheSeenPoisonsTheRow) {
  auto const row = reference(Argmax{}, std::vector<double>{1, rows::nan<double>, -infinity<double>});
  EXPECT_TRUE(std::isnan(row.weights(0)) && std::isnan(row.weights(1)) && std::isnan(row.log_sum_exp));
  EXPECT_EQ(row.weights(2), 0);
}

TEST(Argmax, PicksAnInfinity) {
  EXPECT_EQ(reference(Argmax{}, std::vector<double>{1, infinity<double>, 2}).weights, Eigen::Vector3d(0, 1, 0));
}

}  // namespace argmax_tests
