#include <attend/layer/sentinel.hpp>

#include <attend/layer/initialize.hpp>

#include "central_differences.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace sentinel_tests {

using namespace central;
using attend::Sentinel;

[[nodiscard]] Sentinel<double> sentinel() {
  Sentinel<double> layer(2, 3);
  attend::initialize_uniform(layer, 1, 1);
  return layer;
}

TEST(Sentinel, IsLusEquation) {
  auto const layer = sentinel();
  Matrix<double> const x = numbers(4, 2, 2), h = numbers(4, 3, 3), m = numbers(4, 3, 4);
  Matrix<double> const found = layer.forward(x, h, m).output;
  for (Index i = 0; i < 4; ++i)
    for (Index f = 0; f < 3; ++f) {
      double const z =
          layer.input.weight.row(f).dot(x.row(i)) + layer.recurrent.weight.row(f).dot(h.row(i)) + layer.input.bias(f);
      EXPECT_NEAR(found(i, f), std::tanh(m(i, f)) / (1 + std::exp(-z)), 1e-15);
    }
}

TEST(Sentinel, GradientsAreCentralDifferences) {
  auto layer = sentinel();
  Matrix<double> x = numbers(4, 2, 2), h = numbers(4, 3, 3), m = numbers(4, 3, 4);
  Matrix<double> const d_output = numbers(4, 3, 5);
  auto const loss = [&] { return weighted(layer.forward(x, h, m).output, d_output); };
  auto gradient = attend::zeros_like(layer);
  auto const g = layer.backward(x, h, layer.forward(x, h, m), d_output, gradient);
  expect_gradient("x", x, g.input, loss);
  expect_gradient("h", h, g.hidden, loss);
  expect_gradient("m", m, g.memory, loss);
  expect_parameter_gradients(layer, gradient, loss);
}

TEST(Sentinel, WrongSizesAreSentences) {
  auto const layer = sentinel();
  expect_sentence([&] { (void)layer.forward(numbers(4, 2, 1), numbers(4, 3, 1), numbers(4, 2, 1)); },
                  {"Sentinel", "m (4, 2)", "3 columns"});
  expect_sentence([&] { (void)layer.forward(numbers(3, 2, 1), numbers(4, 3, 1), numbers(4, 3, 1)); },
                  {"Sentinel", "3 rows"});
  Matrix<double> const x = numbers(4, 2, 1), h = numbers(4, 3, 2);
  auto const kept = layer.forward(x, h, h);
  auto gradient = attend::zeros_like(layer);
  expect_sentence([&] { (void)layer.backward(x, h.topRows(3), kept, h, gradient); }, {"Sentinel", "h is (3, 3)"});
  expect_sentence([&] { (void)layer.backward(x.topRows(3), h, kept, h, gradient); }, {"Sentinel", "3 rows"});
  expect_sentence([&] { (void)layer.backward(x, h, kept, x, gradient); }, {"Sentinel", "(4, 2)", "(4, 3)"});
  expect_zeros(gradient);
}

}  // namespace sentinel_tests
