#include <attend/layer/bahdanau_step.hpp>
#include <attend/layer/lstm.hpp>
#include <attend/score/additive.hpp>

#include "decoders.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <tuple>

namespace bahdanau_step_tests {

using namespace central;
using attend::Additive;
using attend::BahdanauStep;
using attend::Decoder;
using attend::DecoderAttention;
using attend::GatedContext;
using attend::Lstm;

/// Bahdanau's additive score, with Xu's gate.
using Bahdanau = BahdanauStep<Lstm<double>, GatedContext<double>, Additive<double>>;
[[nodiscard]] Bahdanau bahdanau() {
  Bahdanau step{Lstm<double>(in + e, hidden),
                DecoderAttention<double, Additive<double>>(Additive<double>(
                    Matrix<double>::Zero(2, hidden), Matrix<double>::Zero(2, e), Vector<double>::Zero(2))),
                GatedContext<double>(hidden, 1)};
  attend::initialize_uniform(step, 1, 2);
  return step;
}

TEST(BahdanauStep, AsksWithItsLastState) {
  Bahdanau const step = bahdanau();
  Matrix<double> const values = numbers(11, e, 3), x = numbers(batch, in, 4);
  auto const memory = step.attention.remember(values, lengths);
  auto const before = step.start(random_state(step.cell, batch, 5), hidden + e);
  auto const after = step.forward(x, before, memory).after;
  auto const& score = std::get<Additive<double>>(step.attention.policies);
  Index first = 0;
  for (Index b = 0; b < batch; ++b) {
    Index const m = lengths[static_cast<std::size_t>(b)];
    Matrix<double> const h = values.middleRows(first, m), s = before.cell.hidden.row(b);
    Vector<double> w(m);
    for (Index j = 0; j < m; ++j)
      w(j) = std::exp(
          score.a.dot((score.w * s.transpose() + score.u * h.row(j).transpose()).array().tanh().matrix().col(0)));
    w /= w.sum();
    double const beta = 1 / (1 + std::exp(-step.context.gate.forward(s)(0, 0)));
    Matrix<double> fed(1, in + e);
    fed << x.row(b), beta * w.transpose() * h;
    auto const wanted = step.cell.forward(fed, {s, before.cell.cell.row(b)}).after;
    EXPECT_LE((after.cell.hidden.row(b) - wanted.hidden).cwiseAbs().maxCoeff(), 1e-14) << "sequence " << b;
    EXPECT_LE((after.output.row(b).head(hidden) - wanted.hidden).cwiseAbs().maxCoeff(), 1e-14);
    EXPECT_LE((after.output.row(b).tail(e) - fed.rightCols(e)).cwiseAbs().maxCoeff(), 1e-14);
    first += m;
  }
}

TEST(BahdanauStep, GradientsAreCentralDifferences) { expect_decoder_gradients(bahdanau(), hidden + e); }

TEST(BahdanauStep, WrongSizesAreSentences) {
  Bahdanau const other = bahdanau();
  auto const unprojected = other.attention.remember(numbers(11, e, 1), lengths);
  auto const begin = other.start(other.cell.zero_state(batch), hidden + e);
  expect_sentence([&] { (void)other.forward(numbers(batch, in + 1, 1), begin, unprojected); },
                  {"BahdanauStep", "3 columns", "7"});
  expect_sentence([&] { (void)other.forward(numbers(4, in, 1), begin, unprojected); },
                  {"BahdanauStep", "4 rows", "3 memories"});
  expect_sentence(
      [&] {
        (void)Decoder<Bahdanau>{other}.forward(numbers(3, in, 1), other.start(other.cell.zero_state(batch), 2),
                                               unprojected);
      },
      {"Decoder", "2 columns", "8"});

  auto const kept = other.forward(numbers(batch, in, 1), begin, unprojected);
  auto gradient = attend::zeros_like(other);
  attend::MemoryGradient<double> d_memory(unprojected);
  auto const d_after = other.start(other.cell.zero_state(batch), hidden);  // of an output without a context
  expect_sentence([&] { (void)other.backward(begin, kept, d_after, unprojected, d_memory, gradient); },
                  {"BahdanauStep", "(3, 3)", "(3, 8)"});
  expect_zeros(gradient);
}

}  // namespace bahdanau_step_tests
