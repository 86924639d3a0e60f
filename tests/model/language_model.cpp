#include <attend/model/gpt2.hpp>
#include <attend/model/llama.hpp>

#include "golden.hpp"

#include <attend/core/thread_pool.hpp>
#include <attend/io/hugging_face.hpp>
#include <attend/layer/initialize.hpp>
#include <attend/testing/compare_gradient.hpp>

#include <gtest/gtest.h>

namespace language_model_tests {

namespace at = attend;
using at::Index;
using at::Matrix;

at::Gpt2Shape const gpt2_shape{.words = 23, .positions = 9, .features = 12, .layers = 2, .heads = 3, .hidden = 20};
at::LlamaShape const llama_shape{
    .words = 23, .positions = 16, .features = 16, .layers = 2, .heads = 4, .kv_heads = 2, .hidden = 20};
at::LlamaShape const qwen3_shape{.words = 23,
                                 .positions = 16,
                                 .features = 12,
                                 .layers = 2,
                                 .heads = 4,
                                 .kv_heads = 2,
                                 .head_dim = 6,
                                 .hidden = 20,
                                 .epsilon = 1e-6,
                                 .tied = true,
                                 .qk_norm = true};

/// Two sequences, forward and backward, against what transformers gave.
template <class Model>
void expect_golden(std::string const& name, Model const& empty, at::io::NameMap const& map, double bound) {
  SCOPED_TRACE(name);
  using Scalar = typename decltype(empty.words.table)::Scalar;
  model_golden::Json const file = model_golden::read(name);
  std::vector<Index> const tokens = model_golden::tokens(file.at("tokens"));
  auto const model = model_golden::loaded(name, empty, map),
             wanted = model_golden::loaded(name + "_gradient", empty, map);
  auto const kept = model.forward(tokens, 2);
  EXPECT_LE(model_golden::error(kept.logits, model_golden::matrix<Scalar>(file.at("output"))), bound);
  EXPECT_EQ(model.run(tokens, 2), kept.logits);
  auto gradient = at::zeros_like(model);
  model.backward(tokens, kept, model_golden::matrix<Scalar>(file.at("d_output")), gradient);
  EXPECT_LE(model_golden::parameter_error(gradient, wanted), bound);
}

/// Token by token, and in two uneven pieces.
template <class Model>
void expect_decoding_to_the_bit(Model model, Index words) {
  at::initialize_uniform(model, 0.3, 12);
  Index const n = 70;
  std::vector<Index> tokens;
  for (Index i = 0; i < 2 * n; ++i) tokens.push_back((i * 37 + i * i) % words);
  auto const whole = model.run(tokens, 2);
  at::ThreadPool pool(2);
  ASSERT_EQ(model.run(tokens, 2, pool), whole);
  auto caches = model.caches(n, 2);
  for (Index i = 0; i < n; ++i) {
    Index const next[] = {tokens[static_cast<std::size_t>(i)], tokens[static_cast<std::size_t>(n + i)]};
    auto const logits = model.decode(next, caches);
    ASSERT_EQ(logits.row(0), whole.row(i)) << i;
    ASSERT_EQ(logits.row(1), whole.row(n + i)) << i;
  }
  EXPECT_THROW((void)model.decode(std::vector<Index>{1, 2}, caches), at::Error);  // the caches are full
  auto pieces = model.caches(n);
  std::span<Index const> const first(tokens.data(), 43), second(tokens.data() + 43, 27);
  ASSERT_EQ(model.decode(first, pieces), whole.topRows(43));
  ASSERT_EQ(model.decode(second, pieces), whole.middleRows(43, 27));
}

template <class Model>
void expect_gradients(Model model) {
  at::initialize_uniform(model, 0.7, 13);
  std::vector<Index> const tokens{3, 1, 3, 0, 4, 2};
  Matrix<double> const d_logits = Matrix<double>::Random(6, 5);
  auto gradient = at::zeros_like(model);
  model.backward(tokens, model.forward(tokens, 2), d_logits, gradient);
  auto const report = at::testing::compare_parameters(
      "model", model, gradient, [&](auto const& moved) { return moved.run(tokens, 2).cwiseProduct(d_logits).sum(); });
  EXPECT_TRUE(report.passed()) << report;
}

TEST(LanguageModel, AreThoseOfHuggingFace) {
  model_golden::for_both_scalars([&]<class Scalar>(double bound) {
    expect_golden("gpt2", at::gpt2<Scalar>(gpt2_shape), at::io::hugging_face_gpt2(2, "transformer."), bound);
    expect_golden("llama", at::llama<Scalar>(llama_shape), at::io::hugging_face_llama(2), bound);
    expect_golden("qwen3", at::llama<Scalar>(qwen3_shape), at::io::hugging_face_llama(2, true, true), bound);
  });
}

TEST(LanguageModel, DecodingTokenByTokenIsOneRunToTheBit) {
  expect_decoding_to_the_bit(
      at::gpt2<float>({.words = 50, .positions = 70, .features = 32, .layers = 2, .heads = 4, .hidden = 48}), 50);
  at::LlamaShape shape{
      .words = 50, .positions = 70, .features = 32, .layers = 2, .heads = 4, .kv_heads = 2, .hidden = 48};
  expect_decoding_to_the_bit(at::llama<float>(shape), 50);
  shape.tied = shape.qk_norm = true;
  expect_decoding_to_the_bit(at::llama<float>(shape), 50);
}

TEST(LanguageModel, GradientsByDifferences) {
  expect_gradients(at::gpt2<double>({.words = 5, .positions = 3, .features = 4, .layers = 2, .heads = 2, .hidden = 3}));
  at::LlamaShape shape{.words = 5, .positions = 3, .features = 4, .layers = 2, .heads = 2, .kv_heads = 1, .hidden = 3};
  expect_gradients(at::llama<double>(shape));
  shape.tied = shape.qk_norm = true;
  expect_gradients(at::llama<double>(shape));
}

}  // namespace language_model_tests
