#include <attend/layer/relative_attention.hpp>

#include "../model/golden.hpp"

#include <attend/core/thread_pool.hpp>
#include <attend/layer/initialize.hpp>
#include <attend/mask/causal.hpp>
#include <attend/testing/compare_gradient.hpp>

#include "core/sentence.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace relative_attention_tests {

namespace at = attend;
using at::Index;
using at::Matrix;
using at::Vector;
using sentences::expect_sentence;

template <class Scalar>
at::RelativeAttention<Scalar> layer_of(Index features, Index heads, std::uint64_t seed) {
  at::RelativeAttention<Scalar> layer(at::MultiHeadShape{.features = features, .heads = heads, .bias = false});
  at::initialize_uniform(layer, 0.7, seed);
  return layer;
}

/// One sequence, number by number from the formula of section 3.3.
Matrix<double> formula(at::RelativeAttention<double> const& layer, Matrix<double> const& x, Matrix<double> const& past,
                       bool causal) {
  Index const n = x.rows(), p = past.rows(), m = n + p, heads = layer.attention.heads, d = layer.attention.key_dim();
  Matrix<double> tokens(m, x.cols());
  tokens << past, x;
  Matrix<double> const q = x * layer.attention.query.weight.transpose(),
                       k = tokens * layer.attention.key.weight.transpose(),
                       v = tokens * layer.attention.value.weight.transpose();
  Matrix<double> context = Matrix<double>::Zero(n, heads * d);
  for (Index h = 0; h < heads; ++h)
    for (Index i = 0; i < n; ++i) {
      Vector<double> const own = q.row(i).segment(h * d, d).transpose(),
                           u = layer.attention.query.bias.segment(h * d, d), w = layer.position_bias.segment(h * d, d);
      double total = 0;
      Vector<double> sum = Vector<double>::Zero(d);
      for (Index j = 0; j < (causal ? p + i + 1 : m); ++j) {
        Matrix<double> const sinusoid = at::sinusoidal_positions<double>(1, x.cols(), 10000, p + i - j);
        Vector<double> const r = (layer.position.weight * sinusoid.transpose()).col(0).segment(h * d, d),
                             key = k.row(j).segment(h * d, d).transpose();
        double const weight = std::exp(((own + u).dot(key) + (own + w).dot(r)) / std::sqrt(static_cast<double>(d)));
        total += weight;
        sum += weight * v.row(j).segment(h * d, d).transpose();
      }
      context.row(i).segment(h * d, d) = (sum / total).transpose();
    }
  return context * layer.attention.output.weight.transpose();
}

TEST(RelativeAttention, IsTheFormula) {
  auto const layer = layer_of<double>(8, 2, 3);
  for (auto const& [n, p] : {std::pair<Index, Index>{1, 0}, {1, 5}, {7, 0}, {7, 4}, {40, 70}})
    for (bool const causal : {true, false}) {
      Matrix<double> const x = Matrix<double>::Random(n, 8), past = Matrix<double>::Random(p, 8);
      Matrix<double> const found =
          causal ? layer.forward(x, past, 1, at::Causal{}).output : layer.forward(x, past).output;
      EXPECT_LE((found - formula(layer, x, past, causal)).cwiseAbs().maxCoeff(), 1e-14) << n << " " << p << causal;
    }
}

TEST(RelativeAttention, IsThatOfXlnet) {
  model_golden::Json const file = model_golden::read("relative_attention");
  model_golden::for_both_scalars([&]<class Scalar>(double bound) {
    at::RelativeAttention<Scalar> const empty(at::MultiHeadShape{.features = 12, .heads = 3, .bias = false});
    auto const layer = model_golden::loaded("relative_attention", empty, {}),
               wanted = model_golden::loaded("relative_attention_gradient", empty, {});
    auto const x = model_golden::matrix<Scalar>(file.at("x")), past = model_golden::matrix<Scalar>(file.at("past"));
    auto const kept = layer.forward(x, past, 2, at::Causal{});
    EXPECT_LE(model_golden::error(kept.output, model_golden::matrix<Scalar>(file.at("output"))), bound);
    auto gradient = at::zeros_like(layer);
    auto const d_x = layer.backward(x, kept, model_golden::matrix<Scalar>(file.at("d_output")), gradient, at::Causal{});
    EXPECT_LE(model_golden::error(d_x, model_golden::matrix<Scalar>(file.at("d_x"))), bound);
    EXPECT_LE(model_golden::parameter_error(gradient, wanted), bound);
  });
}

