#include <attend/layer/lstm.hpp>

#include "cells.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace lstm_tests {

using namespace central;
using attend::Lstm;

[[nodiscard]] double sigma(double x) { return 1 / (1 + std::exp(-x)); }

/// Number by number, as the formulas of the header are written.
TEST(Lstm, IsItsFormulas) {
  Index const in = 3, hidden = 4, batch = 5;
  auto const cell = random_cell<Lstm<double>>(in, hidden, 1);
  Matrix<double> const x = numbers(batch, in, 2), h = numbers(batch, hidden, 3), c = numbers(batch, hidden, 4);
  auto const after = cell.forward(x, {h, c}).after;
  for (Index b = 0; b < batch; ++b)
    for (Index f = 0; f < hidden; ++f) {
      auto const sum = [&](Index gate) {
        Index const row = gate * hidden + f;
        return cell.input.weight.row(row).dot(x.row(b)) + cell.input.bias(row) +
               cell.recurrent.weight.row(row).dot(h.row(b)) + cell.recurrent.bias(row);
      };
      double const i = sigma(sum(0)), forget = sigma(sum(1)), g = std::tanh(sum(2)), o = sigma(sum(3));
      double const wanted = forget * c(b, f) + i * g;
      EXPECT_NEAR(after.cell(b, f), wanted, 1e-15);
      EXPECT_NEAR(after.hidden(b, f), o * std::tanh(wanted), 1e-15);
    }
}

/// An open forget gate and a closed input gate carry the cell over a thousand steps.
TEST(Lstm, CarriesItsCell) {
  auto cell = random_cell<Lstm<double>>(2, 3, 5);
  cell.input.bias.segment(0, 3).setConstant(-100);
  cell.input.bias.segment(3, 3).setConstant(100);
  Lstm<double>::State const first{numbers(1, 3, 6), numbers(1, 3, 7)};
  auto state = first;
  for (int t = 0; t < 1000; ++t) state = cell.forward(numbers(1, 2, 8), state).after;
  EXPECT_LE((state.cell - first.cell).cwiseAbs().maxCoeff(), 1e-12);
}

TEST(Lstm, GradientsAreCentralDifferences) { expect_cell_gradients<Lstm<double>>(); }
TEST(Lstm, WrongSizesAreSentences) { expect_cell_sentences<Lstm<double>>("Lstm"); }

}  // namespace lstm_tests
