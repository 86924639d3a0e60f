#include <attend/normalize/entmax15.hpp>

#include "normalize/rows.hpp"

namespace entmax15_tests {

using attend::Entmax15;
using rows::weights;

TEST(Entmax15, HasTheClosedFormOfTwoScores) {
  // √w₁ − √w₂ = t/2 and w₁ + w₂ = 1; for |t| ≥ 2 one takes all.
  for (double const t : {-3.0, -2.0, -0.5, 0.0, 0.3, 1.0, 1.9, 2.0, 9.0}) {
    std::vector<double> const w = weights(Entmax15{}, std::vector<double>{t, 0});
    EXPECT_NEAR(w[0] + w[1], 1, 1e-15);
    if (std::abs(t) >= 2)
      EXPECT_NEAR(w[0], t > 0 ? 1 : 0, 1e-15);
    else
      EXPECT_NEAR(std::sqrt(w[0]) - std::sqrt(w[1]), t / 2, 1e-14);
  }
}

TEST(Entmax15, MaximisesScorePlusTsallisEntropy) {
  // Peters 2019, equation 9: wᵀs + Σ (w − w^α) / (α(α − 1)), α = 1.5.
  std::mt19937 random(1);
  std::normal_distribution<double> normal;
  for (int draw = 0; draw < 20; ++draw) {
    std::vector<double> const s{normal(random), normal(random), normal(random)}, w = weights(Entmax15{}, s);
    auto const value = [&s](auto const& p) {
      double sum = 0;
      for (std::size_t j = 0; j < 3; ++j) sum += p[j] * s[j] + (p[j] - std::pow(p[j], 1.5)) / 0.75;
      return sum;
    };
    EXPECT_GE(value(w), rows::largest_on_simplex(value) - 1e-14);
  }
}

TEST(Entmax15, AgreesWithSorting) {
  rows::expect_like_sorting<float>(Entmax15{}, 24);
  rows::expect_like_sorting<double>(Entmax15{}, 24);
}

TEST(Entmax15, NanAndInfinityPoisonTheRow) {
  rows::expect_poisoned<float>(Entmax15{});
  rows::expect_poisoned<double>(Entmax15{});
}

TEST(Entmax15, OfEqualScoresIsUniform) {
  for (std::size_t const m : {1u, 3u, 1000u})
    for (float const s : {0.f, -1e30f, 1e30f, 1e-40f})
      for (float const w : weights(Entmax15{}, std::vector<float>(m, s)))
        EXPECT_NEAR(w, 1.f / static_cast<float>(m), 1e-7f);
}

}  // namespace entmax15_tests
