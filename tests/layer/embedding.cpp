#include <attend/layer/embedding.hpp>

#include "central_differences.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace embedding_tests {

using namespace central;
using attend::Embedding;

std::vector<Index> const tokens{2, 0, 2, 4};

TEST(Embedding, IsAOneHotProduct) {
  Embedding<double> layer(5, 3);
  layer.table = numbers(5, 3, 1);
  Matrix<double> one_hot = Matrix<double>::Zero(4, 5);
  for (Index i = 0; i < 4; ++i) one_hot(i, tokens[static_cast<std::size_t>(i)]) = 1;
  EXPECT_EQ(layer.forward(tokens), one_hot * layer.table);
  EXPECT_EQ(layer.forward(std::vector<Index>()).rows(), 0);
}

TEST(Embedding, GradientIsTheCentralDifferenceAndAddsUp) {
  Embedding<double> layer(5, 3);
  layer.table = numbers(5, 3, 2);
  Matrix<double> const d_y = numbers(4, 3, 3);
  Embedding<double> gradient = attend::zeros_like(layer);
  layer.backward(tokens, d_y, gradient);
  expect_parameter_gradients(layer, gradient, [&] { return weighted(layer.forward(tokens), d_y); });
  EXPECT_EQ(gradient.table.row(2), d_y.row(0) + d_y.row(2));
  EXPECT_TRUE((gradient.table.row(1).array() == 0).all());
}

TEST(Embedding, WrongTokensAreSentences) {
  Embedding<float> const layer(5, 3);
  Embedding<float> gradient(5, 3), other(4, 3);
  expect_sentence([&] { (void)layer.forward(std::vector<Index>{1, 5}); }, {"token 1 is 5", "5 rows", "0 and 4"});
  expect_sentence([&] { (void)layer.forward(std::vector<Index>{-1}); }, {"token 0 is -1"});
  expect_sentence([&] { layer.backward(tokens, Matrix<float>::Zero(3, 3), gradient); }, {"(3, 3)", "(4, 3)"});
  expect_sentence([&] { layer.backward(tokens, Matrix<float>::Zero(4, 3), other); }, {"(4, 3)", "(5, 3)"});
}

}  // namespace embedding_tests
