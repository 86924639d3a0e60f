#include <attend/normalize/sparsemax.hpp>

#include "normalize/rows.hpp"

namespace sparsemax_tests {

using attend::Sparsemax;
using rows::weights;

TEST(Sparsemax, HasTheClosedFormOfTwoScores) {
  for (double const t : {-2.0, -1.0, -0.5, 0.0, 0.25, 1.0, 7.0}) {
    std::vector<double> const w = weights(Sparsemax{}, std::vector<double>{t, 0});
    EXPECT_NEAR(w[0], std::clamp((t + 1) / 2, 0.0, 1.0), 1e-15);  // Martins & Astudillo 2016, section 2.3
    EXPECT_NEAR(w[1], 1 - w[0], 1e-15);
  }
}

TEST(Sparsemax, ByHand) {
  // Of (1, 0.8, 0.1) the first two are the support: τ = (1.8 − 1) / 2 = 0.4.
  std::vector<double> const w = weights(Sparsemax{}, std::vector<double>{0.1, 1, 0.8});
  EXPECT_EQ(w[0], 0);
  EXPECT_NEAR(w[1], 0.6, 1e-15);
  EXPECT_NEAR(w[2], 0.4, 1e-15);
}

TEST(Sparsemax, IsTheNearestPointOfTheSimplex) {
  std::mt19937 random(1);
  std::normal_distribution<double> normal;
  for (int draw = 0; draw < 20; ++draw) {
    std::vector<double> const s{normal(random), normal(random), normal(random)}, w = weights(Sparsemax{}, s);
    auto const nearness = [&s](auto const& p) {
      return -(p[0] - s[0]) * (p[0] - s[0]) - (p[1] - s[1]) * (p[1] - s[1]) - (p[2] - s[2]) * (p[2] - s[2]);
    };
    EXPECT_GE(nearness(w), rows::largest_on_simplex(nearness) - 1e-15);
  }
}

TEST(Sparsemax, AgreesWithSorting) {
  rows::expect_like_sorting<float>(Sparsemax{}, 24);
  rows::expect_like_sorting<double>(Sparsemax{}, 24);
}

TEST(Sparsemax, NanAndInfinityPoisonTheRow) {
  rows::expect_poisoned<float>(Sparsemax{});
  rows::expect_poisoned<double>(Sparsemax{});
}

TEST(Sparsemax, OfEqualScoresIsUniform) {
  for (std::size_t const m : {1u, 3u, 1000u})
    for (float const s : {0.f, -1e30f, 1e30f, 1e-40f})
      for (float const w : weights(Sparsemax{}, std::vector<float>(m, s)))
        EXPECT_NEAR(w, 1.f / static_cast<float>(m), 1e-7f);
}

}  // namespace sparsemax_tests
