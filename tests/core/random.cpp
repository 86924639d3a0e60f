#include <attend/core/random.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

namespace random_tests {

namespace at = attend;
using at::Index;

/// One of the five counters runs, the others stand still.
struct Axis {
  std::string name;
  std::function<std::uint32_t(Index, Index)> bits;  // of step i, in stream number j
};

std::vector<Axis> const axes = {
    {"seed",
     [](Index i, Index j) { return at::random_bits(at::random_stream(static_cast<std::uint64_t>(i), 1, 2, j), 3); }},
    {"batch", [](Index i, Index j) { return at::random_bits(at::random_stream(5, i, 2, j), 3); }},
    {"head", [](Index i, Index j) { return at::random_bits(at::random_stream(5, 1, i, j), 3); }},
    {"query", [](Index i, Index j) { return at::random_bits(at::random_stream(5, 1, j, i), 3); }},
    {"key", [](Index i, Index j) { return at::random_bits(at::random_stream(5, 1, 2, j), i); }},
    {"query and key", [](Index i, Index j) { return at::random_bits(at::random_stream(5, 1, j, i), 100000 - i); }},
};

/// Σ (count − mean)² / mean: for random numbers bins − 1, give or take √(2·bins).
double chi_square(std::vector<int> const& counts) {
  double total = 0, sum = 0;
  for (int const count : counts) total += count;
  double const mean = total / static_cast<double>(counts.size());
  for (int const count : counts) sum += (count - mean) * (count - mean) / mean;
  return sum;
}

/// Six standard deviations: one in a billion, and these numbers never change.
void expect_random(double chi, double bins, std::string const& what) {
  EXPECT_NEAR(chi, bins - 1, 6 * std::sqrt(2 * bins)) << what;
}

TEST(Random, IsTheSameForEver) {
  // The finaliser is that of splitmix64, whose first numbers from seed 0 are published.
  EXPECT_EQ(at::detail::mix(0x9e3779b97f4a7c15u), 0xe220a8397b1dcdafu);
  EXPECT_EQ(at::detail::mix(0x9e3779b97f4a7c15u * 2), 0x6e789e6aa1b965f4u);
  // Picks that somebody stored must stay what they were.
  EXPECT_EQ(at::random_bits(at::random_stream(0, 0, 0, 0), 0), 0xc1a7ccd5u);
  EXPECT_EQ(at::random_bits(at::random_stream(1, 2, 3, 4), 5), 0xc5dd4f87u);
  EXPECT_EQ(at::random_bits(at::random_stream(~0ull, -1, -1, -1), -1), 0x4a209743u);
  static_assert(at::uniform(1, 2, 3, 4, 5) > 0);
}

TEST(Random, StaysStrictlyBetweenZeroAndOneInFloatToo) {
  for (at::RandomStream const stream : {at::random_stream(1, 0, 0, 0), at::random_stream(2, 0, 0, 0)})
    for (Index key = 0; key < 100000; ++key) {
      float const u = at::uniform<float>(stream, key);
      ASSERT_TRUE(0 < u && u < 1);
      ASSERT_EQ(static_cast<double>(u), at::uniform(stream, key));
    }
  // The ends, which no test would meet by chance.
  EXPECT_EQ(float(0) * 0x1p-23f + 0x1p-24f, 0x1p-24f);
  EXPECT_EQ(float((1 << 23) - 1) * 0x1p-23f + 0x1p-24f, 1 - 0x1p-24f);
}

TEST(Random, IsUniformAlongEveryCounter) {
  for (Axis const& axis : axes)
    for (Index j : {0, 1, 77}) {
      std::vector<int> counts(256), low(256);
      for (Index i = 0; i < 1 << 16; ++i) {
        std::uint32_t const bits = axis.bits(i, j);
        ++counts[bits >> 24];
        ++low[bits >> 9 & 255];
      }
      expect_random(chi_square(counts), 256, axis.name);
      expect_random(chi_square(low), 256, axis.name + ", low bits");
    }
}

TEST(Random, DoesNotTellOfItsNeighbours) {
  for (Axis const& axis : axes)
    for (Index distance : {1, 2, 16, 64, 256}) {
      std::vector<int> pairs(32 * 32);
      double product = 0;
      Index const n = 1 << 16;
      for (Index i = 0; i < n; ++i) {
        std::uint32_t const a = axis.bits(i, 0), b = axis.bits(i + distance, 0);
        ++pairs[(a >> 27) * 32 + (b >> 27)];
        product += (a * 0x1p-32 - 0.5) * (b * 0x1p-32 - 0.5);
      }
      std::string const what = axis.name + " + " + std::to_string(distance);
      expect_random(chi_square(pairs), 32 * 32, what);
      EXPECT_NEAR(product / static_cast<double>(n) * 12, 0, 6 / std::sqrt(static_cast<double>(n))) << what;
    }
}

TEST(Random, DoesNotTellOfTheSameKeyInNeighbouringRows) {
  for (Index other = 1; other <= 4; ++other) {
    std::vector<int> pairs(32 * 32);
    for (Index query = 0; query < 64; ++query) {
      auto const a = at::random_stream(3, 0, 0, query), b = at::random_stream(3, 0, other, query);
      for (Index key = 0; key < 1024; ++key)
        ++pairs[(at::random_bits(a, key) >> 27) * 32 + (at::random_bits(b, key) >> 27)];
    }
    expect_random(chi_square(pairs), 32 * 32, "heads 0 and " + std::to_string(other));
  }
}

TEST(Random, ChangesEveryBitWithProbabilityOneHalfWhenAnyBitOfAnInputChanges) {
  Index const trials = 2048;
  auto const bits_of = [](std::array<std::uint64_t, 5> const& in) {
    return at::random_bits(
        at::random_stream(in[0], static_cast<Index>(in[1]), static_cast<Index>(in[2]), static_cast<Index>(in[3])),
        static_cast<Index>(in[4]));
  };
  double worst = 0;
  for (std::size_t input = 0; input < 5; ++input)
    for (int bit = 0; bit < (input == 0 ? 64 : 32); ++bit) {
      std::array<int, 32> flips{};
      for (Index trial = 0; trial < trials; ++trial) {
        auto const t = static_cast<std::uint64_t>(trial);
        std::array<std::uint64_t, 5> in = {t * 3, t % 7, t % 12, t * 5 % 1000, t};
        std::uint32_t const before = bits_of(in);
        in[input] ^= std::uint64_t{1} << bit;
        std::uint32_t const changed = before ^ bits_of(in);
        for (std::size_t out = 0; out < 32; ++out) flips[out] += static_cast<int>(changed >> out & 1);
      }
      for (int const count : flips) worst = std::max(worst, std::abs(count / static_cast<double>(trials) - 0.5));
    }
  EXPECT_LT(worst, 6 * 0.5 / std::sqrt(static_cast<double>(trials)));
}

TEST(Random, DoesNotRepeatWithinARowNorRows) {
  std::vector<std::uint32_t> words(1 << 20);
  auto const stream = at::random_stream(9, 1, 2, 3);
  for (std::size_t key = 0; key < words.size(); ++key) words[key] = at::random_bits(stream, key);
  std::sort(words.begin(), words.end());
  EXPECT_EQ(std::adjacent_find(words.begin(), words.end()), words.end());

  std::vector<std::uint64_t> streams;
  for (Index batch = 0; batch < 16; ++batch)
    for (Index head = 0; head < 16; ++head)
      for (Index query = 0; query < 1024; ++query) {
        auto const each = at::random_stream(9, batch, head, query);
        streams.push_back(std::uint64_t{each.high} << 32 | each.low);
      }
  std::sort(streams.begin(), streams.end());
  EXPECT_EQ(std::adjacent_find(streams.begin(), streams.end()), streams.end());
  EXPECT_NE(at::random_stream(0, 1, 2, 3), at::random_stream(0, 2, 1, 3));
  EXPECT_NE(at::random_stream(0, 0, 0, 0), at::random_stream(0, 0, 0, 1));
}

TEST(Random, DrawsGumbelNumbersWithTheirMeanAndVariance) {
  double sum = 0, squares = 0;
  int const n = 200000;
  for (int i = 0; i < n; ++i) {
    double const g = at::gumbel(11, 0, 0, i / 1000, i % 1000);
    sum += g;
    squares += g * g;
  }
  double const mean = sum / n, variance = squares / n - mean * mean;
  double const pi_squared_over_six = 1.6449340668482264;
  EXPECT_NEAR(mean, 0.5772156649, 6 * std::sqrt(pi_squared_over_six / n));
  EXPECT_NEAR(variance, pi_squared_over_six, 0.04);
}

TEST(Random, PicksKeysWithTheirSoftmaxProbability) {
  std::array<double, 5> const score = {0.5, -1, 2, 0, 1};
  double total = 0;
  for (double const each : score) total += std::exp(each);
  std::array<int, 5> picks{};
  int const n = 100000;
  for (int query = 0; query < n; ++query) {
    std::size_t best = 0;
    double largest = -std::numeric_limits<double>::infinity();
    for (std::size_t key = 0; key < score.size(); ++key)
      if (double const s = score[key] + at::gumbel(3, 0, 0, query, key); s > largest) largest = s, best = key;
    ++picks[best];
  }
  double chi = 0;
  for (std::size_t key = 0; key < score.size(); ++key) {
    double const wanted = n * std::exp(score[key]) / total;
    chi += (picks[key] - wanted) * (picks[key] - wanted) / wanted;
  }
  EXPECT_LT(chi, 4 + 6 * std::sqrt(8.));
}

}  // namespace random_tests
