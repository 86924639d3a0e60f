#include <attend/layer/position_embedding.hpp>

#include "central_differences.hpp"

#include <gtest/gtest.h>

namespace position_embedding_tests {

using namespace central;
using attend::PositionEmbedding;

TEST(PositionEmbedding, AddsTheRowsOfItsPositions) {
  PositionEmbedding<float> layer(6, 3);
  layer.table = numbers(6, 3, 1).cast<float>();
  Matrix<float> const x = numbers(4, 3, 2).cast<float>();
  EXPECT_EQ(layer.forward(x), x + layer.table.topRows(4));
  EXPECT_EQ(layer.forward(x, 2), x + layer.table.bottomRows(4));
  EXPECT_EQ(layer.forward(x.row(3), 5), x.row(3) + layer.table.row(5));
  EXPECT_EQ(layer.forward(x.topRows(0), 6).rows(), 0);
}

TEST(PositionEmbedding, GradientsAreCentralDifferencesAndAddUp) {
  PositionEmbedding<double> layer(6, 3);
  layer.table = numbers(6, 3, 1);
  Matrix<double> x = numbers(4, 3, 2);
  Matrix<double> const d_y = numbers(4, 3, 3);
  auto const loss = [&] { return weighted(layer.forward(x, 1), d_y); };
  auto gradient = attend::zeros_like(layer);
  expect_gradient("x", x, layer.backward(d_y, gradient, 1), loss);
  expect_parameter_gradients(layer, gradient, loss);
  (void)layer.backward(d_y, gradient, 0);
  EXPECT_EQ(gradient.table.row(1), d_y.row(0) + d_y.row(1));
}

TEST(PositionEmbedding, WrongPlacesAreSentences) {
  PositionEmbedding<float> layer(6, 3), gradient(6, 3), other(5, 3);
  Matrix<float> const x = Matrix<float>::Zero(4, 3);
  expect_sentence([&] { (void)layer.forward(x, 3); }, {"positions 3 to 6", "has 6", "0 and 5"});
  expect_sentence([&] { (void)layer.forward(x, -1); }, {"positions -1"});
  expect_sentence([&] { (void)layer.forward(x.leftCols(2)); }, {"x is (4, 2)", "(6, 3)"});
  expect_sentence([&] { (void)layer.backward(x, gradient, 3); }, {"positions 3 to 6"});
  expect_sentence([&] { (void)layer.backward(x, other); }, {"(5, 3)", "zeros_like"});
}

}  // namespace position_embedding_tests
