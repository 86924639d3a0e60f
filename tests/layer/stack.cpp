#include <attend/layer/stack.hpp>

#include <attend/core/thread_pool.hpp>
#include <attend/layer/encoder_block.hpp>
#include <attend/layer/initialize.hpp>
#include <attend/mask/causal.hpp>
#include <attend/testing/compare_gradient.hpp>

#include "../core/allocations.hpp"

#include "core/sentence.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string_view>
#include <utility>

namespace stack_tests {

namespace at = attend;
using at::Index;
using at::Matrix;
using sentences::sentence_of;

template <class Scalar>
using Blocks = at::Stack<Scalar, at::EncoderBlock<Scalar>, at::LayerNorm<Scalar>>;

/// Grouped queries, norms of queries and keys, positions that turn.
template <class Scalar>
Blocks<Scalar> stack(Index features, Index layers) {
  at::MultiHead<Scalar> attention(at::MultiHeadShape{.features = features, .heads = 2, .kv_heads = 1});
  Index const dim = attention.key_dim();
  attention.query_norm = attention.key_norm = at::RmsNorm<Scalar>(dim);
  attention.rotary = std::make_shared<at::RotaryTable<Scalar> const>(at::Rotary(dim), 200);
  Blocks<Scalar> made;
  for (Index layer = 0; layer < layers; ++layer)
    made.blocks.emplace_back(attention, at::FeedForward<Scalar>(features, 2 * features),
                             at::LayerNorm<Scalar>(features));
  made.norm = at::LayerNorm<Scalar>(features);
  at::initialize_uniform(made, 0.6, 4);
  return made;
}

TEST(Stack, GradientsAreThoseOfDifferences) {
  auto const blocks = stack<double>(8, 2);
  Matrix<double> const x = Matrix<double>::Random(6, 8), d_output = Matrix<double>::Random(6, 8);
  auto const loss = [&](auto const& used, Matrix<double> const& tokens) {
    return used.run(tokens, 2, at::Causal{}).cwiseProduct(d_output).sum();
  };
  auto gradient = at::zeros_like(blocks);
  auto const kept = blocks.forward(x, 2, at::Causal{});
  EXPECT_EQ(kept.output, blocks.run(x, 2, at::Causal{}));
  Matrix<double> const d_x = blocks.backward(x, kept, d_output, gradient, at::Causal{});
  auto report =
      at::testing::compare_parameters("stack", blocks, gradient, [&](auto const& moved) { return loss(moved, x); });
  report.add(at::testing::compare_gradient("x", x, d_x, [&](auto const& moved) { return loss(blocks, moved); }));
  EXPECT_TRUE(report.passed()) << report;
}

TEST(Stack, HasTheSameBitsForAnyThreadsAndAnyCuts) {
  Index const n = 150;
  auto const blocks = stack<float>(16, 2);
  Matrix<float> const x = Matrix<float>::Random(n, 16), d_output = Matrix<float>::Random(n, 16);
  auto const kept = blocks.forward(x, 1, at::Causal{});
  auto gradient = at::zeros_like(blocks);
  Matrix<float> const d_x = blocks.backward(x, kept, d_output, gradient, at::Causal{});
  for (int const threads : {2, 3}) {
    at::ThreadPool pool(threads);
    EXPECT_EQ(blocks.run(x, 1, at::Causal{}, pool), kept.output) << threads;
    auto shared = at::zeros_like(blocks);
    EXPECT_EQ(blocks.backward(x, blocks.forward(x, 1, at::Causal{}, pool), d_output, shared, at::Causal{}, pool), d_x);
    EXPECT_EQ(shared.blocks[0].attention.query.weight, gradient.blocks[0].attention.query.weight);
    EXPECT_EQ(shared.norm.weight, gradient.norm.weight);
  }
  auto caches = blocks.caches(n);
  for (Index begin = 0, cut = 1; begin < n; begin += cut, cut = std::min(2 * cut + 1, n - begin)) {
    Matrix<float> const part = x.middleRows(begin, cut);
    ASSERT_EQ(blocks.decode(part, caches, at::Causal{}), Matrix<float>(kept.output.middleRows(begin, cut))) << begin;
  }
}

TEST(Stack, AWarmForwardWritesOverWhatWasKeptAndDoesNotTouchTheHeap) {
  auto const blocks = stack<float>(16, 2);
  Matrix<float> const first = Matrix<float>::Random(60, 16), second = Matrix<float>::Random(60, 16);
  Matrix<float> const d_output = Matrix<float>::Random(60, 16);
  at::Workspace workspace;
  auto kept = blocks.forward(first, 2, at::Causal{}, workspace);
  long const before = allocations();
  blocks.forward_into(second, kept, 2, at::Causal{}, workspace);
  EXPECT_EQ(allocations(), before);
  auto const fresh = blocks.forward(second, 2, at::Causal{});
  EXPECT_EQ(kept.output, fresh.output);
  auto gradient = at::zeros_like(blocks), wanted = gradient;
  EXPECT_EQ(blocks.backward(second, kept, d_output, gradient, at::Causal{}),
            blocks.backward(second, fresh, d_output, wanted, at::Causal{}));
  at::each_parameter(wanted, [](std::string_view, auto numbers) {
    for (auto& number : numbers) number = -number;
  });
  at::add_parameters(gradient, wanted);
  at::each_parameter(gradient, [](std::string_view name, auto numbers) {
    for (auto const number : numbers) EXPECT_EQ(number, 0) << name;
  });
  // Other sizes are found room for.
  blocks.forward_into(Matrix<float>(first.topRows(7)), kept, 1, at::Causal{}, workspace);
  EXPECT_EQ(kept.output, blocks.run(first.topRows(7), 1, at::Causal{}));
}

TEST(Stack, ErrorsSayWhatIsWanted) {
  auto const blocks = stack<float>(8, 2);
  auto few = blocks.caches(10);
  few.pop_back();
  EXPECT_EQ(sentence_of([&] { (void)blocks.decode(Matrix<float>::Zero(1, 8), few); }),
            "Stack: there are 1 caches for 2 blocks; make them with caches(…).");
  EXPECT_EQ(few[0].length(), 0);
  auto uneven = blocks.caches(10);
  uneven[1] = std::move(blocks.caches(3)[1]);
  EXPECT_EQ(sentence_of([&] { (void)blocks.decode(Matrix<float>::Zero(4, 8), uneven); }),
            "Stack: 4 more tokens were handed to a cache of 0, which has room for 3 only.");
  EXPECT_EQ(uneven[0].length(), 0);
  (void)blocks.blocks[0].decode(Matrix<float>::Zero(2, 8), uneven[0]);
  EXPECT_EQ(sentence_of([&] { (void)blocks.decode(Matrix<float>::Zero(1, 8), uneven); }),
            "Stack: one cache has seen 2 tokens of 1 sequences, another 0 of 1; all must have seen the same.");
  EXPECT_EQ(uneven[0].length(), 2);
  EXPECT_EQ(sentence_of([&] { (void)blocks.run(Matrix<float>::Zero(201, 8)); }),
            "Rotary: the turns are (200, 2) but x has 201 rows; the turns must be (201, 2).");
}

}  // namespace stack_tests
