#include <attend/hard/reinforce.hpp>

#include <attend/hard/leave_one_out.hpp>
#include <attend/hard/marginal.hpp>

#include "hard/enumerate.hpp"
#include "hard/gradients.hpp"

#include <cstdio>
#include <limits>

namespace reinforce_tests {

using attend::Categorical;
using attend::Index;
using attend::LeaveOneOut;
using attend::Reinforce;
using enumerate::moments;
using gradients::Vector;

double const infinity = std::numeric_limits<double>::infinity();

/// Rows with few keys, one of them not seen, and what each key earns.
struct Bandit {
  Vector scores, rewards;

  explicit Bandit(unsigned seed, Index keys = 5)
      : scores(gradients::normal(keys, seed)), rewards(gradients::normal(keys, seed + 100).array() * 2 + 3) {
    scores(1) = -infinity;
  }
  [[nodiscard]] Categorical<double> row() const { return Categorical<double>(scores); }
  /// p_j (r_j − Σ p r), in long double and from nothing but the scores.
  [[nodiscard]] Vector truth() const {
    std::vector<long double> p;
    long double sum = 0, mean = 0;
    for (double const s : scores) sum += p.emplace_back(std::exp(static_cast<long double>(s)));
    for (Index j = 0; j < scores.size(); ++j) mean += p[static_cast<std::size_t>(j)] / sum * rewards(j);
    Vector d(scores.size());
    for (Index j = 0; j < d.size(); ++j)
      d(j) = static_cast<double>(p[static_cast<std::size_t>(j)] / sum * (rewards(j) - mean));
    return d;
  }
  [[nodiscard]] Vector earned(std::vector<Index> const& picks) const { return rewards(picks); }
};

/// An estimator: coefficients from the rewards of M picks.
template <class Coefficients>
enumerate::Moments of_estimator(Bandit const& bandit, Index samples, Coefficients const& coefficients,
                                double entropy_bonus = 0) {
  Categorical<double> const row = bandit.row();
  return moments(row.probability, samples, [&](std::vector<Index> const& picks) {
    return Reinforce<double>{entropy_bonus}.gradient(row, picks, coefficients(bandit.earned(picks)));
  });
}

TEST(Reinforce, TheMeanOverAllPicksIsTheTrueGradientWhateverTheBaseline) {
  for (unsigned seed = 1; seed <= 10; ++seed) {
    Bandit const bandit(seed);
    for (Index samples = 1; samples <= 4; ++samples)
      for (double const baseline : {0.0, 0.7, -20.0, bandit.rewards.maxCoeff()}) {
        auto const found = of_estimator(bandit, samples,
                                        [&](Vector const& r) { return Reinforce<double>::coefficients(r, baseline); });
        gradients::expect_close(found.mean, bandit.truth(), 1e-12,
                                "baseline " + std::to_string(baseline) + ", M " + std::to_string(samples));
      }
  }
}

TEST(Reinforce, LeaveOneOutIsUnbiasedOverAllTuples) {
  for (unsigned seed = 1; seed <= 10; ++seed)
    for (Index samples = 2; samples <= 4; ++samples) {
      Bandit const bandit(seed);
      auto const found = of_estimator(
          bandit, samples, [](Vector const& r) { return Reinforce<double>::coefficients(r, LeaveOneOut::values(r)); });
      gradients::expect_close(found.mean, bandit.truth(), 1e-12, "M " + std::to_string(samples));
    }
}

TEST(Reinforce, ABaselineThatHoldsItsOwnRewardIsBiased) {
  Bandit const bandit(3);
  auto const found = of_estimator(bandit, 3, [](Vector const& r) {
    return Reinforce<double>::coefficients(r, Vector::Constant(3, r.mean()).eval());
  });
  gradients::expect_close(found.mean, Vector(bandit.truth() * (1 - 1.0 / 3)), 1e-12, "the mean of all samples");
}

TEST(Reinforce, VariancesAreThoseOfTheory) {
  Bandit const bandit(5);
  Vector const p = bandit.row().probability;
  double const mean = p.dot(bandit.rewards);
  auto const with = [&](double baseline, Index samples = 1) {
    return of_estimator(bandit, samples, [&](Vector const& r) { return Reinforce<double>::coefficients(r, baseline); })
        .variance;
  };
  // Variance is a parabola in b: its lowest point is Σ p ‖∇ log p‖² r / Σ p ‖∇ log p‖².
  double above = 0, below = 0;
  for (Index j = 0; j < p.size(); ++j) {
    if (p(j) == 0) continue;
    double const square = bandit.row().d_log_probability(j).squaredNorm();
    above += p(j) * square * bandit.rewards(j);
    below += p(j) * square;
  }
  double const best = above / below, none = with(0), at_mean = with(mean), at_best = with(best);
  EXPECT_LT(at_mean, none);
  EXPECT_LE(at_best, at_mean);
  EXPECT_GT(with(best + 0.1), at_best);
  EXPECT_GT(with(best - 0.1), at_best);
  EXPECT_NEAR(none - at_best, below * best * best, 1e-12 * none);
  std::printf("trace of the covariance, M = 1: no baseline %.4f, mean reward %.4f, best constant %.4f\n", none, at_mean,
              at_best);
  RecordProperty("variance_no_baseline", std::to_string(none));
  RecordProperty("variance_mean_baseline", std::to_string(at_mean));
  RecordProperty("variance_best_baseline", std::to_string(at_best));
  for (Index samples = 2; samples <= 4; ++samples) {
    EXPECT_NEAR(with(0.3, samples), with(0.3) / static_cast<double>(samples), 1e-12 * none);
    double const left_out = of_estimator(bandit, samples, [](Vector const& r) {
                              return Reinforce<double>::coefficients(r, LeaveOneOut::values(r));
                            }).variance;
    // The others' mean is the mean reward and a variance of its own, which no constant has.
    EXPECT_GT(left_out, at_best / static_cast<double>(samples));
    EXPECT_LT(left_out, none / static_cast<double>(samples));
    std::printf("M = %d: no baseline %.4f, mean reward %.4f, leave-one-out %.4f\n", static_cast<int>(samples),
                with(0, samples), with(mean, samples), left_out);
    RecordProperty("variance_leave_one_out_" + std::to_string(samples), std::to_string(left_out));
  }
}

TEST(Reinforce, TheEntropyBonusIsExactInEveryEstimate) {
  Bandit const bandit(7);
  Vector const found =
      of_estimator(bandit, 2, [](Vector const& r) { return Reinforce<double>::coefficients(r, 1.0); }, 0.25).mean;
  std::vector<Index> const seen{0, 2, 3, 4};
  auto const objective = [&](Vector const& some) {
    Vector all = bandit.scores;
    all(seen) = some;
    Categorical<double> const row(all);
    double sum = 0.25 * row.entropy();
    for (Index const j : seen) sum += row.probability(j) * bandit.rewards(j);
    return sum;
  };
  gradients::expect_gradient(Vector(found(seen)), Vector(bandit.scores(seen)), objective, "J + λ H");
  EXPECT_EQ(found(1), 0);
}

TEST(Reinforce, ARowThatSeesNothingLearnsNothing) {
  Categorical const row(Vector{{-infinity, -infinity}});
  EXPECT_EQ((Reinforce<double>{0.5}.gradient(row, {-1, -1}, Vector{{2, 3}})), Vector::Zero(2));
}

TEST(Reinforce, RefusesWhatDoesNotFit) {
  Categorical const row(Vector{{0, 1}});
  EXPECT_THROW((void)(Reinforce<double>{}.gradient(row, {0}, Vector{{1, 2}})), attend::Error);
  EXPECT_THROW((void)(Reinforce<double>{}.gradient(row, {2}, Vector{{1.0}})), attend::Error);
  EXPECT_THROW((void)Reinforce<double>::coefficients(Vector{{1, 2}}, Vector{{1.0}}), attend::Error);
  EXPECT_THROW((void)Reinforce<double>::coefficients(Vector()), attend::Error);
}

}  // namespace reinforce_tests
