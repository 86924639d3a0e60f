#include <attend/normalize/entmax.hpp>

#include <attend/normalize/entmax15.hpp>
#include <attend/normalize/sparsemax.hpp>

#include "normalize/rows.hpp"

namespace entmax_tests {

using attend::Entmax;
using rows::weights;

template <class Normalizer>
void expect_is(double alpha, Normalizer const& known, double tolerance) {
  for (std::vector<double> const& scores : rows::hard_rows<double>(4)) {
    if (!rows::sees_something(scores)) continue;
    std::vector<double> const w = weights(Entmax{alpha}, scores), wanted = weights(known, scores);
    for (std::size_t j = 0; j < w.size(); ++j) ASSERT_NEAR(w[j], wanted[j], tolerance) << j << " of " << w.size();
  }
}

TEST(Entmax, IsEntmax15AndSparsemaxAtTheirAlphas) {
  expect_is(1.5, attend::Entmax15{}, 1e-14);
  expect_is(2, attend::Sparsemax{}, 1e-13);
}

TEST(Entmax, NearsSoftmax) {
  std::vector<double> const s{0.3, -1, 2, 0.5, -3};
  double sum = 0;
  for (double const x : s) sum += std::exp(x);
  for (double const alpha : {1 + 1e-3, 1 + 1e-5}) {
    std::vector<double> const w = weights(Entmax{alpha}, s);
    for (std::size_t j = 0; j < s.size(); ++j) EXPECT_NEAR(w[j], std::exp(s[j]) / sum, alpha - 1);
  }
}

TEST(Entmax, MaximisesScorePlusTsallisEntropy) {
  // Peters 2019, equation 9: wᵀs + Σ (w − w^α) / (α(α − 1)).
  std::mt19937 random(1);
  std::normal_distribution<double> normal;
  for (double const alpha : {1.1, 1.3, 1.7, 2.5, 4.0})
    for (int draw = 0; draw < 5; ++draw) {
      std::vector<double> const s{normal(random), normal(random), normal(random)}, w = weights(Entmax{alpha}, s);
      auto const value = [&](auto const& p) {
        double sum = 0;
        for (std::size_t j = 0; j < 3; ++j) sum += p[j] * s[j] + (p[j] - std::pow(p[j], alpha)) / (alpha * (alpha - 1));
        return sum;
      };
      EXPECT_NEAR(w[0] + w[1] + w[2], 1, 1e-15);
      EXPECT_GE(value(w), rows::largest_on_simplex(value) - 1e-14) << alpha;
    }
}

TEST(Entmax, AgreesWithBisection) {
  for (double const alpha : {1.2, 1.5, 1.8, 2.0}) {
    rows::expect_like_sorting<float>(Entmax{alpha}, 40);
    rows::expect_like_sorting<double>(Entmax{alpha}, 40);
  }
}

/// Near the threshold weights rise as a root, and so does what rounding makes of them.
TEST(Entmax, AgreesWithBisectionAboveTwo) {
  for (double const alpha : {2.5, 3.0, 6.0})
    for (std::vector<double> const& scores : rows::hard_rows<double>(10)) {
      if (!rows::sees_something(scores)) continue;
      auto const wanted = rows::reference(Entmax{alpha}, scores);
      std::vector<double> const w = weights(Entmax{alpha}, scores),
                                in_packs = rows::pack_weights(Entmax{alpha}, scores);
      double const tolerance = 100 * std::pow(std::numeric_limits<double>::epsilon(), 1 / (alpha - 1));
      double sum = 0;
      for (std::size_t j = 0; j < w.size(); ++j) {
        sum += w[j];
        ASSERT_NEAR(w[j], wanted.weights(static_cast<attend::Index>(j)), tolerance) << alpha << ", " << j;
        ASSERT_NEAR(in_packs[j], w[j], tolerance);
      }
      ASSERT_NEAR(sum, 1, 1e-12);
    }
}

TEST(Entmax, IsSparserWithALargerAlpha) {
  std::mt19937 random(3);
  std::normal_distribution<double> normal;
  std::vector<double> scores(200);
  for (double& s : scores) s = normal(random);
  std::ptrdiff_t before = 0;
  for (double const alpha : {1.2, 1.5, 2.0, 3.0}) {
    std::vector<double> const w = weights(Entmax{alpha}, scores);
    std::ptrdiff_t const zeros = std::count(w.begin(), w.end(), 0.0);
    EXPECT_GT(zeros, before);
    before = zeros;
  }
}

TEST(Entmax, NanAndInfinityPoisonTheRow) {
  rows::expect_poisoned<float>(Entmax{1.3});
  rows::expect_poisoned<double>(Entmax{2.5});
}

TEST(Entmax, RefusesAnAlphaThatIsNone) {
  for (double const alpha : {1.0, 0.5, rows::nan<double>, rows::infinity<double>})
    EXPECT_THROW(Entmax{alpha}.check_sizes({1, 1, 2, 2}), attend::Error) << alpha;
}

}  // namespace entmax_tests
