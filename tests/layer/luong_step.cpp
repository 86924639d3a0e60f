#include <attend/layer/gru.hpp>
#include <attend/layer/luong_step.hpp>
#include <attend/score/dot.hpp>

#include "decoders.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace luong_step_tests {

using namespace central;
using attend::ConcatContext;
using attend::Decoder;
using attend::DecoderAttention;
using attend::Dot;
using attend::Gru;
using attend::Linear;
using attend::LuongStep;

/// Luong's "general" score: keys projected once, then a dot product.
using Luong = LuongStep<Gru<double>, ConcatContext<double>, Dot>;
[[nodiscard]] Luong luong() {
  Luong step{Gru<double>(in + out, hidden), DecoderAttention<double, Dot>(Linear<double>(e, hidden, false), Dot{}),
             ConcatContext<double>(e, hidden, out)};
  attend::initialize_uniform(step, 1, 1);
  return step;
}

TEST(LuongStep, AsksWithItsNewState) {
  Luong const step = luong();
  Matrix<double> const values = numbers(11, e, 3), x = numbers(batch, in, 4);
  auto const memory = step.attention.remember(values, lengths);
  Luong::State before = step.start(random_state(step.cell, batch, 5), out);
  before.output = numbers(batch, out, 6);
  auto const after = step.forward(x, before, memory).after;
  Index first = 0;
  for (Index b = 0; b < batch; ++b) {
    // One sequence by itself, from the equations.
    Index const m = lengths[static_cast<std::size_t>(b)];
    Matrix<double> const h = values.middleRows(first, m);
    Matrix<double> fed(1, in + out);
    fed << x.row(b), before.output.row(b);
    Matrix<double> const s = step.cell.forward(fed, {before.cell.hidden.row(b)}).after.hidden;
    Vector<double> w = (s * step.attention.key.weight * h.transpose()).transpose().array().exp();
    w /= w.sum();
    Matrix<double> joined(1, e + hidden);
    joined << w.transpose() * h, s;
    Matrix<double> const wanted = (joined * step.context.combine.weight.transpose()).array().tanh();
    EXPECT_LE((after.output.row(b) - wanted).cwiseAbs().maxCoeff(), 1e-14) << "sequence " << b;
    EXPECT_LE((step.weights(before, step.forward(x, before, memory), memory).row(b).segment(first, m).transpose() - w)
                  .cwiseAbs()
                  .maxCoeff(),
              1e-14);
    first += m;
  }
}

TEST(LuongStep, GradientsAreCentralDifferences) { expect_decoder_gradients(luong(), out); }

TEST(LuongStep, AnEmptyMemoryReadsZeros) {
  Luong const step = luong();
  auto const memory = step.attention.remember(numbers(4, e, 3), {0, 4, 0});
  auto const read = step.attention.read(numbers(3, hidden, 4), memory).output;
  EXPECT_EQ(read.row(0), Matrix<double>::Zero(1, e));
  EXPECT_NE(read.row(1), Matrix<double>::Zero(1, e));
}

TEST(LuongStep, WrongSizesAreSentences) {
  Decoder<Luong> const decoder{luong()};
  Luong const& step = decoder.step;
  auto const memory = step.attention.remember(numbers(11, e, 1), lengths);
  auto const start = step.start(step.cell.zero_state(batch), out);
  expect_sentence([&] { (void)step.attention.remember(numbers(10, e, 1), lengths); }, {"3 memories", "11", "10 rows"});
  expect_sentence([&] { (void)step.attention.remember(numbers(11, e - 1, 1), lengths); }, {"Linear", "(11, 4)"});
  expect_sentence([&] { (void)step.forward(numbers(batch, in + 1, 1), start, memory); },
                  {"LuongStep", "(3, 3)", "6 columns"});
  expect_sentence([&] { (void)step.forward(numbers(2, in, 1), start, memory); }, {"LuongStep", "(2, 2)", "3 memories"});
  expect_sentence([&] { (void)decoder.forward(numbers(10, in, 1), start, memory); },
                  {"Decoder", "10 rows", "3 sequences"});

  Matrix<double> const x = numbers(batch * steps, in, 2);
  auto const kept = decoder.forward(x, start, memory);
  auto gradient = attend::zeros_like(decoder);
  attend::MemoryGradient<double> d_memory(memory);
  auto const backward = [&](Matrix<double> const& tokens, Matrix<double> const& d_output, auto& by_memory) {
    return [&] { (void)decoder.backward(tokens, kept, d_output, memory, by_memory, gradient); };
  };
  Matrix<double> const fewer = x.topRows(9), narrow = kept.output.leftCols(2);
  expect_sentence(backward(fewer, kept.output, d_memory), {"Decoder", "9 rows", "12 in 4 steps", "3 sequences"});
  expect_sentence(backward(x, narrow, d_memory), {"Decoder", "(12, 2)", "(12, 4)"});
  attend::MemoryGradient<double> other(step.attention.remember(numbers(10, e, 1), {4, 1, 5}));
  expect_sentence(backward(x, kept.output, other), {"MemoryGradient", "(10, 5)", "(11, 5)"});
  expect_zeros(gradient);
  EXPECT_TRUE(d_memory.values.isZero(0) && d_memory.keys.isZero(0) && other.values.isZero(0));
}

}  // namespace luong_step_tests
