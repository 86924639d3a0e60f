#include "agree.hpp"
#include "catalogue.hpp"
#include "policies.hpp"

#include <attend/core/thread_pool.hpp>
#include <attend/mask/keep.hpp>

#include <cmath>
#include <numeric>
#include <set>

/// Normalisers that leave keys out: which they take, and that the others weigh exactly nothing.

namespace picks_and_zeros_tests {


using namespace laws;

/// Values that say which key they are: the output of a pick is the key picked.
Problem<float> numbered_keys(Shape shape, std::uint64_t seed, Fill fill = Fill::normal) {
  shape.e = 1;
  Problem<float> problem(shape, seed, fill);
  for (std::size_t j = 0; j < problem.v.size(); ++j)
    problem.v[j] = static_cast<float>(j % static_cast<std::size_t>(std::max<Index>(shape.m, 1)));
  return problem;
}

std::size_t nonzeros(float const* weights, Index count) {
  std::size_t found = 0;
  for (Index j = 0; j < count; ++j) found += weights[j] != 0;
  return found;
}

TEST(APick, IsTheSameForAnyNumberOfThreads) {
  Shape const shape{.n = 130, .m = 300, .d = 8, .batch = 2, .heads = 4, .kv_heads = 2};
  Problem<float> const problem = numbered_keys(shape, 61);
  for (Variant<float> const& variant : {normalized_by(attend::Argmax{}), normalized_by(attend::GumbelMax{.seed = 3})}) {
    Policies policies;
    auto const alone = output_of(variant, problem.inputs(), policies);
    for (Index const concurrency : {2, 3, 8}) {
      attend::ThreadPool pool(concurrency);
      policies.executor = AnyExecutor(pool);
      EXPECT_TRUE(same_bits(alone, output_of(variant, problem.inputs(), policies))) << variant.name;
    }
  }
}

TEST(APick, IsOneKeyThatTheQuerySees) {
  for (Index const m : {1, 40, 300}) {
    Shape const shape{.n = 33, .m = m, .d = 4, .e = 1};
    Problem<float> const problem = numbered_keys(shape, 62);
    auto const gumbel = normalized_by(attend::GumbelMax{.seed = 4});
    for (AnyMask const& mask : every_mask(shape)) {
      auto const picked = output_of(gumbel, problem.inputs(), {.mask = mask});
      auto const weights = weights_of(gumbel, problem.inputs(), {.mask = mask});
      for (Index i = 0; i < shape.n; ++i) {
        float const* const row = weights.data() + i * m;
        std::size_t const count = nonzeros(row, m);
        ASSERT_LE(count, 1u) << mask.name();
        if (count == 0) continue;
        auto const key = static_cast<Index>(picked[static_cast<std::size_t>(i)]);
        EXPECT_EQ(row[key], 1) << mask.name() << ", row " << i;
        Index const start = m - shape.n;
        EXPECT_TRUE(mask(attend::Position<>{start + i, key, start, i, key, 0, 0})) << mask.name() << ", row " << i;
      }
    }
  }
}

TEST(APick, IsTheFirstOfEqualKeys) {
  for (Index const m : {2, 17, 64, 256, 257, 600}) {
    Shape const shape{.n = 20, .m = m, .d = 4};
    Problem<float> problem = numbered_keys(shape, 63);
    std::fill(problem.k.begin(), problem.k.end(), 0.5f);
    auto const argmax = normalized_by(attend::Argmax{});
    for (float const pick : output_of(argmax, problem.inputs())) EXPECT_EQ(pick, 0) << "m " << m;
    // Of the keys that are seen: all but the first five.
    AnyMask const late("late", [](auto const& p) { return p.key >= 5; });
    for (float const pick : output_of(argmax, problem.inputs(), {.mask = late}))
      EXPECT_EQ(pick, m > 5 ? 5 : 0) << "m " << m;  // nothing seen: 0
    // Two equal keys in different tiles, lanes and halves of a panel, larger than the others.
    for (Index const first : {Index(1), m / 3, m - 2}) {
      if (first < 0 || first + 1 >= m) continue;
      Problem<float> two = problem;
      std::fill(two.q.begin(), two.q.end(), 1.f);
      for (Index const j : {first, first + (m - first) / 2, m - 1})
        for (Index f = 0; f < shape.d; ++f) two.k[static_cast<std::size_t>(j * shape.d + f)] = 2;
      for (float const pick : output_of(argmax, two.inputs())) EXPECT_EQ(pick, first) << "m " << m;
    }
  }
}

/// The control: picks that may differ do.
TEST(ARandomPick, DiffersWithTheSeedTheHeadAndTheSequence) {
  Shape const shape{.n = 100, .m = 100, .d = 4, .batch = 2, .heads = 2};
  Problem<float> problem = numbered_keys(shape, 64);
  std::fill(problem.q.begin(), problem.q.end(), 0.f);  // all keys are equally likely
  auto const first = output_of(normalized_by(attend::GumbelMax{.seed = 1}), problem.inputs());
  auto const again = output_of(normalized_by(attend::GumbelMax{.seed = 1}), problem.inputs());
  auto const other = output_of(normalized_by(attend::GumbelMax{.seed = 2}), problem.inputs());
  EXPECT_TRUE(same_bits(first, again));
  auto const equal_share = [](auto from, auto to, auto beside) {
    double equal = 0;
    for (auto a = from, b = beside; a != to; ++a, ++b) equal += *a == *b;
    return equal / static_cast<double>(to - from);
  };
  // 1 of 100 by chance, give or take 0.01 for 100 rows and 0.005 for 400.
  EXPECT_LT(equal_share(first.begin(), first.end(), other.begin()), 0.03);
  EXPECT_LT(equal_share(first.begin(), first.begin() + 100, first.begin() + 100), 0.06);  // the next head
  EXPECT_LT(equal_share(first.begin(), first.begin() + 200, first.begin() + 200), 0.05);  // the next sequence
  EXPECT_GT(std::set<float>(first.begin(), first.end()).size(), 80u);
}

TEST(ARandomPick, FallsOnAKeyWithItsSoftmaxProbability) {
  Shape const shape{.n = 4000, .m = 5, .d = 1, .e = 1};
  Problem<float> problem = numbered_keys(shape, 65);
  std::fill(problem.q.begin(), problem.q.end(), 1.f);
  for (std::size_t j = 0; j < 5; ++j) problem.k[j] = static_cast<float>(j) * 0.5f;
  std::vector<double> found(5), wanted(5);
  for (float const pick : output_of(normalized_by(attend::GumbelMax{.seed = 6}), problem.inputs()))
    found[static_cast<std::size_t>(pick)] += 1.0 / 4000;
  for (std::size_t j = 0; j < 5; ++j) wanted[j] = std::exp(0.5 * static_cast<double>(j));
  double const sum = std::accumulate(wanted.begin(), wanted.end(), 0.0);
  for (std::size_t j = 0; j < 5; ++j) {
    double const p = wanted[j] / sum;
    EXPECT_NEAR(found[j], p, 5 * std::sqrt(p * (1 - p) / 4000)) << "key " << j;
  }
}

TEST(SparseNormalizers, ReturnExactZeros) {
  for (Index const m : {31, 300}) {
    Shape const shape{.n = 25, .m = m, .d = 16, .e = 4};
    Problem<float> problem(shape, 66);
    for (float& x : problem.q) x *= 3;  // scores of a few units
    for (Variant<float> const& variant : {normalized_by(attend::Sparsemax{}), normalized_by(attend::TopK{4}),
                                          normalized_by(attend::NormalizedRelu{})}) {
      auto const weights = weights_of(variant, problem.inputs());
      for (Index i = 0; i < shape.n; ++i) {
        float const* const row = weights.data() + i * m;
        double const sum = std::accumulate(row, row + m, 0.0);
        EXPECT_NEAR(sum, 1, static_cast<double>(m) * 0x1p-24) << variant.name;
        std::size_t const count = nonzeros(row, m);
        EXPECT_GT(count, 0u) << variant.name;
        EXPECT_LT(count, static_cast<std::size_t>(m)) << variant.name;
        for (Index j = 0; j < m; ++j) {
          EXPECT_GE(row[j], 0) << variant.name;
          EXPECT_FALSE(std::signbit(row[j])) << variant.name;
        }
      }
    }
  }
}

TEST(TopK, KeepsExactlyKKeysTheFirstOfEqualOnes) {
  for (Index const m : {1, 5, 16, 63, 256, 300})
    for (Index const k : {1, 2, 5, 17, 255, 1000})
      for (Fill const fill : {Fill::normal, Fill::lattice}) {
        Shape const shape{.n = 14, .m = m, .d = 4, .e = 1};
        Problem<float> const problem(shape, 67, fill);
        auto const top = normalized_by(attend::TopK{k});
        for (AnyMask const& mask : {AnyMask(), causal(), keep(random_bools(shape.n, m, 68, 0.6))}) {
          auto const weights = weights_of(top, problem.inputs(), {.mask = mask});
          for (Index i = 0; i < shape.n; ++i) {
            Index const start = m - shape.n;
            // In double the scores of a lattice are exact, and those of random numbers never tie.
            std::vector<std::pair<double, Index>> ranked;
            for (Index j = 0; j < m; ++j) {
              if (!mask(attend::Position<>{start + i, j, start, i, j, 0, 0})) continue;
              double score = 0;
              for (Index f = 0; f < 4; ++f)
                score += double(problem.q[static_cast<std::size_t>(i * 4 + f)]) *
                         double(problem.k[static_cast<std::size_t>(j * 4 + f)]);
              ranked.emplace_back(-score, j);
            }
            std::sort(ranked.begin(), ranked.end());
            std::set<Index> wanted, found;
            for (std::size_t r = 0; r < ranked.size() && static_cast<Index>(r) < k; ++r) wanted.insert(ranked[r].second);
            for (Index j = 0; j < m; ++j)
              if (weights[static_cast<std::size_t>(i * m + j)] != 0) found.insert(j);
            ASSERT_EQ(found, wanted) << "m " << m << ", k " << k << ", " << mask.name() << ", row " << i;
          }
        }
      }
}

}  // namespace picks_and_zeros_tests
