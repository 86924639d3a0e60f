#include <attend/layer/feed_forward.hpp>
#include <attend/layer/initialize.hpp>

#include "central_differences.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace feed_forward_tests {

using namespace central;
using attend::FeedForward;

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

TEST(FeedForward, GradientsAreCentralDifferences) {
  auto const lambda = [](auto const& x) { return x * attend::sigmoid(x * 1.702); };
  expect_gradients(FeedForward<double>(4, 7));
  expect_gradients(FeedForward<double, attend::Gelu>(4, 7, false));
  expect_gradients(FeedForward<double, attend::GeluTanh>(4, 7));
  expect_gradients(FeedForward<double, attend::Silu>(1, 1));
  expect_gradients(FeedForward<double, decltype(lambda)>(4, 7, true, lambda));
}

TEST(FeedForward, ByHand) {
  FeedForward<float> layer(1, 2);
  layer.expand.weight << 1, -1;
  layer.expand.bias << 0, 1;
  layer.contract.weight << 2, 3;
  layer.contract.bias << 10;
  Matrix<float> x(2, 1);
  x << 2, -2;  // max(2, 0) 2 + max(-1, 0) 3 + 10; max(-2, 0) 2 + max(3, 0) 3 + 10
  Matrix<float> wanted(2, 1);
  wanted << 14, 19;
  EXPECT_EQ(layer.forward(x).output, wanted);
}

TEST(FeedForward, NanStaysInItsRowAndNoRowsAreFine) {
  FeedForward<float> layer(6, 9);
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

TEST(FeedForward, WrongSizesAreSentences) {
  FeedForward<float> layer(4, 8), gradient(4, 8), other(4, 7);
  Matrix<float> const x = Matrix<float>::Zero(5, 4);
  auto const kept = layer.forward(x);
  expect_sentence([&] { (void)layer.forward(x.leftCols(3)); }, {"x is (5, 3)", "4 features to 8"});
  expect_sentence([&] { (void)layer.backward(x.topRows(2), kept, x.topRows(2), gradient); }, {"(5, 8)", "(2, 8)"});
  expect_sentence([&] { (void)layer.backward(x, kept, x.leftCols(3), gradient); }, {"d_y is (5, 3)", "(5, 4)"});
  expect_sentence([&] { (void)layer.backward(x, kept, x, other); }, {"zeros_like"});
  layer.contract = attend::Linear<float>(7, 4);
  expect_sentence([&] { (void)layer.forward(x); }, {"contract 7 to 4"});
}

}  // namespace feed_forward_tests
