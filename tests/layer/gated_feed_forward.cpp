#include <attend/layer/gated_feed_forward.hpp>
#include <attend/layer/initialize.hpp>

#include "central_differences.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace gated_feed_forward_tests {

using namespace central;
using attend::GatedFeedForward;

template <class Layer>
void expect_gradients(Layer layer) {
  attend::initialize_uniform(layer, 0.7, 1);
  Matrix<double> x = numbers(5, layer.in(), 2);
  Matrix<double> const d_y = numbers(5, layer.out(), 3);
  auto const loss = [&] { return weighted(layer.forward(x).output, d_y); };
  auto gradient = attend::zeros_like(layer);
  expect_gradient("x", x, layer.backward(x, layer.forward(x), d_y, gradient), loss);
  expect_parameter_gradients(layer, gradient, loss);
}

TEST(GatedFeedForward, GradientsAreCentralDifferences) {
  auto const lambda = [](auto const& x) { return x * attend::sigmoid(x * 1.702); };
  expect_gradients(attend::SwiGlu<double>(4, 7));
  expect_gradients(GatedFeedForward<double, attend::Gelu>(4, 7, true));
  expect_gradients(GatedFeedForward<double, attend::Silu>(1, 1));
  expect_gradients(GatedFeedForward<double, decltype(lambda)>(4, 7, true, lambda));
}

TEST(GatedFeedForward, IsTheFormula) {
  attend::SwiGlu<double> layer(5, 9);
  attend::initialize_uniform(layer, 1, 1);
  Matrix<double> const x = numbers(3, 5, 2);
  Matrix<double> const gate = x * layer.gate.weight.transpose(), up = x * layer.up.weight.transpose();
  Matrix<double> const gated = gate.array() / (1 + (-gate.array()).exp()) * up.array();
  Matrix<double> const wanted = gated * layer.down.weight.transpose();
  EXPECT_LE((layer.forward(x).output - wanted).cwiseAbs().maxCoeff(), 1e-14);
}

TEST(GatedFeedForward, NanStaysInItsRowAndNoRowsAreFine) {
  GatedFeedForward<float> layer(6, 9);
  attend::initialize_uniform(layer, 1, 1);
  Matrix<float> x = numbers(4, 6, 2).cast<float>();
  Matrix<float> const y = layer.forward(x).output;
  x(2, 3) = std::numeric_limits<float>::quiet_NaN();
  Matrix<float> const after = layer.forward(x).output;
  for (Index i : {0, 1, 3}) EXPECT_EQ(after.row(i), y.row(i));
  EXPECT_TRUE(after.row(2).array().isNaN().all());
  EXPECT_EQ(layer.forward(x.topRows(0)).output.rows(), 0);
  auto gradient = attend::zeros_like(layer);
  EXPECT_EQ(layer.backward(x.topRows(0), layer.forward(x.topRows(0)), y.topRows(0), gradient).rows(), 0);
}

TEST(GatedFeedForward, WrongSizesAreSentences) {
  GatedFeedForward<float> layer(4, 8), gradient(4, 8), other(4, 7);
  Matrix<float> const x = Matrix<float>::Zero(5, 4);
  auto const kept = layer.forward(x);
  expect_sentence([&] { (void)layer.forward(x.leftCols(3)); }, {"x is (5, 3)", "4 features to 8"});
  expect_sentence([&] { (void)layer.backward(x.topRows(2), kept, x.topRows(2), gradient); }, {"(5, 8)", "(2, 8)"});
  expect_sentence([&] { (void)layer.backward(x, kept, x.leftCols(3), gradient); }, {"d_y is (5, 3)", "(5, 4)"});
  expect_sentence([&] { (void)layer.backward(x, kept, x, other); }, {"zeros_like"});
  layer.up = attend::Linear<float>(4, 7);
  expect_sentence([&] { (void)layer.forward(x); }, {"up 4 to 7"});
}

}  // namespace gated_feed_forward_tests
