#include <attend/layer/rolling_kv_cache.hpp>

#include <attend/layer/initialize.hpp>
#include <attend/layer/multi_head.hpp>
#include <attend/mask/causal.hpp>
#include <attend/mask/keep.hpp>

#include "core/sentence.hpp"

#include <gtest/gtest.h>

namespace rolling_kv_cache_tests {

namespace at = attend;
using at::Index;
using at::Matrix;
using sentences::sentence_of;

at::MultiHead<float> layer(bool turns) {
  at::MultiHead<float> made(at::MultiHeadShape{.features = 16, .heads = 4, .kv_heads = 2});
  at::initialize_uniform(made, 0.5, 2);
  if (turns) made.rotary = std::make_shared<at::RotaryTable<float> const>(at::Rotary(4), 300);
  return made;
}

TEST(RollingKvCache, SeesTheSinksAndTheWindow) {
  Index const n = 100, batch = 2;
  for (bool const turns : {false, true})
    for (Index const sinks : {0, 1, 4})
      for (Index const window : {1, 7, 30, 200}) {
        auto const head = layer(turns);
        Matrix<float> const x = Matrix<float>::Random(batch * n, 16);
        at::Matrix<bool> sees(n, n);
        for (Index i = 0; i < n; ++i)
          for (Index j = 0; j < n; ++j) sees(i, j) = j <= i && (j < sinks || j > i - window);
        Matrix<float> const whole = head.forward(x, batch, at::Keep(sees)).output;
        for (Index const cut : {1, 9}) {
          at::RollingKvCache<float> cache(2, 4, 4, window, sinks, batch);
          for (Index begin = 0; begin < n; begin += cut) {
            Index const count = std::min(cut, n - begin);
            Matrix<float> part(batch * count, 16), wanted = part;
            for (Index b = 0; b < batch; ++b) {
              part.middleRows(b * count, count) = x.middleRows(b * n + begin, count);
              wanted.middleRows(b * count, count) = whole.middleRows(b * n + begin, count);
            }
            Matrix<float> const found = head.decode(part, cache, at::Causal{});
            ASSERT_LE((found - wanted).cwiseAbs().maxCoeff(), 2e-6)
                << "sinks " << sinks << ", window " << window << ", cut " << cut << ", token " << begin;
          }
          EXPECT_EQ(cache.seen(), n);
          EXPECT_EQ(cache.length(), std::min(n, sinks + window));
        }
      }
}

TEST(RollingKvCache, IsAKvCacheUntilItForgets) {
  auto const head = layer(true);
  Matrix<float> const x = Matrix<float>::Random(40, 16);
  at::RollingKvCache<float> rolling(2, 4, 4, 36, 4);
  auto plain = head.cache(40);
  for (Index i = 0; i < 40; ++i) {
    Matrix<float> const token = x.row(i);
    ASSERT_EQ(head.decode(token, rolling, at::Causal{}), head.decode(token, plain, at::Causal{})) << i;
  }
  auto const same = rolling.copy();
  EXPECT_EQ(same.seen(), 40);
  rolling.truncate(20);
  plain.truncate(20);
  Matrix<float> const token = x.row(1);
  EXPECT_EQ(head.decode(token, rolling, at::Causal{}), head.decode(token, plain, at::Causal{}));
}

TEST(RollingKvCache, ErrorsSayWhatIsWanted) {
  EXPECT_EQ(sentence_of([] { at::RollingKvCache<float>(2, 4, 4, 0); }),
            "RollingKvCache: 1 sequences of 2 heads of 4 and 4 numbers, a window of 0 tokens and 4 sinks; all must be "
            "positive, the sinks may be 0.");
  auto const head = layer(false);
  at::RollingKvCache<float> cache(2, 4, 4, 3, 1);
  for (Index i = 0; i < 9; ++i) (void)head.decode(Matrix<float>(Matrix<float>::Ones(1, 16)), cache, at::Causal{});
  EXPECT_EQ(sentence_of([&] { cache.truncate(8); }),
            "RollingKvCache: truncate to 8 tokens, but of 9 only the first 1 and the last 3 are kept.");
  EXPECT_EQ(sentence_of([&] { cache.truncate(10); }), "RollingKvCache: truncate to 10 tokens, but 9 were appended.");
  cache.truncate(0);
  EXPECT_EQ(cache.length(), 0);
}

}  // namespace rolling_kv_cache_tests
