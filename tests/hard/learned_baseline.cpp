#include <attend/hard/learned_baseline.hpp>

#include "hard/gradients.hpp"

#include <Eigen/LU>

namespace learned_baseline_tests {

using attend::Index;
using attend::LearnedBaseline;
using gradients::Matrix;
using gradients::Vector;

LearnedBaseline<double> some_baseline() {
  LearnedBaseline<double> baseline(3);
  baseline.weight = Vector{{0.5, -1, 2}};
  baseline.bias = 0.25;
  return baseline;
}

TEST(LearnedBaseline, IsLinear) {
  EXPECT_EQ(some_baseline().values(Matrix{{1, 2, 3}, {0, 0, 0}}), (Vector{{0.5 - 2 + 6 + 0.25, 0.25}}));
}

TEST(LearnedBaseline, ItsGradientIsThatOfDifferences) {
  LearnedBaseline<double> const baseline = some_baseline();
  Matrix const x = gradients::normal(7, 3, 1);
  Vector const returns = gradients::normal(7, 2);
  LearnedBaseline<double> gradient = zeros_like(baseline), unused = gradient;
  double const loss = baseline.loss(x, returns, gradient);
  EXPECT_NEAR(loss, (baseline.values(x) - returns).squaredNorm() / 14, 1e-15);
  Vector all(4), found(4);
  all << baseline.weight, baseline.bias;
  found << gradient.weight, gradient.bias;
  gradients::expect_gradient(
      found, all,
      [&](Vector const& numbers) {
        LearnedBaseline<double> moved = baseline;
        moved.weight = numbers.head(3);
        moved.bias = numbers(3);
        return moved.loss(x, returns, unused);
      },
      "weight and bias");
}

TEST(LearnedBaseline, ADescentEndsAtLeastSquares) {
  Matrix const x = gradients::normal(40, 3, 3);
  Vector const returns = gradients::normal(40, 4);
  LearnedBaseline<double> baseline(3);
  for (int step = 0; step < 2000; ++step) {
    LearnedBaseline<double> gradient = zeros_like(baseline);
    (void)baseline.loss(x, returns, gradient);
    baseline.weight -= 0.3 * gradient.weight;
    baseline.bias -= 0.3 * gradient.bias;
  }
  Matrix with_one(40, 4);
  with_one << x, Vector::Ones(40);
  Vector const wanted = (with_one.transpose() * with_one).inverse() * with_one.transpose() * returns;
  gradients::expect_close(baseline.weight, Vector(wanted.head(3)), 1e-10, "weight");
  EXPECT_NEAR(baseline.bias, wanted(3), 1e-10);
}

TEST(LearnedBaseline, RefusesWhatDoesNotFit) {
  LearnedBaseline<double> const baseline = some_baseline();
  LearnedBaseline<double> gradient = zeros_like(baseline), other(2);
  EXPECT_THROW((void)baseline.values(Matrix(2, 4)), attend::Error);
  EXPECT_THROW((void)baseline.loss(Matrix(2, 3), Vector(3), gradient), attend::Error);
  EXPECT_THROW((void)baseline.loss(Matrix(0, 3), Vector(0), gradient), attend::Error);
  EXPECT_THROW((void)baseline.loss(Matrix(2, 3), Vector(2), other), attend::Error);
}

}  // namespace learned_baseline_tests
