#include <attend/layer/local_decoder_attention.hpp>

#include <attend/layer/gru.hpp>
#include <attend/layer/luong_step.hpp>
#include <attend/score/dot.hpp>

#include "decoders.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace local_decoder_attention_tests {

using namespace central;
using attend::ConcatContext;
using attend::DecoderAttention;
using attend::Dot;
using attend::Gru;
using attend::Linear;
using attend::LocalAttention;
using attend::LuongStep;

using Local = LocalAttention<double, Dot>;
using LocalStep = LuongStep<Gru<double>, ConcatContext<double>, Local>;

[[nodiscard]] LocalStep local_step() {
  Local const local{Dot{}, {Matrix<double>::Zero(4, hidden), Vector<double>::Zero(4)}, 2.3};
  LocalStep step{Gru<double>(in + out, hidden),
                 DecoderAttention<double, Local>(Linear<double>(e, hidden, false), local),
                 ConcatContext<double>(e, hidden, out)};
  attend::initialize_uniform(step, 1, 1);
  return step;
}

TEST(LocalDecoderAttention, LooksAroundAPlaceInEachMemory) {
  auto const attention = local_step().attention;
  Matrix<double> const values = numbers(11, e, 3), queries = numbers(batch, hidden, 4);
  auto const memory = attention.remember(values, lengths);
  Matrix<double> const weights = attention.weights(queries, memory), found = attention.read(queries, memory).output;
  Index first = 0;
  for (Index b = 0; b < batch; ++b) {
    // One sequence by itself, from the equations.
    Index const m = lengths[static_cast<std::size_t>(b)];
    Matrix<double> const h = values.middleRows(first, m), q = queries.row(b);
    auto const& predictor = attention.local.predictor;
    double const a = predictor.v.dot(Vector<double>((predictor.w * q.transpose()).array().tanh()));
    double const place = static_cast<double>(m) / (1 + std::exp(-a)), sigma = attention.local.radius / 2;
    Matrix<double> const scores = q * attention.key.weight * h.transpose();
    Matrix<double> wanted = Matrix<double>::Zero(1, 11);
    double sum = 0;
    for (Index j = 0; j < m; ++j) {
      double const distance = static_cast<double>(j) - place;
      if (std::abs(distance) > attention.local.radius) continue;
      sum += std::exp(scores(0, j));
      wanted(0, first + j) = std::exp(scores(0, j) - distance * distance / (2 * sigma * sigma));
    }
    wanted /= sum;
    EXPECT_LE((weights.row(b) - wanted).cwiseAbs().maxCoeff(), 1e-14) << "sequence " << b;
    EXPECT_LE((found.row(b) - wanted * values).cwiseAbs().maxCoeff(), 1e-14) << "sequence " << b;
    first += m;
  }
}

TEST(LocalDecoderAttention, GradientsAreCentralDifferences) { expect_decoder_gradients(local_step(), out); }

TEST(LocalDecoderAttention, AnEmptyMemoryReadsZeros) {
  auto attention = local_step().attention;
  auto const memory = attention.remember(numbers(4, e, 3), {0, 4, 0});
  Matrix<double> const queries = numbers(3, hidden, 4);
  auto const read = attention.read(queries, memory);
  EXPECT_EQ(read.output.row(0), Matrix<double>::Zero(1, e).row(0));
  EXPECT_NE(read.output.row(1), Matrix<double>::Zero(1, e).row(0));
  auto gradient = attend::zeros_like(attention);
  attend::MemoryGradient<double> d_memory(memory);
  auto const d_query = attention.read_backward(queries, memory, read, numbers(3, e, 5), d_memory, gradient);
  EXPECT_EQ(d_query.row(0), Matrix<double>::Zero(1, hidden).row(0));
  EXPECT_EQ(d_query.row(2), Matrix<double>::Zero(1, hidden).row(0));
  EXPECT_TRUE(d_query.allFinite());
}

}  // namespace local_decoder_attention_tests
