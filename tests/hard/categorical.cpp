#include <attend/hard/categorical.hpp>

#include "hard/gradients.hpp"

#include <limits>

namespace categorical_tests {

using attend::Categorical;
using attend::Index;
using gradients::Vector;

double const infinity = std::numeric_limits<double>::infinity();

TEST(Categorical, IsTheSoftmaxOfItsScores) {
  Vector const scores{{std::log(1.0), std::log(2.0), -infinity, std::log(5.0)}};
  Categorical const row(scores);
  gradients::expect_close(row.probability, Vector{{0.125, 0.25, 0, 0.625}}, 1e-15, "p");
  EXPECT_NEAR(row.log_sum_exp, std::log(8.0), 1e-15);
  EXPECT_NEAR(row.log_probability(1), std::log(0.25), 1e-15);
  EXPECT_EQ(row.log_probability(2), -infinity);
  EXPECT_EQ(row.mode, 3);
  EXPECT_NEAR(row.entropy(), 0.125 * std::log(8.0) + 0.25 * std::log(4.0) + 0.625 * std::log(1.6), 1e-15);
}

TEST(Categorical, KeepsItsDigitsWhereScoresAreHuge) {
  Vector const small{{0.25, -1, 3}}, huge = small.array() + 0x1p40;
  Categorical const a(small), b(huge);
  gradients::expect_close(b.log_probability, a.log_probability, 1e-15, "log p");
}

TEST(Categorical, LogarithmsAreExactWhereProbabilitiesRoundToZero) {
  Categorical const row(Vector{{0, -2000}});
  EXPECT_EQ(row.probability(1), 0);
  EXPECT_EQ(row.log_probability(1), -2000);
  EXPECT_EQ(row.entropy(), 0);
}

TEST(Categorical, DerivativesAreThoseOfDifferences) {
  Vector scores{{0.3, -1.2, -infinity, 2.0, 0.7}};
  std::vector<Index> const seen{0, 1, 3, 4};
  Vector const of_seen = scores(seen), weight = gradients::normal(5, 1);
  auto const row_of = [&](Vector const& some) {
    Vector all = scores;
    all(seen) = some;
    return Categorical<double>(all);
  };
  Categorical const row(scores);
  gradients::expect_gradient(
      Vector(row.d_entropy()(seen)), of_seen, [&](Vector const& s) { return row_of(s).entropy(); }, "entropy");
  for (Index const key : seen)
    gradients::expect_gradient(
        Vector(row.d_log_probability(key)(seen)), of_seen,
        [&](Vector const& s) { return row_of(s).log_probability(key); }, "log p");
  gradients::expect_gradient(
      Vector(row.backward(weight)(seen)), of_seen, [&](Vector const& s) { return row_of(s).probability.dot(weight); },
      "p");
  EXPECT_EQ(row.d_entropy()(2), 0);
  EXPECT_EQ(row.d_log_probability(0)(2), 0);
  EXPECT_EQ(row.backward(weight)(2), 0);
}

TEST(Categorical, WhatIsNotSeenMayBeNaNBackwards) {
  Categorical const row(Vector{{0, -infinity, 1}});
  Vector const d = row.backward(Vector{{1, std::nan(""), 2}});
  EXPECT_TRUE(d.allFinite());
}

TEST(Categorical, NumbersPickTheKeyTheyFallInto) {
  Categorical const row(Vector{{std::log(1.0), -infinity, std::log(2.0), -5000, std::log(1.0)}});
  EXPECT_EQ(row.keys_at({0, 0.249, 0.251, 0.749, 0.751, 1 - 0x1p-53}), (std::vector<Index>{0, 0, 2, 2, 4, 4}));
  EXPECT_EQ(Categorical(Vector{{-infinity, 0, -infinity}}).keys_at({0, 0.5, 1 - 0x1p-53}),
            (std::vector<Index>{1, 1, 1}));
}

TEST(Categorical, OfEqualScoresTheFirstIsTheMode) {
  EXPECT_EQ(Categorical(Vector{{1, 3, 3, 2}}).mode, 1);
  EXPECT_EQ(Categorical(attend::Vector<float>{{-2, -2}}).mode, 0);
}

TEST(Categorical, NothingIsSeen) {
  for (Vector const& scores : {Vector(), Vector{{-infinity, -infinity}}}) {
    Categorical const row(scores);
    EXPECT_FALSE(row.sees_something());
    EXPECT_EQ(row.log_sum_exp, -infinity);
    EXPECT_EQ(row.mode, -1);
    EXPECT_EQ(row.entropy(), 0);
    EXPECT_EQ(row.probability, Vector::Zero(scores.size()));
    EXPECT_EQ(row.d_entropy(), Vector::Zero(scores.size()));
    EXPECT_EQ(row.d_log_probability(-1), Vector::Zero(scores.size()));
    EXPECT_EQ(row.keys_at({0.5}), std::vector<Index>{-1});
  }
}

TEST(Categorical, PoisonShowsAndPicksNothing) {
  for (double const poison : {std::nan(""), infinity})
    for (Index place = 0; place < 3; ++place) {
      Vector scores{{0.5, 1, 2, -infinity}};
      scores(place) = poison;
      Categorical const row(scores);
      for (Index j = 0; j < 3; ++j) EXPECT_TRUE(std::isnan(row.log_probability(j))) << place;
      EXPECT_EQ(row.probability(3), 0);
      EXPECT_TRUE(std::isnan(row.entropy()));
      EXPECT_EQ(row.mode, -1);
      EXPECT_EQ(row.keys_at({0.1, 0.9}), (std::vector<Index>{-1, -1}));
    }
}

TEST(Categorical, RefusesAKeyThatIsNotSeen) {
  Categorical const row(Vector{{0, -infinity}});
  for (Index const key : {-2, -1, 1, 2}) EXPECT_THROW((void)row.d_log_probability(key), attend::Error) << key;
  EXPECT_NO_THROW((void)row.d_log_probability(0));
  EXPECT_THROW((void)row.backward(Vector{{1.0}}), attend::Error);
}

}  // namespace categorical_tests
