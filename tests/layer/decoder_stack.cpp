#include <attend/layer/decoder_stack.hpp>

#include <attend/layer/decoder_block.hpp>
#include <attend/layer/initialize.hpp>
#include <attend/mask/lengths.hpp>
#include <attend/testing/compare_gradient.hpp>

#include "core/sentence.hpp"

#include <gtest/gtest.h>

#include <utility>

/// Decoder blocks one after the other are what they are one at a time.

namespace decoder_stack_tests {

namespace at = attend;
using at::Index;
using at::Matrix;
using sentences::expect_sentence;

template <class Scalar>
using Stack = at::DecoderStack<Scalar, at::DecoderBlock<Scalar>, at::LayerNorm<Scalar>>;

template <class Scalar>
Stack<Scalar> two_blocks(bool norm) {
  Stack<Scalar> stack;
  at::MultiHead<Scalar> const self(at::MultiHeadShape{.features = 4, .heads = 2});
  at::MultiHead<Scalar> const cross(at::MultiHeadShape{.features = 4, .heads = 2, .key_features = 3});
  for (int layer = 0; layer < 2; ++layer)
    stack.blocks.emplace_back(self, cross, at::FeedForward<Scalar>(4, 5), at::LayerNorm<Scalar>(4));
  if (norm) stack.norm = at::LayerNorm<Scalar>(4);
  at::initialize_uniform(stack, 0.7, 31);
  return stack;
}

TEST(DecoderStack, IsItsBlocksOneAfterTheOther) {
  for (bool const norm : {false, true}) {
    auto const stack = two_blocks<float>(norm);
    Matrix<float> const x = Matrix<float>::Random(8, 4), tokens = Matrix<float>::Random(6, 3);
    at::Lengths const real({3, 2});
    auto const memory = stack.remember(tokens, 2);
    Matrix<float> by_hand = x;
    for (std::size_t i = 0; i < 2; ++i)
      by_hand = stack.blocks[i].forward(by_hand, stack.blocks[i].remember(tokens, 2), 2, std::tie(real)).output();
    if (norm) by_hand = stack.norm.forward(by_hand);
    EXPECT_EQ(stack.run(x, memory, 2, std::tie(real)), by_hand);
    EXPECT_EQ(stack.forward(x, memory, 2, std::tie(real)).output, by_hand);
    auto caches = stack.caches(4, 2);
    for (Index i = 0; i < 4; ++i) {
      Matrix<float> const next = x(std::vector<Index>{i, 4 + i}, Eigen::all);
      Matrix<float> const wanted = by_hand(std::vector<Index>{i, 4 + i}, Eigen::all);
      EXPECT_EQ(stack.decode(next, caches, memory, std::tie(real)), wanted) << i;
    }
  }
}

TEST(DecoderStack, GradientsByDifferences) {
  auto const stack = two_blocks<double>(true);
  Matrix<double> const x = Matrix<double>::Random(4, 4), tokens = Matrix<double>::Random(6, 3),
                       d_output = Matrix<double>::Random(4, 4);
  at::Lengths const real({3, 2});
  auto const loss = [&](auto const& used, Matrix<double> const& read, Matrix<double> const& looked_at) {
    return used.run(read, used.remember(looked_at, 2), 2, std::tie(real)).cwiseProduct(d_output).sum();
  };
  auto const memory = stack.remember(tokens, 2);
  auto const kept = stack.forward(x, memory, 2, std::tie(real));
  auto gradient = at::zeros_like(stack);
  Stack<double>::Memory d_memory;
  Matrix<double> const d_x = stack.backward(x, memory, kept, d_output, d_memory, gradient, std::tie(real));
  Matrix<double> const d_tokens = stack.remember_backward(tokens, memory, d_memory, gradient, 2);
  double const size = kept.output.cwiseProduct(d_output).cwiseAbs().sum();
  auto report = at::testing::compare_parameters(
      "stack", stack, gradient, [&](auto const& moved) { return loss(moved, x, tokens); }, size);
  report.add(at::testing::compare_gradient("x", x, d_x, [&](auto const& moved) { return loss(stack, moved, tokens); }));
  report.add(at::testing::compare_gradient("tokens", tokens, d_tokens,
                                           [&](auto const& moved) { return loss(stack, x, moved); }));
  EXPECT_TRUE(report.passed()) << report;
}

TEST(DecoderStack, WrongMemoriesAndCaches) {
  auto const stack = two_blocks<float>(true);
  Matrix<float> const x = Matrix<float>::Random(4, 4);
  auto memory = stack.remember(Matrix<float>::Random(6, 3));
  auto caches = stack.caches(4);
  auto gradient = at::zeros_like(stack);
  Stack<float>::Memory d_memory;
  auto const kept = stack.forward(x, memory, 1, std::tuple<>());
  Matrix<float> const d_x = stack.backward(x, memory, kept, x, d_memory, gradient, std::tuple<>());
  gradient.blocks.pop_back();
  expect_sentence([&] { (void)stack.remember_backward(Matrix<float>::Random(6, 3), memory, d_memory, gradient); },
                  {"gradient has 1 blocks", "2"});
  expect_sentence([&] { (void)stack.backward(x, memory, kept, x, d_memory, gradient, std::tuple<>()); },
                  {"gradient has 1", "2"});
  caches[1] = std::move(stack.caches(3)[1]);
  expect_sentence([&] { (void)stack.decode(x, caches, memory, std::tuple<>()); }, {"DecoderStack", "4 more", "3 only"});
  EXPECT_EQ(caches[0].length(), 0);
  caches.pop_back();
  expect_sentence([&] { (void)stack.decode(x, caches, memory, std::tuple<>()); }, {"1 caches", "2 blocks"});
  EXPECT_EQ(caches[0].length(), 0);
  memory.pop_back();
  expect_sentence([&] { (void)stack.run(x, memory, 1, std::tuple<>()); }, {"1 blocks", "2"});
}

}  // namespace decoder_stack_tests
