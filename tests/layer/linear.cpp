#include <attend/layer/linear.hpp>

#include "central_differences.hpp"

#include <gtest/gtest.h>

namespace linear_tests {

using namespace central;
using attend::Linear;

TEST(Linear, ByHand) {
  Linear<float> layer(2, 3);
  layer.weight << 1, 2, 3, 4, 5, 6;
  layer.bias << 10, 20, 30;
  Eigen::MatrixXf x(2, 2);
  x << 1, 0, -1, 2;
  Eigen::MatrixXf wanted(2, 3);
  wanted << 11, 23, 35, 13, 25, 37;
  EXPECT_EQ(layer.forward(x), wanted);
  layer.bias.resize(0);
  wanted.rowwise() -= Eigen::RowVector3f(10, 20, 30);
  EXPECT_EQ(layer.forward(x), wanted);
  EXPECT_EQ(layer.forward(x.row(1)), wanted.row(1));
}

TEST(Linear, GradientsAreCentralDifferences) {
  for (bool const with_bias : {true, false}) {
    Linear<double> layer(4, 3, with_bias);
    layer.weight = numbers(3, 4, 1);
    if (with_bias) layer.bias = numbers(3, 1, 2);
    Matrix<double> x = numbers(5, 4, 3);
    Matrix<double> const d_y = numbers(5, 3, 4);
    auto const loss = [&] { return weighted(layer.forward(x), d_y); };
    Linear<double> gradient = attend::zeros_like(layer);
    Matrix<double> const d_x = layer.backward(x, d_y, gradient);
    expect_gradient("x", x, d_x, loss);
    expect_parameter_gradients(layer, gradient, loss);
    // A second backward adds.
    (void)layer.backward(x, d_y, gradient);
    gradient.weight /= 2;
    gradient.bias /= 2;
    expect_parameter_gradients(layer, gradient, loss);
  }
}

TEST(Linear, WrongSizesAreSentences) {
  Linear<float> layer(4, 3), gradient(4, 3), other(4, 2);
  Matrix<float> const x = Matrix<float>::Zero(5, 4);
  expect_sentence([&] { (void)layer.forward(x.leftCols(3)); }, {"x is (5, 3)", "(3, 4)"});
  expect_sentence([&] { (void)layer.backward(x, x, gradient); }, {"d_y is (5, 4)", "(5, 3)"});
  expect_sentence([&] { (void)layer.backward(x, Matrix<float>::Zero(5, 3), other); }, {"(2, 4)", "zeros_like"});
  layer.bias.resize(7);
  expect_sentence([&] { (void)layer.forward(x); }, {"bias has 7"});
}

}  // namespace linear_tests
