#include <attend/layer/initialize.hpp>
#include <attend/layer/int8_kv_cache.hpp>
#include <attend/layer/multi_head.hpp>
#include <attend/layer/paged_kv_cache.hpp>
#include <attend/mask/causal.hpp>

#include "core/sentence.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

namespace other_caches_tests {

namespace at = attend;
using at::Index;
using at::Matrix;
using sentences::sentence_of;

at::MultiHead<float> layer() {
  at::MultiHead<float> made(at::MultiHeadShape{.features = 24, .heads = 4, .kv_heads = 2, .value_dim = 5});
  at::initialize_uniform(made, 0.5, 2);
  return made;
}

TEST(PagedKvCache, HasTheBitsOfAKvCache) {
  auto const head = layer();
  Matrix<float> const x = Matrix<float>::Random(2 * 60, 24);
  for (Index const page : {1, 7, 64}) {
    at::PagedKvCache<float> paged(2, 6, 5, page, 2);
    auto plain = head.cache(60, 2);
    for (Index begin = 0, cut = 1; begin < 60; begin += cut, cut = std::min(cut + 3, 60 - begin)) {
      Matrix<float> part(2 * cut, 24);
      for (Index b = 0; b < 2; ++b) part.middleRows(b * cut, cut) = x.middleRows(b * 60 + begin, cut);
      ASSERT_EQ(head.decode(part, paged, at::Causal{}), head.decode(part, plain, at::Causal{}))
          << page << ", " << begin;
    }
  }
}

TEST(PagedKvCache, CopiesShareWhatTheyHaveInCommon) {
  auto const head = layer();
  at::PagedKvCache<float> first(2, 6, 5, 8);
  Matrix<float> const text = Matrix<float>::Random(20, 24), one = Matrix<float>::Random(1, 24), other = -one;
  (void)head.decode(text, first, at::Causal{});
  std::size_t const alone = first.bytes();
  at::PagedKvCache<float> second = first.copy();
  EXPECT_EQ(first.bytes() + second.bytes(), alone);
  Matrix<float> const of_second = head.decode(one, second, at::Causal{});
  // The last page is written to, and so copied; the two full ones stay shared.
  EXPECT_EQ(first.bytes() + second.bytes(), alone * 4 / 3);
  Matrix<float> const of_first = head.decode(other, first, at::Causal{});
  first.truncate(20);
  EXPECT_EQ(head.decode(one, first, at::Causal{}), of_second);
  EXPECT_NE(of_first, of_second);
  first.truncate(3);
  EXPECT_EQ(first.bytes(), alone / 3 / 2);
  EXPECT_EQ(second.length(), 21);
}

TEST(Int8KvCache, IsNearFloatInAQuarterOfTheMemory) {
  Index const n = 50;
  auto const head = layer();
  Matrix<float> const x = Matrix<float>::Random(n, 24);
  at::Int8KvCache<float> bytes(2, 6, 5, n);
  auto plain = head.cache(n);
  double worst = 0, largest = 0;
  for (Index i = 0; i < n; ++i) {
    Matrix<float> const token = x.row(i);
    Matrix<float> const wanted = head.decode(token, plain, at::Causal{});
    worst = std::max<double>(worst, (head.decode(token, bytes, at::Causal{}) - wanted).cwiseAbs().maxCoeff());
    largest = std::max<double>(largest, wanted.cwiseAbs().maxCoeff());
  }
  EXPECT_LE(worst, 0.01 * largest);
  EXPECT_GT(worst, 0);
  EXPECT_EQ(bytes.bytes(), static_cast<std::size_t>(n * 2 * (6 + 5 + 8)));

  // Cut into calls or not, and after a step back, the bits are the same.
  at::Int8KvCache<float> whole(2, 6, 5, n), cut(2, 6, 5, n);
  Matrix<float> const at_once = head.decode(x, whole, at::Causal{});
  (void)head.decode(Matrix<float>(x.topRows(31)), cut, at::Causal{});
  cut.truncate(20);
  EXPECT_EQ(head.decode(Matrix<float>(x.bottomRows(30)), cut, at::Causal{}), at_once.bottomRows(30));
}

TEST(Int8KvCache, RoundsEachHeadByItself) {
  at::Int8KvCache<float> cache(2, 3, 1, 4);
  Matrix<float> keys(2, 6), values(2, 2);
  keys << 1, -0.5, 0.25, 100, 50, -100, 0, 0, 0, std::nanf(""), 1, 2;
  values << 1, 2, 3, 4;
  cache.append(keys, values);
  auto const found = [&](Index b, Index h, Index i, Index f) {
    return cache.scales().key(b, h, i, 0) * static_cast<float>(cache.keys()(b, h, i, f));
  };
  for (Index f = 0; f < 3; ++f) {
    EXPECT_NEAR(found(0, 0, 0, f), keys(0, f), 0.5 / 127 + 1e-6);
    EXPECT_NEAR(found(0, 1, 0, f), keys(0, 3 + f), 50.0 / 127 + 1e-4);
    EXPECT_EQ(found(0, 0, 1, f), 0);
    EXPECT_TRUE(std::isnan(found(0, 1, 1, f)));
  }
}

TEST(OtherCaches, ErrorsLeaveThemAsTheyWere) {
  at::Int8KvCache<float> bytes(2, 6, 5, 3);
  Matrix<float> const keys = Matrix<float>::Ones(4, 12), values = Matrix<float>::Ones(4, 10);
  EXPECT_EQ(sentence_of([&] { bytes.append(keys, values); }),
            "Int8KvCache: 4 more tokens were appended to 0, but there is room for 3 only.");
  EXPECT_EQ(bytes.length(), 0);
  EXPECT_EQ(sentence_of([&] { bytes.append(values, keys); }),
            "Int8KvCache: keys have 10 numbers and values 12; they must have 12 and 10.");
  EXPECT_EQ(sentence_of([&] { bytes.truncate(1); }), "Int8KvCache: truncate to 1 tokens, but there are 0.");
  at::PagedKvCache<float> paged(2, 6, 5);
  EXPECT_EQ(sentence_of([&] { paged.append(values, keys); }),
            "PagedKvCache: keys have 10 numbers and values 12; they must have 12 and 10.");
  EXPECT_EQ(sentence_of([&] { paged.truncate(-1); }), "PagedKvCache: truncate to -1 tokens, but there are 0.");
  EXPECT_EQ(sentence_of([] { at::PagedKvCache<float>(2, 6, 5, 0); }),
            "PagedKvCache: 1 sequences of 2 heads of 6 and 5 numbers in pages of 0 tokens; all must be positive.");
}

}  // namespace other_caches_tests
