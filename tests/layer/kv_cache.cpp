#include <attend/layer/kv_cache.hpp>

#include "../core/allocations.hpp"
#include "core/sentence.hpp"

#include <attend/layer/multi_head.hpp>
#include <attend/layer/rolling_kv_cache.hpp>
#include <attend/mask.hpp>

#include <gtest/gtest.h>

#include <string>
#include <type_traits>
#include <vector>

/// Decoding with a cache gives the bits of one call; and what a cache refuses.

namespace kv_cache_tests {

namespace at = attend;
using at::Index;
using at::Matrix;
using at::MultiHead;
using at::MultiHeadShape;
using sentences::sentence_of;

TEST(KvCache, DecodingInAnyCutsIsOneCallToTheBit) {
  MultiHead<float> layer(MultiHeadShape{.features = 64, .heads = 4, .kv_heads = 2});
  layer.initialize(1);
  Index const n = 300, batch = 2;
  Matrix<float> const x = Matrix<float>::Random(batch * n, 64);
  Matrix<float> const whole = layer.forward(x, batch, at::Causal{}).output;
  for (std::vector<Index> const& cuts : {std::vector<Index>(300, 1), {300}, {1, 255, 1, 43}, {260, 20, 20}}) {
    at::KvCache<float> cache = layer.cache(n, batch);
    Index first = 0;
    for (Index const count : cuts) {
      Matrix<float> part(batch * count, 64);
      for (Index b = 0; b < batch; ++b) part.middleRows(b * count, count) = x.middleRows(b * n + first, count);
      Matrix<float> const out = layer.decode(part, cache, at::Causal{});
      for (Index b = 0; b < batch; ++b)
        ASSERT_EQ(Matrix<float>(out.middleRows(b * count, count)),
                  Matrix<float>(whole.middleRows(b * n + first, count)))
            << cuts.size() << " cuts, from token " << first;
      first += count;
    }
    EXPECT_EQ(cache.length(), n);
  }
}

/// All caches that are told tokens: what they are told them in does not matter.
template <class Cache, class... Rest>
void expect_any_storage_order(Cache cache, Cache same, Rest... rest) {
  Matrix<float> const keys = Matrix<float>::Random(3, 8), values = Matrix<float>::Random(3, 6);
  Eigen::MatrixXf const column_major = keys;
  cache.append(keys, values, rest...);
  same.append(column_major, 2 * values.array() - values.array(), rest...);
  ASSERT_EQ(same.keys().length(), cache.keys().length());
  for (Index h = 0; h < 2; ++h)
    for (Index i = 0; i < cache.keys().length(); ++i) {
      for (Index f = 0; f < 4; ++f) EXPECT_EQ(same.keys()(0, h, i, f), cache.keys()(0, h, i, f));
      for (Index f = 0; f < 3; ++f) EXPECT_EQ(same.values()(0, h, i, f), cache.values()(0, h, i, f));
    }
}

TEST(KvCache, TakesTokensInAnyStorageOrder) {
  expect_any_storage_order(at::KvCache<float>(2, 4, 3, 5), at::KvCache<float>(2, 4, 3, 5));
  expect_any_storage_order(at::RollingKvCache<float>(2, 4, 3, 1, 4), at::RollingKvCache<float>(2, 4, 3, 1, 4),
                           Index{2});
}

TEST(KvCache, TruncatedGoesOnAsIfNothingHadBeen) {
  MultiHead<float> layer(MultiHeadShape{.features = 16, .heads = 2});
  layer.initialize(2);
  Matrix<float> const x = Matrix<float>::Random(9, 16), other = Matrix<float>::Random(4, 16);
  at::KvCache<float> cache = layer.cache(20);
  Matrix<float> const wanted = layer.decode(x, cache, at::Causal{});
  cache.truncate(5);
  (void)layer.decode(other, cache, at::Causal{});
  at::KvCache<float> beam = cache.copy();
  cache.truncate(5);
  EXPECT_EQ(layer.decode(Matrix<float>(x.bottomRows(4)), cache, at::Causal{}), Matrix<float>(wanted.bottomRows(4)));
  EXPECT_EQ(beam.length(), 9) << "a copy has tokens of its own";
}

TEST(KvCache, HalfIsNearFloatInHalfTheMemory) {
  MultiHead<float> layer(MultiHeadShape{.features = 32, .heads = 4});
  layer.initialize(3);
  Matrix<float> const x = Matrix<float>::Random(40, 32), whole = layer.forward(x, 1, at::Causal{}).output;
  auto half = layer.cache<Eigen::half>(40);
  auto bfloat = layer.cache<Eigen::bfloat16>(40);
  // One rounding of a key or value: 2⁻¹¹ and 2⁻⁸ of it.
  EXPECT_LE((layer.decode(x, half, at::Causal{}) - whole).cwiseAbs().maxCoeff(), 0x1p-11 * 4);
  EXPECT_LE((layer.decode(x, bfloat, at::Causal{}) - whole).cwiseAbs().maxCoeff(), 0x1p-8 * 4);
  EXPECT_EQ(half.bytes() * 2, layer.cache(40).bytes());
}

TEST(KvCache, AWarmStepDoesNotTouchTheHeap) {
  MultiHead<float> layer(MultiHeadShape{.features = 64, .heads = 4});
  layer.initialize(4);
  at::KvCache<float> cache = layer.cache(600);
  MultiHead<float>::Step step;
  at::Workspace workspace(1 << 20);
  Matrix<float> out, x = Matrix<float>::Random(1, 64);
  layer.decode_into(x, cache, step, out, at::Causal{}, workspace);
  long const before = allocations();
  for (int token = 0; token < 500; ++token) layer.decode_into(x, cache, step, out, at::Causal{}, workspace);
  EXPECT_EQ(allocations(), before);
  Matrix<float> const cold = layer.decode(x, cache, at::Causal{});
  if (counts_allocations()) {
    EXPECT_GT(allocations(), before) << "the counter counts";
  }
}

TEST(KvCache, ErrorsLeaveItAsItWas) {
  static_assert(!std::is_copy_constructible_v<at::KvCache<float>>, "copied only by name");
  MultiHead<float> layer(MultiHeadShape{.features = 8, .heads = 2});
  layer.initialize(5);
  at::KvCache<float> cache = layer.cache(3);
  Matrix<float> const x = Matrix<float>::Random(2, 8);
  (void)layer.decode(x, cache);
  EXPECT_EQ(sentence_of([&] { (void)layer.decode(x, cache); }),
            "KvCache: 2 more tokens were appended to 2, but there is room for 3 only.");
  EXPECT_EQ(cache.length(), 2);
  EXPECT_EQ(sentence_of([&] { cache.truncate(3); }), "KvCache: truncate to 3 tokens, but there are 2.");
  at::KvCache<float> other(1, 4, 4, 3);
  EXPECT_EQ(sentence_of([&] { (void)layer.decode(x, other); }),
            "MultiHead: the cache holds 1 heads of 4 and 4 numbers, but the layer makes 2 of 4 and 4; make it with "
            "cache<Storage>(…).");
  EXPECT_EQ(sentence_of([] { at::KvCache<float> bad(2, 0, 4, 3); }),
            "KvCache: 1 sequences of 2 heads of 0 and 4 numbers with room for 3 tokens; all must be positive, the room "
            "may be 0.");
}

/// The cache is written before the attention is computed: what either refuses must be known by then.
TEST(KvCache, WhatDecodingRefusesIsNotAppended) {
  using sentences::expect_sentence;
  MultiHead<float> layer(MultiHeadShape{.features = 8, .heads = 2});
  layer.initialize(5);
  at::KvCache<float> cache = layer.cache(6, 2);
  Matrix<float> const x = Matrix<float>::Random(4, 8), before = layer.decode(x, cache);
  MultiHead<float>::Step step;
  Matrix<float> out = Matrix<float>::Constant(4, 8, 12345);
  auto const decode = [&](Matrix<float> const& tokens, auto const& policy) {
    return [&] { layer.decode_into(tokens, cache, step, out, policy); };
  };
  at::Causal const causal;
  expect_sentence(decode(Matrix<float>(x.topRows(3)), causal), {"3 tokens", "2 sequences"});
  expect_sentence(decode(Matrix<float>(x.leftCols(7)), causal), {"(4, 7)", "8 columns"});
  expect_sentence(decode(x, at::Lengths{5}), {"5", "4 keys"});
  expect_sentence(decode(x, at::Alibi{{0.5, 0.25, 0.125}}), {"3 slopes", "2 heads"});
  expect_sentence(decode(x, at::Softmax{.temperature = 0}), {"0"});
  expect_sentence(decode(x, at::Bilinear<float>{Matrix<float>::Ones(4, 3)}), {"(4, 3)"});
  layer.head_mask = at::Vector<float>::Ones(3);
  expect_sentence(decode(x, causal), {"head_mask has 3", "2 heads"});
  EXPECT_EQ(cache.length(), 2);
  EXPECT_TRUE((out.array() == 12345).all());

  expect_sentence([&] { cache.append(Matrix<float>(Matrix<float>::Ones(4, 8)), Matrix<float>(6, 8)); },
                  {"4 keys", "6 values", "2 sequences"});
  expect_sentence([&] { cache.append(Matrix<float>(Matrix<float>::Ones(4, 8)), Matrix<float>(4, 6)); },
                  {"8", "values 6"});
  expect_sentence([&] { cache.truncate(-1); }, {"-1", "2"});
  expect_sentence([] { at::KvCache<float> bad(2, 4, 4, -3); }, {"-3 tokens"});
  EXPECT_EQ(cache.length(), 2);
}

}  // namespace kv_cache_tests
