#include <attend/layer/context.hpp>
#include <attend/layer/initialize.hpp>

#include "central_differences.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace context_tests {

using namespace central;
using attend::AddContext;
using attend::ConcatContext;
using attend::GatedContext;

/// Every derivative of one way to use a context.
template <class Layer>
void expect_context_gradients(Layer layer, Index e, Index hidden) {
  attend::initialize_uniform(layer, 1, 1);
  Matrix<double> context = numbers(5, e, 2), state = numbers(5, hidden, 3);
  auto const kept = layer.forward(context, state);
  Matrix<double> const d_output = numbers(kept.output.rows(), kept.output.cols(), 4);
  auto const loss = [&] { return weighted(layer.forward(context, state).output, d_output); };
  Layer gradient = attend::zeros_like(layer);
  auto const back = layer.backward(context, state, kept, d_output, gradient);
  expect_gradient("context", context, back.context, loss);
  expect_gradient("state", state, back.state, loss);
  expect_parameter_gradients(layer, gradient, loss);
}

TEST(ConcatContext, IsTheTanhOfBothTogether) {
  ConcatContext<double> layer(2, 1, 1);
  layer.combine.weight << 1, 2, 3;
  Matrix<double> context(1, 2), state(1, 1);
  context << 0.1, 0.2;
  state << 0.3;
  EXPECT_NEAR(layer.forward(context, state).output(0, 0), std::tanh(0.1 + 2 * 0.2 + 3 * 0.3), 1e-15);
}
TEST(ConcatContext, GradientsAreCentralDifferences) {
  expect_context_gradients(ConcatContext<double>(3, 4, 2), 3, 4);
  expect_context_gradients(ConcatContext<double>(3, 4, 2, true), 3, 4);
}

TEST(AddContext, AddsAndPassesOn) {
  Matrix<double> const context = numbers(2, 3, 1), state = numbers(2, 3, 2);
  EXPECT_EQ(AddContext<double>().forward(context, state).output, context + state);
  expect_context_gradients(AddContext<double>(), 3, 3);
}

TEST(BareContext, PassesTheContextOn) {
  attend::BareContext<double> layer;
  Matrix<double> const context = numbers(2, 3, 1), state = numbers(2, 4, 2), d_output = numbers(2, 3, 3);
  auto const kept = layer.forward(context, state);
  EXPECT_EQ(kept.output, context);
  auto const back = layer.backward(context, state, kept, d_output, layer);
  EXPECT_EQ(back.context, d_output);
  EXPECT_EQ(back.state, Matrix<double>::Zero(2, 4));
  expect_sentence([&] { (void)layer.forward(context, numbers(3, 4, 1)); }, {"BareContext", "(2, 3)", "(3, 4)"});
  expect_sentence([&] { (void)layer.backward(context, state, kept, state, layer); }, {"d_output is (2, 4)"});
}

TEST(GatedContext, LetsInNothingHalfOrAll) {
  Matrix<double> const context = numbers(2, 3, 1), state = numbers(2, 4, 2);
  GatedContext<double> one(4, 1);
  EXPECT_EQ(one.forward(context, state).output, 0.5 * context);
  one.gate.bias(0) = 100;
  EXPECT_LE((one.forward(context, state).output - context).cwiseAbs().maxCoeff(), 1e-15);
  GatedContext<double> each(4, 3);
  each.gate.bias << -100, 0, 100;
  Matrix<double> const found = each.forward(context, state).output;
  EXPECT_NEAR(found(1, 0), 0, 1e-15);
  EXPECT_NEAR(found(1, 1), context(1, 1) / 2, 1e-15);
  EXPECT_NEAR(found(1, 2), context(1, 2), 1e-15);
}
TEST(GatedContext, GradientsAreCentralDifferences) {
  expect_context_gradients(GatedContext<double>(4, 1), 3, 4);
  expect_context_gradients(GatedContext<double>(4, 3), 3, 4);
  expect_context_gradients(GatedContext<double>(4, 1), 1, 4);
}

TEST(Context, WrongSizesAreSentences) {
  Matrix<double> const a = Matrix<double>::Zero(5, 3), b = Matrix<double>::Zero(5, 4), c = Matrix<double>::Zero(4, 3);
  ConcatContext<double> concat(3, 3, 2);
  expect_sentence([&] { (void)concat.forward(a, b); }, {"ConcatContext", "(5, 3)", "(5, 4)", "6 columns together"});
  expect_sentence([&] { (void)concat.forward(a, c); }, {"(5, 3)", "(4, 3)"});
  auto gradient = attend::zeros_like(concat);
  expect_sentence([&] { (void)concat.backward(a, a, concat.forward(a, a), a, gradient); },
                  {"d_output is (5, 3)", "(5, 2)"});
  AddContext<double> add;
  expect_sentence([&] { (void)add.forward(a, b); }, {"AddContext", "(5, 3)", "(5, 4)"});
  expect_sentence([&] { (void)add.backward(a, a, add.forward(a, a), b, add); }, {"d_output is (5, 4)"});
  GatedContext<double> gated(4, 3);
  auto gated_gradient = attend::zeros_like(gated);
  expect_sentence([&] { (void)gated.forward(b, b); }, {"GatedContext", "(5, 4)", "(n, 3)"});
  expect_sentence([&] { (void)gated.forward(a, a); }, {"GatedContext", "(n, 4)"});
  expect_sentence([&] { (void)gated.backward(a, b, gated.forward(a, b), b, gated_gradient); }, {"d_output is (5, 4)"});
}

}  // namespace context_tests
