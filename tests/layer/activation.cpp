#include <attend/layer/activation.hpp>

#include "central_differences.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace activation_tests {

using namespace central;
namespace layer = attend::layer_detail;

TEST(Activation, ValuesAndLimits) {
  Matrix<double> x(1, 5);
  x << -800, -1, 0, 1, 800;
  Matrix<double> const y = layer::sigmoid(x), t = layer::tanh(x);
  EXPECT_NEAR(y(0, 0), 0, 1e-300);
  EXPECT_NEAR(y(0, 1), 0.2689414213699951, 1e-15);
  EXPECT_EQ(y(0, 2), 0.5);
  EXPECT_EQ(y(0, 4), 1);
  EXPECT_EQ(t(0, 0), -1);
  EXPECT_NEAR(t(0, 3), 0.7615941559557649, 1e-15);
}

TEST(Activation, GradientsAreCentralDifferences) {
  Matrix<double> x = 2 * numbers(3, 4, 1);
  Matrix<double> const d_y = numbers(3, 4, 2);
  expect_gradient("sigmoid", x, layer::sigmoid_back(layer::sigmoid(x), d_y),
                  [&] { return weighted(layer::sigmoid(x), d_y); });
  expect_gradient("tanh", x, layer::tanh_back(layer::tanh(x), d_y), [&] { return weighted(layer::tanh(x), d_y); });
}

}  // namespace activation_tests
