#include <attend/layer/dropout.hpp>

#include "central_differences.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace dropout_tests {

using namespace central;
using attend::Dropout;

TEST(Dropout, DropsWhatItSaysAndKeepsTheExpectation) {
  Index const n = 400, d = 300;
  for (double const p : {0.1, 0.5, 0.9}) {
    Matrix<double> const y = Dropout{p}.forward(Matrix<double>::Ones(n, d), 7);
    double const dropped = static_cast<double>((y.array() == 0).count()), numbers = double(n * d);
    EXPECT_NEAR(dropped / numbers, p, 4 * std::sqrt(p * (1 - p) / numbers));
    EXPECT_TRUE((y.array() == 0 || (y.array() - 1 / (1 - p)).abs() < 1e-15).all());
    // No row and no column is preferred.
    for (Index i = 0; i < n; ++i)
      EXPECT_NEAR(double((y.row(i).array() == 0).count()) / double(d), p, 5 * std::sqrt(p * (1 - p) / double(d)));
    for (Index j = 0; j < d; ++j)
      EXPECT_NEAR(double((y.col(j).array() == 0).count()) / double(n), p, 5 * std::sqrt(p * (1 - p) / double(n)));
  }
}

TEST(Dropout, IsAFunctionOfSeedAndPlaceAlone) {
  Dropout const layer{0.3};
  for (Index const d : {1, 2, 15, 16, 17, 100}) {
    Matrix<float> const x = Matrix<float>::Ones(9, d), y = layer.forward(x, 5);
    EXPECT_EQ(layer.forward(x, 5), y);
    EXPECT_EQ(layer.forward(x.middleRows(3, 4), 5, 3), y.middleRows(3, 4));
    EXPECT_EQ(layer.forward(x.leftCols(d - d / 2), 5), y.leftCols(d - d / 2));
    EXPECT_EQ(layer.forward(Eigen::MatrixXf(x), 5), y);
    EXPECT_EQ((layer.forward(x.cast<double>(), 5).array() == 0).cast<int>().matrix(),
              (y.array() == 0).cast<int>().matrix());
  }
  EXPECT_NE(layer.forward(Matrix<float>::Ones(9, 9), 5), layer.forward(Matrix<float>::Ones(9, 9), 6));
  EXPECT_EQ(layer.forward(Matrix<float>(0, 4), 5).rows(), 0);
}

TEST(Dropout, GradientIsTheCentralDifference) {
  Dropout const layer{0.4};
  Matrix<double> x = numbers(6, 5, 1);
  Matrix<double> const d_y = numbers(6, 5, 2);
  expect_gradient("x", x, layer.backward(d_y, 3), [&] { return weighted(layer.forward(x, 3), d_y); });
}

TEST(Dropout, OfNothingIsTheIdentityAndWhatIsDroppedIsZero) {
  Matrix<float> x(1, 3);
  x << -0.f, std::numeric_limits<float>::denorm_min(), 3;
  Matrix<float> const y = Dropout{0}.forward(x, 1);
  EXPECT_TRUE(std::signbit(y(0, 0)));
  EXPECT_EQ(y, x);
  Matrix<float> const broken = Matrix<float>::Constant(4, 50, std::numeric_limits<float>::quiet_NaN());
  Matrix<float> const some = Dropout{0.5}.forward(broken, 1);
  EXPECT_GT((some.array() == 0).count(), 60);
  EXPECT_GT(some.array().isNaN().count(), 60);
}

TEST(Dropout, WrongProbabilitiesAreSentences) {
  Matrix<float> const x = Matrix<float>::Ones(2, 2);
  for (double const p : {-0.1, 1.0, 2.0, std::numeric_limits<double>::quiet_NaN()})
    expect_sentence([&] { (void)Dropout{p}.forward(x, 1); }, {"Dropout: p is", "less than 1"});
}

}  // namespace dropout_tests
