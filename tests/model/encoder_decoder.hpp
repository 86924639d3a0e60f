#pragma once

#include "golden.hpp"

#include <attend/core/thread_pool.hpp>
#include <attend/layer/initialize.hpp>
#include <attend/mask/lengths.hpp>
#include <attend/testing/compare_gradient.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

/// What every EncoderDecoder must do.

namespace model_golden {

namespace at = attend;

template <class Model>
void expect_golden(std::string const& name, Model const& empty, at::io::NameMap const& map, double bound) {
  SCOPED_TRACE(name);
  using Scalar = typename decltype(empty.words.table)::Scalar;
  Json const file = read(name);
  std::vector<Index> const source = tokens(file.at("source")), target = tokens(file.at("target"));
  at::Lengths const real(file.at("lengths").get<std::vector<Index>>());
  auto const model = loaded(name, empty, map), wanted = loaded(name + "_gradient", empty, map);
  auto const kept = model.forward(source, target, 2, std::tie(real));
  EXPECT_LE(error(kept.logits, matrix<Scalar>(file.at("output"))), bound);
  EXPECT_EQ(model.run(source, target, 2, std::tie(real)), kept.logits);
  auto gradient = at::zeros_like(model);
  model.backward(source, target, kept, matrix<Scalar>(file.at("d_output")), gradient, std::tie(real));
  EXPECT_LE(parameter_error(gradient, wanted), bound);
}

/// Two sources of 40 tokens, of the second of which 25 are real, a step at a time: each word follows from the scores
/// before. It is the best one moved on by i, as models of random numbers like to say the same word again and again.
template <class Model>
void expect_greedy_decoding_to_the_bit(Model model, double spread) {
  at::initialize_uniform(model, spread, 12);
  Index const n = 50, words = model.words.words();
  std::vector<Index> source;
  for (Index i = 0; i < 80; ++i) source.push_back((i * 37 + i * i) % words);
  at::Lengths const real({40, 25});
  auto const memory = model.remember(source, 2, std::tie(real));
  auto caches = model.caches(n, 2);
  std::vector<Index> target(static_cast<std::size_t>(2 * n));  // each begins with word 0
  Matrix<float> logits(2 * n, words);
  for (Index i = 0; i < n; ++i) {
    Index const next[] = {target[static_cast<std::size_t>(i)], target[static_cast<std::size_t>(n + i)]};
    Matrix<float> const step = model.decode(next, caches, memory, std::tie(real));
    for (Index b = 0; b < 2; ++b) {
      logits.row(b * n + i) = step.row(b);
      Index best = 0;
      step.row(b).maxCoeff(&best);
      if (i + 1 < n) target[static_cast<std::size_t>(b * n + i + 1)] = (best + i) % words;
    }
  }
  EXPECT_EQ(model.run(source, target, 2, std::tie(real)), logits);
  at::ThreadPool pool(2);
  EXPECT_EQ(model.run(source, target, 2, std::tie(real), pool), logits);
}

template <class Model>
void expect_gradients(Model model) {
  at::initialize_uniform(model, 0.7, 13);
  std::vector<Index> const source{3, 1, 3, 0, 4, 2}, target{0, 2, 2, 0};
  at::Lengths const real({3, 2});
  Matrix<double> const d_logits = Matrix<double>::Random(4, 5);
  auto gradient = at::zeros_like(model);
  auto const kept = model.forward(source, target, 2, std::tie(real));
  model.backward(source, target, kept, d_logits, gradient, std::tie(real));
  auto const report = at::testing::compare_parameters(
      "model", model, gradient,
      [&](auto const& moved) { return moved.run(source, target, 2, std::tie(real)).cwiseProduct(d_logits).sum(); },
      kept.logits.cwiseProduct(d_logits).cwiseAbs().sum());
  EXPECT_TRUE(report.passed()) << report;
}

}  // namespace model_golden
