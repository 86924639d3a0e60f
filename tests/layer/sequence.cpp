#include <attend/layer/gru.hpp>
#include <attend/layer/lstm.hpp>
#include <attend/layer/sequence.hpp>

#include "cells.hpp"

#include <gtest/gtest.h>

#include <tuple>

namespace sequence_tests {

using namespace central;
using attend::Gru;
using attend::Lstm;
using attend::Reading;
using attend::Sequence;

template <class Cell>
class SequenceOf : public ::testing::Test {};
using Cells = ::testing::Types<Gru<double>, Lstm<double>>;
TYPED_TEST_SUITE(SequenceOf, Cells);

constexpr Index batch = 3, steps = 4, in = 2, hidden = 3;

TYPED_TEST(SequenceOf, IsOneStepAfterAnother) {
  for (Reading const reading : {Reading::forwards, Reading::backwards}) {
    Sequence<TypeParam> const layer{random_cell<TypeParam>(in, hidden, 1), reading};
    Matrix<double> const x = numbers(batch * steps, in, 2);
    auto const initial = random_state(layer.cell, batch, 3);
    auto const kept = layer.forward(x, initial);
    for (Index b = 0; b < batch; ++b) {
      auto state = layer.cell.zero_state(1);
      state.hidden = initial.hidden.row(b);
      if constexpr (requires { state.cell; }) state.cell = initial.cell.row(b);
      for (Index s = 0; s < steps; ++s) {
        Index const row = b * steps + (reading == Reading::forwards ? s : steps - 1 - s);
        state = layer.cell.forward(x.row(row), state).after;
        EXPECT_LE((kept.output.row(row) - state.hidden).cwiseAbs().maxCoeff(), 1e-14) << "sequence " << b;
      }
      EXPECT_LE((kept.last().hidden.row(b) - state.hidden).cwiseAbs().maxCoeff(), 1e-14);
    }
  }
}

TYPED_TEST(SequenceOf, GradientsThroughTimeAreCentralDifferences) {
  for (Reading const reading : {Reading::forwards, Reading::backwards}) {
    Sequence<TypeParam> layer{random_cell<TypeParam>(in, hidden, 4), reading};
    Matrix<double> x = numbers(batch * steps, in, 5);
    auto initial = random_state(layer.cell, batch, 6);
    Matrix<double> const d_output = numbers(batch * steps, hidden, 8);
    auto const d_last = random_state(layer.cell, batch, 9);
    auto const loss = [&] {
      auto const kept = layer.forward(x, initial);
      return weighted(kept.output, d_output) + weighted_state(kept.last(), d_last);
    };
    auto gradient = attend::zeros_like(layer);
    auto const back = layer.backward(x, layer.forward(x, initial), d_output, d_last, gradient);
    expect_gradient("x", x, back.input, loss);
    expect_state_gradient(initial, back.initial, loss);
    expect_parameter_gradients(layer, gradient, loss);
  }
}

TYPED_TEST(SequenceOf, NoStepsChangeNothing) {
  Sequence<TypeParam> const layer{random_cell<TypeParam>(in, hidden, 11)};
  auto const initial = random_state(layer.cell, batch, 12);
  auto const kept = layer.forward(Matrix<double>(0, in), initial);
  EXPECT_EQ(kept.output.rows(), 0);
  EXPECT_EQ(kept.last().hidden, initial.hidden);
}

TYPED_TEST(SequenceOf, WrongSizesAreSentences) {
  Sequence<TypeParam> const layer{random_cell<TypeParam>(in, hidden, 13)};
  auto gradient = attend::zeros_like(layer);
  Matrix<double> const x = Matrix<double>::Zero(12, in);
  auto const kept = layer.forward(x, 3);
  expect_sentence([&] { (void)layer.forward(x, 5); }, {"12 rows", "5 sequences"});
  expect_sentence([&] { (void)layer.forward(x, 0); }, {"12 rows", "0 sequences"});
  expect_sentence([&] { (void)layer.forward(Matrix<double>::Zero(12, 7), 3); }, {"(12, 7)", "2 features"});
  expect_sentence([&] { (void)layer.backward(x, kept, x, gradient); }, {"d_output is (12, 2)", "(12, 3)"});
  expect_sentence([&] { (void)layer.backward(x, kept, kept.output, layer.cell.zero_state(2), gradient); },
                  {"d_last is (2, 3)", "(3, 3)"});
  expect_sentence([&] { (void)layer.forward(x, -3); }, {"12 rows", "-3 sequences"});
  expect_sentence([&] { (void)layer.backward(x.topRows(9), kept, kept.output, gradient); }, {"(9, 2)", "(12, 2)"});
  expect_sentence([&] { (void)layer.backward(x.leftCols(1), kept, kept.output, gradient); }, {"(12, 1)", "(12, 2)"});
  central::expect_zeros(gradient);
}

}  // namespace sequence_tests
