#include <attend/hard/gumbel_softmax.hpp>

#include "hard/gradients.hpp"

#include <limits>

namespace gumbel_softmax_tests {

using attend::Categorical;
using attend::GumbelSoftmax;
using attend::Index;
using gradients::Vector;

TEST(GumbelSoftmax, ItsGradientIsThatOfDifferences) {
  Vector const scores = gradients::normal(5, 1), d_y = gradients::normal(5, 2);
  Vector const noise = 0.3 * GumbelSoftmax<double>::noise(5, attend::random_stream(3, 0, 0, 0));
  for (double const temperature : {0.3, 1.0, 4.0}) {
    GumbelSoftmax<double> const relaxed{temperature};
    gradients::expect_gradient(
        relaxed.backward(relaxed.sample(scores, noise), d_y), scores,
        [&](Vector const& s) {
          Vector const e = ((s + noise) / temperature).array().exp();
          return e.dot(d_y) / e.sum();
        },
        "temperature " + std::to_string(temperature));
  }
}

TEST(GumbelSoftmax, ItsLargestIsADrawFromSoftmaxAtAnyTemperature) {
  Vector const scores{{0, std::log(2.0), std::log(5.0)}}, wanted{{0.125, 0.25, 0.625}};
  int const draws = 20000;
  for (double const temperature : {0.1, 5.0}) {
    Vector found = Vector::Zero(3);
    for (Index i = 0; i < draws; ++i)
      found += GumbelSoftmax<double>::hard(GumbelSoftmax<double>{temperature}.sample(
                   scores, GumbelSoftmax<double>::noise(3, attend::random_stream(1, 0, 0, i)))) /
               draws;
    for (Index j = 0; j < 3; ++j)  // four standard deviations
      EXPECT_NEAR(found(j), wanted(j), 4 * std::sqrt(wanted(j) * (1 - wanted(j)) / draws)) << temperature;
  }
}

TEST(GumbelSoftmax, BecomesHardAsTheTemperatureFalls) {
  Vector const scores = gradients::normal(5, 1), noise = gradients::normal(5, 2);
  Categorical<double> const warm = GumbelSoftmax<double>{10}.sample(scores, noise);
  Categorical<double> const cold = GumbelSoftmax<double>{1e-3}.sample(scores, noise);
  EXPECT_LT(warm.probability.maxCoeff(), 0.4);
  gradients::expect_close(cold.probability, GumbelSoftmax<double>::hard(warm), 1e-12, "y");
}

TEST(GumbelSoftmax, WhatIsNotSeenIsNotPicked) {
  double const infinity = std::numeric_limits<double>::infinity();
  GumbelSoftmax<double> const relaxed{0.5};
  auto const y = relaxed.sample(Vector{{0, -infinity}}, Vector{{1, 9}});
  EXPECT_EQ(y.probability, (Vector{{1, 0}}));
  EXPECT_EQ(relaxed.backward(y, Vector{{1, std::nan("")}}), (Vector{{0, 0}}));
  auto const blind = relaxed.sample(Vector{{-infinity}}, Vector{{1.0}});
  EXPECT_EQ(GumbelSoftmax<double>::hard(blind), Vector::Zero(1));
}

TEST(GumbelSoftmax, RefusesWhatDoesNotFit) {
  EXPECT_THROW((void)(GumbelSoftmax<double>{0}.sample(Vector{{1.0}}, Vector{{1.0}})), attend::Error);
  EXPECT_THROW((void)(GumbelSoftmax<double>{-1}.backward(Categorical(Vector{{1.0}}), Vector{{1.0}})), attend::Error);
  EXPECT_THROW((void)(GumbelSoftmax<double>{1}.sample(Vector{{1.0}}, Vector{{1, 2}})), attend::Error);
}

}  // namespace gumbel_softmax_tests
