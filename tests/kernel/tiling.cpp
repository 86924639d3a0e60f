#include "front_door.hpp"

#include <attend/kernel/tiling.hpp>
#include <attend/mask.hpp>
#include <attend/simd/cache.hpp>

/// The shapes of the fused computation: what they are for each instruction set and cache, that micro-kernels fit the
/// registers, and that the queries of a block decide no bit.

namespace tiling_tests {

using namespace front_door;
using at::kernel::Tiling;

constexpr Index kibibyte = 1024;

template <class Set, class Number, int registers>
void expect_to_fit() {
  using T = Tiling<Set, Number>;
  static_assert(T::score_rows * 2 + 2 + 1 <= registers, "sums, keys and one query");
  static_assert(T::value_rows * T::value_vectors + T::value_vectors + 1 <= registers, "sums, values and one weight");
  static_assert(T::rows % T::score_rows == 0 && T::rows % T::value_rows == 0, "no rest in a whole strip");
  static_assert(T::tile % T::panel == 0 && T::tile / T::panel <= 64, "KeyRange has a bit for each panel");

  for (Index const cache : {128, 256, 512, 1024, 2048, 16384})
    for (Index const d : {0, 1, 32, 64, 128, 256, 512, 4096})
      for (Index const queries : {0, 1, 100, 4096, 16384, 1 << 20}) {
        Index const block = T::block(cache * kibibyte, d, d, queries);
        EXPECT_EQ(block % T::rows, 0);
        EXPECT_GE(block, T::fewest_block_rows);
        EXPECT_LE(block, T::most_block_rows);
        EXPECT_LE(block, T::block(2 * cache * kibibyte, d, d, queries)) << "a larger cache made it smaller";
        EXPECT_LE(block, T::block(cache * kibibyte, d, d, 2 * queries)) << "more queries made it smaller";
        Index const bytes = (T::tile + block) * (T::steps(d) + d) * static_cast<Index>(sizeof(Number));
        if (block > T::fewest_block_rows) {
          EXPECT_LE(bytes, cache * kibibyte) << block << " queries of " << d;
          EXPECT_LE(block * 64, queries);
        }
      }
}

TEST(Tiling, FitsRegistersAndCache) {
  expect_to_fit<at::BaselineSet, float, 16>();
  expect_to_fit<at::BaselineSet, double, 16>();
  expect_to_fit<at::V3Set, float, 16>();
  expect_to_fit<at::V3Set, double, 16>();
  expect_to_fit<at::V4Set, float, 32>();
  expect_to_fit<at::V4Set, double, 32>();
  expect_to_fit<at::V4Bfloat16Set, float, 32>();
  EXPECT_GE(at::second_cache_bytes(), 64 * kibibyte);
}

TEST(Tiling, TakesTheBlockThatTheCacheHasRoomFor) {
  using T = Tiling<at::V4Set, float>;
  constexpr Index many = 1 << 20;
  EXPECT_EQ(T::block(256 * kibibyte, 64, 64, many), 192);
  EXPECT_EQ(T::block(256 * kibibyte, 128, 128, many), 48);
  EXPECT_EQ(T::block(1024 * kibibyte, 256, 256, many), 192);
  EXPECT_EQ(T::block(768 * kibibyte, 256, 256, many), 120);
  EXPECT_EQ(T::block(1024 * kibibyte, 512, 512, many), 48);
  EXPECT_EQ(T::block(1024 * kibibyte, 64, 64, 8 * 1024), 120) << "64 tasks of 128 queries, in whole strips";
  EXPECT_EQ((Tiling<at::V4Bfloat16Set, float>::block(256 * kibibyte, 128, 64, many)), 192) << "two features a word";
}

/// Many heads make blocks large; a head alone has small ones.
TEST(Tiling, BlocksDecideNoBit) {
  constexpr Index heads = 80, n = 230, d = 8;
  auto const q = numbers(heads * n, d, 1), k = numbers(heads * n, d, 2), v = numbers(heads * n, d, 3);
  RowMajor<float> all(heads * n, d), alone(n, d);
  auto const of = [](RowMajor<float> const& x) { return at::heads(x.data(), {1, heads, n, d}); };
  at::attention_into(at::heads(all.data(), {1, heads, n, d}), of(q), of(k), of(v), at::Causal{});
  using T = Tiling<at::V4Set, float>;
  ASSERT_GT(T::block(at::second_cache_bytes(), d, d, heads * n), T::block(at::second_cache_bytes(), d, d, n));
  for (Index const head : {Index{0}, Index{41}, heads - 1}) {
    at::attention_into(alone, q.middleRows(head * n, n), k.middleRows(head * n, n), v.middleRows(head * n, n),
                       at::Causal{});
    EXPECT_TRUE(same_bits(alone, all.middleRows(head * n, n))) << "head " << head;
  }
}

}  // namespace tiling_tests
