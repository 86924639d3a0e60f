#include <attend/visualize/heatmap.hpp>

#include "core/sentence.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace heatmap_tests {

using attend::heatmap;
using sentences::sentence_of;

TEST(Heatmap, TakesAnyMatrixOfPlainNumbers) {
  Eigen::MatrixXf const floats = Eigen::MatrixXf::Constant(2, 2, 0.5f);
  EXPECT_EQ(heatmap(floats).values(1, 1), 0.5);
  EXPECT_EQ(heatmap(floats.cast<Eigen::half>()).values(0, 1), 0.5);
  EXPECT_EQ(heatmap(floats.cast<long double>()).values(0, 1), 0.5);
  EXPECT_EQ(heatmap((floats.array() > 0).matrix()).values(0, 1), 1);
  EXPECT_EQ(heatmap(floats.transpose() * 2).values(0, 1), 1);
  EXPECT_EQ(heatmap(floats.block(0, 0, 1, 2)).values.rows(), 1);
}

TEST(Heatmap, NamesRowsAndColumns) {
  auto const cross = heatmap(Eigen::MatrixXd::Zero(1, 2), {"q"}, {"k0", "k1"}).titled("cross");
  EXPECT_EQ(cross.rows, (std::vector<std::string>{"q"}));
  EXPECT_EQ(cross.columns, (std::vector<std::string>{"k0", "k1"}));
  EXPECT_EQ(cross.title, "cross");
  auto const self = heatmap(Eigen::MatrixXd::Zero(2, 2), {"a", "b"});
  EXPECT_EQ(self.rows, self.columns);
  EXPECT_EQ(heatmap(Eigen::MatrixXd::Zero(1, 3)).columns, (std::vector<std::string>{"0", "1", "2"}));
}

TEST(Heatmap, RefusesLabelsThatDoNotFit) {
  Eigen::MatrixXd const weights = Eigen::MatrixXd::Zero(4, 2);
  EXPECT_EQ(sentence_of([&] { (void)heatmap(weights, std::vector<std::string>(5), std::vector<std::string>(2)); }),
            "heatmap: 5 row labels for 4 rows of weights.");
  EXPECT_EQ(sentence_of([&] { (void)heatmap(weights, std::vector<std::string>(4), std::vector<std::string>(3)); }),
            "heatmap: 3 column labels for 2 columns of weights.");
  EXPECT_EQ(sentence_of([&] { (void)heatmap(weights, std::vector<std::string>(4)); }),
            "heatmap: 4 column labels for 2 columns of weights.");
}

TEST(Heatmap, MayBeEmpty) {
  EXPECT_EQ(heatmap(Eigen::MatrixXd(0, 3)).columns.size(), 3u);
  EXPECT_EQ(heatmap(Eigen::MatrixXd(3, 0)).rows.size(), 3u);
}

}  // namespace heatmap_tests