TEST(RelativeAttention, SequencesOfABatchDoNotMeetAndThreadsChangeNoBit) {
  auto const layer = layer_of<float>(8, 2, 4);
  Matrix<float> const x = Matrix<float>::Random(3 * 9, 8), past = Matrix<float>::Random(3 * 5, 8);
  Matrix<float> const all = layer.forward(x, past, 3, at::Causal{}).output;
  at::ThreadPool pool(2);
  EXPECT_EQ(layer.forward(x, past, 3, at::Causal{}, pool).output, all);
  for (Index b = 0; b < 3; ++b)
    EXPECT_EQ(layer.forward(x.middleRows(b * 9, 9), past.middleRows(b * 5, 5), 1, at::Causal{}).output,
              all.middleRows(b * 9, 9));
}

TEST(RelativeAttention, SegmentsWithTheirPastAreTheWholeToTheBit) {
  auto const layer = layer_of<float>(8, 2, 5);
  Index const n = 90;
  Matrix<float> const x = Matrix<float>::Random(n, 8);
  Matrix<float> const whole = layer.forward(x, Matrix<float>(), 1, at::Causal{}).output;
  Matrix<float> past(0, 8);
  for (Index begin = 0; begin < n; begin += 13) {
    Index const length = std::min<Index>(13, n - begin);
    Matrix<float> const segment = x.middleRows(begin, length);
    EXPECT_EQ(layer.forward(segment, past, 1, at::Causal{}).output, whole.middleRows(begin, length)) << begin;
    past = layer.recent(past, segment, n);
  }
  EXPECT_EQ(past, x);
  EXPECT_EQ(layer.recent(past, x, 4), x.bottomRows(4));
}

TEST(RelativeAttention, GradientsByDifferencesStopAtThePast) {
  auto const layer = layer_of<double>(4, 2, 6);
  for (Index const p : {0, 3}) {
    Matrix<double> const x = Matrix<double>::Random(2 * 3, 4), past = Matrix<double>::Random(2 * p, 4),
                         d_output = Matrix<double>::Random(2 * 3, 4);
    auto const loss = [&](auto const& used, Matrix<double> const& tokens) {
      return used.forward(tokens, past, 2, at::Causal{}).output.cwiseProduct(d_output).sum();
    };
    auto gradient = at::zeros_like(layer);
    auto const kept = layer.forward(x, past, 2, at::Causal{});
    Matrix<double> const d_x = layer.backward(x, kept, d_output, gradient, at::Causal{});
    auto report =
        at::testing::compare_parameters("layer", layer, gradient, [&](auto const& moved) { return loss(moved, x); });
    report.add(at::testing::compare_gradient("x", x, d_x, [&](auto const& moved) { return loss(layer, moved); }));
    EXPECT_TRUE(report.passed()) << report;
  }
}

TEST(RelativeAttention, WrongSizes) {
  auto const layer = layer_of<float>(8, 2, 7);
  Matrix<float> const x = Matrix<float>::Random(4, 8);
  Matrix<float> const none(0, 8);
  expect_sentence([&] { (void)layer.forward(x, Matrix<float>::Zero(3, 8), 2); }, {"4 tokens", "3 past", "2 sequences"});
  expect_sentence([&] { (void)layer.forward(x, Matrix<float>::Zero(2, 7), 2); }, {"8 columns", "past has 7"});
  expect_sentence([&] { (void)layer.forward(Matrix<float>::Zero(4, 7), none, 2); }, {"(4, 7)", "(8, 8)"});
  expect_sentence([&] { (void)layer.forward(x, none, 0); }, {"4 tokens", "0 sequences"});
  expect_sentence([&] { (void)layer.recent(x, x, -1); }, {"-1 tokens"});
  expect_sentence(
      [] { (void)at::RelativeAttention<float>(at::MultiHeadShape{.features = 8, .heads = 2, .key_features = 4}); },
      {"8", "4"});
  auto const kept = layer.forward(x, none, 2);
  auto gradient = at::zeros_like(layer);
  expect_sentence([&] { (void)layer.backward(x.topRows(2), kept, x, gradient); }, {"2 rows", "4 queries"});
  expect_sentence([&] { (void)layer.backward(x, kept, x.topRows(2), gradient); }, {"d_output 2", "4 queries"});
  expect_sentence([&] { (void)layer.backward(x, kept, x.leftCols(7), gradient); }, {"d_y is (4, 7)", "(4, 8)"});
  at::each_parameter(gradient, [](std::string_view name, auto numbers) {
    for (float const number : numbers) EXPECT_EQ(number, 0) << name;
  });
}

}  // namespace relative_attention_tests
