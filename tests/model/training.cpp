#include <attend/model/bert.hpp>
#include <attend/model/gpt2.hpp>
#include <attend/model/transformer.hpp>
#include <attend/model/vision_transformer.hpp>

#include <attend/core/thread_pool.hpp>
#include <attend/layer/initialize.hpp>
#include <attend/layer/training.hpp>
#include <attend/testing/compare_gradient.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <tuple>
#include <vector>

/// What is dropped in training: as much as is said, in every sublayer something else, and its derivatives with it.

namespace training_tests {

namespace at = attend;
using at::Index;
using Matrix = at::Matrix<double>;

at::Training const training{.dropout = 0.3, .seed = 5};

/// `forward(model, …)` gives what was kept; `output(kept)` a matrix; `backward(kept, d_output, gradient, …)` adds.
template <class Model, class Forward, class Output, class Backward>
void expect_training(Model model, Forward const& forward, Output const& output, Backward const& backward) {
  at::initialize_uniform(model, 0.7, 3);
  auto const kept = forward(model, training);
  Matrix const found = output(kept), d_output = Matrix::Random(found.rows(), found.cols());
  auto gradient = at::zeros_like(model);
  backward(model, kept, d_output, gradient, training);
  auto const report = at::testing::compare_parameters(
      "model", model, gradient,
      [&](auto const& moved) { return output(forward(moved, training)).cwiseProduct(d_output).sum(); },
      found.cwiseProduct(d_output).cwiseAbs().sum());
  EXPECT_TRUE(report.passed()) << report;

  at::ThreadPool pool(2);
  EXPECT_EQ(output(forward(model, training, pool)), found);
  EXPECT_NE(output(forward(model, at::Training{0.3, 6})), found);
  EXPECT_EQ(output(forward(model, at::Training{0, 5})), output(forward(model)));
  EXPECT_THROW((void)forward(model, at::Training{1, 5}), at::Error);
}

std::vector<Index> const tokens{3, 1, 3, 0, 4, 2};

TEST(Training, OfBert) {
  at::Documents const sequences({4, 2});
  expect_training(
      at::bert<double>(
          {.words = 5, .positions = 4, .features = 4, .layers = 2, .heads = 2, .hidden = 3, .epsilon = 0.1}),
      [&](auto const& model, auto&&... given) { return model.forward(tokens, {}, sequences, given...); },
      [](auto const& kept) { return kept.output(); },
      [&](auto const& model, auto const& kept, Matrix const& d_output, auto& gradient, auto&... given) {
        model.backward(tokens, {}, sequences, kept, d_output, gradient, given...);
      });
}

TEST(Training, OfGpt2) {
  expect_training(
      at::gpt2<double>({.words = 5, .positions = 4, .features = 4, .layers = 2, .heads = 2}),
      [&](auto const& model, auto&&... given) { return model.forward(tokens, 2, given...); },
      [](auto const& kept) { return kept.logits; },
      [&](auto const& model, auto const& kept, Matrix const& d_logits, auto& gradient, auto&... given) {
        model.backward(tokens, kept, d_logits, gradient, given...);
      });
}

TEST(Training, OfAVisionTransformer) {
  Matrix const images = Matrix::Random(2, 16);
  expect_training(
      at::vision_transformer<double>(
          {.height = 4, .width = 4, .patch = 2, .channels = 1, .features = 4, .layers = 2, .heads = 2, .classes = 3}),
      [&](auto const& model, auto&&... given) { return model.forward(images, given...); },
      [](auto const& kept) { return kept.logits; },
      [&](auto const& model, auto const& kept, Matrix const& d_logits, auto& gradient, auto&... given) {
        (void)model.backward(kept, d_logits, gradient, given...);
      });
}

TEST(Training, OfTheTransformer) {
  std::vector<Index> const target{1, 2, 0, 4};
  expect_training(
      at::transformer<double>({.words = 5, .features = 4, .layers = 1, .heads = 2, .hidden = 3}),
      [&](auto const& model, auto&&... given) { return model.forward(tokens, target, 2, std::tuple<>(), given...); },
      [](auto const& kept) { return kept.logits; },
      [&](auto const& model, auto const& kept, Matrix const& d_logits, auto& gradient, auto&... given) {
        model.backward(tokens, target, kept, d_logits, gradient, std::tuple<>(), given...);
      });
}

TEST(Training, EverySublayerDrawsASeedOfItsOwn) {
  std::vector<std::uint64_t> seeds;
  for (Index layer = -1; layer < 50; ++layer)
    for (Index sublayer = 0; sublayer < 3; ++sublayer)
      for (std::uint64_t seed = 0; seed < 50; ++seed)
        seeds.push_back(at::Training{0.1, seed}.part(layer).part(sublayer).seed);
  std::sort(seeds.begin(), seeds.end());
  EXPECT_EQ(std::adjacent_find(seeds.begin(), seeds.end()), seeds.end());
}

/// A share p of what a sublayer makes is 0, and the rest as much larger.
TEST(Training, DropsAsMuchAsItSays) {
  Index const n = 300, d = 16;
  at::EncoderBlock<double> block(at::MultiHead<double>(at::MultiHeadShape{.features = d, .heads = 2}),
                                 at::FeedForward<double>(d, d), at::LayerNorm<double>(d));
  at::initialize_uniform(block, 0.5, 8);
  block.feed_forward = at::FeedForward<double>(d, d);  // gives 0
  Matrix const x = Matrix::Random(n, d), added = block.forward(x).output() - x;
  Matrix const left = block.forward(x, 1, training).output() - x;
  Index zeros = 0;
  for (Index i = 0; i < left.size(); ++i) {
    if (left.data()[i] == 0)
      ++zeros;
    else
      EXPECT_NEAR(left.data()[i] * 0.7, added.data()[i], 1e-6 * std::abs(added.data()[i]) + 1e-12);
  }
  EXPECT_NEAR(double(zeros) / double(left.size()), 0.3, 0.03);
}

}  // namespace training_tests
