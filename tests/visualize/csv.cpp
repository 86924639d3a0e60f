#include <attend/visualize/csv.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <sstream>

namespace csv_tests {

using attend::heatmap;
using attend::to_csv;

TEST(Csv, HasNamesAndNumbers) {
  Eigen::MatrixXf weights(2, 2);
  weights << 1, 0, 0.1f, 0.9f;
  EXPECT_EQ(to_csv(heatmap(weights, {"a", "b"}, {"x,y", "\"z\""})), ",\"x,y\",\"\"\"z\"\"\"\na,1,0\nb,0.1,0.9\n");
}

TEST(Csv, NumbersReadBackToTheSameBits) {
  Eigen::RowVectorXd values(7);
  values << 1.0 / 3, 1e300, 5e-324, -0.1, std::numeric_limits<float>::max(), 0.1f, 123456789;
  std::stringstream text(to_csv(heatmap(values)));
  std::string line, field;
  std::getline(text, line);
  std::getline(text, field, ',');
  for (double const value : values) {
    std::getline(text, field, ',');
    // 0.1f is written as 0.1: what the precision that it came from reads as the same bits.
    bool const is_float = static_cast<double>(std::strtof(field.c_str(), nullptr)) == value;
    EXPECT_TRUE(is_float || std::strtod(field.c_str(), nullptr) == value) << field;
  }
}

TEST(Csv, SaysWhatIsNotFinite) {
  double const infinity = std::numeric_limits<double>::infinity();
  Eigen::RowVectorXd values(4);
  values << std::nan(""), -std::nan(""), infinity, -infinity;
  EXPECT_EQ(to_csv(heatmap(values)), ",0,1,2,3\n0,nan,nan,inf,-inf\n");
}

TEST(Csv, EmptyMatrices) {
  EXPECT_EQ(to_csv(heatmap(Eigen::MatrixXd(0, 2))), ",0,1\n");
  EXPECT_EQ(to_csv(heatmap(Eigen::MatrixXd(2, 0))), "\n0\n1\n");
}

}  // namespace csv_tests
