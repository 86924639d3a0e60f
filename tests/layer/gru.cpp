#include <attend/layer/gru.hpp>

#include "cells.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace gru_tests {

using namespace central;
using attend::Gru;

[[nodiscard]] double sigma(double x) { return 1 / (1 + std::exp(-x)); }

/// Number by number, as the formulas of the header are written.
TEST(Gru, IsItsFormulas) {
  Index const in = 3, hidden = 4, batch = 5;
  auto const cell = random_cell<Gru<double>>(in, hidden, 1);
  Matrix<double> const x = numbers(batch, in, 2), h = numbers(batch, hidden, 3);
  Matrix<double> const after = cell.forward(x, {h}).after.hidden;
  for (Index b = 0; b < batch; ++b)
    for (Index f = 0; f < hidden; ++f) {
      auto const of_x = [&](Index gate) {
        return cell.input.weight.row(gate * hidden + f).dot(x.row(b)) + cell.input.bias(gate * hidden + f);
      };
      auto const of_h = [&](Index gate) {
        return cell.recurrent.weight.row(gate * hidden + f).dot(h.row(b)) + cell.recurrent.bias(gate * hidden + f);
      };
      double const r = sigma(of_x(0) + of_h(0)), z = sigma(of_x(1) + of_h(1)), n = std::tanh(of_x(2) + r * of_h(2));
      EXPECT_NEAR(after(b, f), (1 - z) * n + z * h(b, f), 1e-15);
    }
}

/// An open update gate keeps the state, a closed one replaces it.
TEST(Gru, GatesKeepAndReplace) {
  auto cell = random_cell<Gru<double>>(2, 3, 4);
  Matrix<double> const x = numbers(1, 2, 5), h = numbers(1, 3, 6);
  cell.input.bias.segment(3, 3).setConstant(100);
  EXPECT_LE((cell.forward(x, {h}).after.hidden - h).cwiseAbs().maxCoeff(), 1e-15);
  cell.input.bias.segment(3, 3).setConstant(-100);
  cell.input.bias.segment(0, 3).setConstant(-100);  // and nothing of h is recalled
  Matrix<double> const proposal =
      (cell.input.weight.bottomRows(3) * x.transpose() + cell.input.bias.tail(3)).array().tanh().matrix().transpose();
  EXPECT_LE((cell.forward(x, {h}).after.hidden - proposal).cwiseAbs().maxCoeff(), 1e-15);
}

TEST(Gru, GradientsAreCentralDifferences) { expect_cell_gradients<Gru<double>>(); }
TEST(Gru, WrongSizesAreSentences) { expect_cell_sentences<Gru<double>>("Gru"); }

}  // namespace gru_tests
