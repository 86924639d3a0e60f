#include <attend/visualize/pgm.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace pgm_tests {

using attend::heatmap;
using attend::to_pgm;

TEST(Pgm, IsAGreyPictureOfTheWeights) {
  Eigen::MatrixXd weights(2, 3);
  weights << 0, 0.25, 0.5, 0.5, 0, 0.5;
  EXPECT_EQ(to_pgm(heatmap(weights)), std::string("P5\n3 2\n255\n\x00\x80\xff\xff\x00\xff", 17));
}

TEST(Pgm, CellsMayBeLarger) {
  Eigen::MatrixXd const weights = Eigen::MatrixXd::Ones(1, 2);
  EXPECT_EQ(to_pgm(heatmap(weights), {.cell = 3}), "P5\n6 3\n255\n" + std::string(18, '\xff'));
}

TEST(Pgm, TitleIsACommentOfOneLine) {
  auto const image = to_pgm(heatmap(Eigen::MatrixXd::Ones(1, 1), {"a"}).titled("one\ntwo"));
  EXPECT_EQ(image, "P5\n# one two\n1 1\n255\n\xff");
}

TEST(Pgm, NumbersThatAreNotFiniteAreBlackOrWhite) {
  double const infinity = std::numeric_limits<double>::infinity();
  Eigen::RowVectorXd values(4);
  values << std::nan(""), infinity, -infinity, 1;
  EXPECT_EQ(to_pgm(heatmap(values)), std::string("P5\n4 1\n255\n\x00\xff\x00\xff", 15));
}

TEST(Pgm, SharesAScale) {
  Eigen::MatrixXd const weights = Eigen::MatrixXd::Constant(1, 1, 0.2);
  EXPECT_EQ(to_pgm(heatmap(weights), {.scale = attend::Scale{0, 1}}).back(), 51);
}

TEST(Pgm, HasAtLeastOnePixel) {
  EXPECT_THROW((void)to_pgm(heatmap(Eigen::MatrixXd(0, 2))), attend::Error);
  EXPECT_THROW((void)to_pgm(heatmap(Eigen::MatrixXd(2, 2)), {.cell = 0}), attend::Error);
}

}  // namespace pgm_tests
