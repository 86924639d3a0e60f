#include <attend/layer/rms_norm.hpp>

#include "central_differences.hpp"
#include "norms.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace rms_norm_tests {

using namespace central;
using attend::RmsNorm;

template <class Scalar>
RmsNorm<Scalar> random_layer(Index d) {
  RmsNorm<Scalar> layer(d);
  layer.weight = numbers(d, 1, 1).cast<Scalar>();
  return layer;
}

TEST(RmsNorm, ByHand) {
  RmsNorm<double> layer(2, 0);
  Matrix<double> x(1, 2);
  x << 3, 4;  // mean square 12.5
  EXPECT_NEAR(layer.forward(x)(0, 1), 4 / std::sqrt(12.5), 1e-15);
  layer.epsilon = 12.5;
  EXPECT_NEAR(layer.forward(x)(0, 1), 4 / 5.0, 1e-15);
  EXPECT_TRUE((RmsNorm<float>(6).forward(Matrix<float>::Zero(2, 6)).array() == 0).all());
}

TEST(RmsNorm, GradientsAreCentralDifferences) {
  for (Index const d : {2, 3, 8, 37}) {
    auto layer = random_layer<double>(d);
    Matrix<double> x = numbers(5, d, 3);
    Matrix<double> const d_y = numbers(5, d, 4);
    auto const loss = [&] { return weighted(layer.forward(x), d_y); };
    RmsNorm<double> gradient = attend::zeros_like(layer);
    Matrix<double> const d_x = layer.backward(x, d_y, gradient);
    expect_gradient("x", x, d_x, loss);
    expect_parameter_gradients(layer, gradient, loss);
    // A second backward adds.
    auto const once = gradient;
    (void)layer.backward(x, d_y, gradient);
    EXPECT_EQ(gradient.weight, 2 * once.weight);
  }
}

TEST(RmsNorm, AgreesWithTheFormulaInLongDouble) {
  for (Index const d : {1, 2, 15, 16, 17, 64, 65, 131, 1000})
    for (double const centre : {0.0, 1000.0}) {
      // Of double the sums are no wider than the row: 1000 small numbers after a large one round a thousand times.
      expect_near_formula(random_layer<float>(d), centre, 2.5, 2.0);
      expect_near_formula(random_layer<double>(d), centre, 5, 5);
    }
}

TEST(RmsNorm, NanStaysInItsRowAndRowsDoNotSeeEachOther) {
  auto const layer = random_layer<float>(19);
  Matrix<float> x = numbers(4, 19, 3).cast<float>();
  Matrix<float> const d_y = numbers(4, 19, 4).cast<float>(), y = layer.forward(x);
  auto gradient = attend::zeros_like(layer);
  Matrix<float> const d_x = layer.backward(x, d_y, gradient);
  x(2, 18) = std::numeric_limits<float>::quiet_NaN();
  Matrix<float> const after = layer.forward(x), d_after = layer.backward(x, d_y, gradient);
  for (Index i : {0, 1, 3}) {
    EXPECT_EQ(after.row(i), y.row(i));
    EXPECT_EQ(d_after.row(i), d_x.row(i));
    EXPECT_EQ(layer.forward(x.row(i)), y.row(i));
  }
  EXPECT_TRUE(after.row(2).array().isNaN().all());
  EXPECT_TRUE(d_after.row(2).array().isNaN().all());
}

TEST(RmsNorm, ReadsEveryLayoutAndNoRows) {
  auto const layer = random_layer<double>(5);
  Matrix<double> const x = numbers(7, 5, 3), y = layer.forward(x);
  EXPECT_EQ(layer.forward(Eigen::MatrixXd(x)), y);
  EXPECT_EQ(layer.forward(x.topRows(0)).rows(), 0);
  auto gradient = attend::zeros_like(layer);
  EXPECT_EQ(layer.backward(x.topRows(0), x.topRows(0), gradient).rows(), 0);
  EXPECT_TRUE((gradient.weight.array() == 0).all());
  auto other = gradient;
  EXPECT_EQ(layer.backward(Eigen::MatrixXd(x), y, gradient), layer.backward(x, Eigen::MatrixXd(y), other));
  EXPECT_EQ(gradient.weight, other.weight);
}

TEST(RmsNorm, WrongSizesAreSentences) {
  RmsNorm<float> layer(4), gradient(4), other(3);
  Matrix<float> const x = Matrix<float>::Zero(5, 4);
  expect_sentence([&] { (void)layer.forward(x.leftCols(3)); }, {"x is (5, 3)", "4 numbers"});
  expect_sentence([&] { (void)layer.backward(x, x.leftCols(2), gradient); }, {"d_y is (5, 2)", "(5, 4)"});
  expect_sentence([&] { (void)layer.backward(x, x, other); }, {"has 3", "zeros_like"});
  layer.epsilon = -1;
  expect_sentence([&] { (void)layer.forward(x); }, {"epsilon is -1"});
}

}  // namespace rms_norm_tests
