#include <attend/hard/monotonic_attention.hpp>

#include <attend/hard/gaussian_noise.hpp>
#include <attend/hard/sparse_weights.hpp>

#include "hard/gradients.hpp"

#include <limits>

namespace monotonic_attention_tests {

using attend::Index;
using attend::MonotonicAttention;
using gradients::Matrix;
using gradients::Vector;

double const infinity = std::numeric_limits<double>::infinity();

/// The probability of each walk, tried one by one: equation 8 in words. A walk is at key `from` and looks at key j.
void walk_on(Matrix const& p, Index i, Index from, double probability, Matrix& alpha) {
  if (i == p.rows()) return;
  for (Index j = from; j < p.cols(); ++j) {
    alpha(i, j) += probability * p(i, j);
    walk_on(p, i + 1, j, probability * p(i, j), alpha);
    probability *= 1 - p(i, j);
  }
}

Matrix by_all_walks(Matrix const& energies, double bias) {
  Matrix const p = (1 + (-(energies.array() + bias)).exp()).inverse().matrix();
  Matrix alpha = Matrix::Zero(p.rows(), p.cols());
  walk_on(p, 0, 0, 1, alpha);
  return alpha;
}

TEST(MonotonicAttention, WeightsAreTheProbabilitiesOfAllWalks) {
  for (unsigned seed = 1; seed <= 5; ++seed)
    for (Index n : {1, 2, 4})
      for (Index m : {1, 2, 6}) {
        Matrix const energies = gradients::normal(n, m, seed);
        MonotonicAttention<double> const attention{-0.5};
        Matrix const wanted = by_all_walks(energies, -0.5);
        gradients::expect_close(attention.forward(energies).weights, wanted, 1e-14, "recursion");
        gradients::expect_close(attention.forward_parallel(energies).weights, wanted, 1e-14, "sums");
      }
}

/// Equation 9 itself divides by p, which works where p is not small.
TEST(MonotonicAttention, IsEquation9WithoutItsDivision) {
  Matrix const energies = gradients::normal(5, 7, 3);
  MonotonicAttention<double> const attention{1};
  Matrix const found = attention.forward(energies).weights;
  auto const p = [&](Index i, Index j) { return 1 / (1 + std::exp(-energies(i, j) - 1)); };
  Matrix alpha(5, 7);
  for (Index i = 0; i < 5; ++i)
    for (Index j = 0; j < 7; ++j) {
      double const before = i > 0 ? alpha(i - 1, j) : j == 0 ? 1 : 0;
      alpha(i, j) = p(i, j) * ((j > 0 ? (1 - p(i, j - 1)) * alpha(i, j - 1) / p(i, j - 1) : 0) + before);
    }
  gradients::expect_close(found, alpha, 1e-14, "equation 9");
}

/// Rounding: the recursion adds m times; the sums take exp of numbers up to |log c_m| = Σ softplus(e), where one unit
/// of the last place is that many ε.
TEST(MonotonicAttention, SumsAgreeWithTheRecursionWhereProductsUnderflow) {
  double const epsilon = std::numeric_limits<double>::epsilon();
  for (double const scale : {1.0, 10.0, 100.0}) {
    Index const n = 20, m = 500;
    Matrix const energies = scale * gradients::normal(n, m, 4);
    MonotonicAttention<double> const attention{-1};
    Matrix const a = attention.forward(energies).weights, b = attention.forward_parallel(energies).weights;
    Vector const log_c = (energies.array() - 1).unaryExpr([](double e) { return attend::softplus(e); }).rowwise().sum();
    // Errors of a row are handed on to the next.
    double const bound = 8 * n * epsilon * (static_cast<double>(m) + log_c.maxCoeff());
    ASSERT_GT(log_c.maxCoeff(), scale > 1 ? 745.0 : 200.0);  // exp(−745) is 0
    for (Index i = 0; i < n; ++i)
      for (Index j = 0; j < m; ++j)
        ASSERT_NEAR(a(i, j), b(i, j), bound * std::max(a(i, j), 1e-300)) << scale << ": " << i << ", " << j;
  }
}

TEST(MonotonicAttention, ItsGradientsAreThoseOfDifferences) {
  for (Index n : {1, 4})
    for (Index m : {1, 2, 7}) {
      MonotonicAttention<double> const attention{-0.3};
      Matrix const energies = gradients::normal(n, m, 5), d_weights = gradients::normal(n, m, 6);
      Vector const previous = gradients::normal(m, 7).cwiseAbs() / static_cast<double>(2 * m);
      MonotonicAttention<double> gradient = zeros_like(attention);
      auto const found = attention.backward(attention.forward(energies, previous), d_weights, gradient);
      auto const loss = [&](MonotonicAttention<double> const& a, Matrix const& e, Vector const& start) {
        return a.forward(e, start).weights.cwiseProduct(d_weights).sum();
      };
      gradients::expect_gradient(
          found.energy, energies, [&](Matrix const& e) { return loss(attention, e, previous); }, "energies");
      gradients::expect_gradient(
          found.previous, previous, [&](Vector const& start) { return loss(attention, energies, start); }, "previous");
      gradients::expect_gradient(
          Vector{{gradient.score_bias}}, Vector{{-0.3}},
          [&](Vector const& r) { return loss({r(0)}, energies, previous); }, "score bias");
    }
}

TEST(MonotonicAttention, GradientsStayFiniteWhereEnergiesSaturate) {
  MonotonicAttention<double> const attention{0};
  MonotonicAttention<double> gradient = zeros_like(attention);
  Matrix const energies = 1e4 * gradients::normal(6, 9, 8);
  auto const found = attention.backward(attention.forward(energies), gradients::normal(6, 9, 9), gradient);
  EXPECT_TRUE(found.energy.allFinite() && found.previous.allFinite());
}

TEST(MonotonicAttention, AWalkIsTheLimitOfSaturatedEnergies) {
  int passed = 0, stopped = 0;
  for (unsigned seed = 1; seed <= 50; ++seed) {
    Matrix const energies = gradients::normal(6, 8, seed).array() - 0.7;
    MonotonicAttention<double> const attention{0};
    std::vector<Index> const stops = attention.walk(energies);
    Matrix const wanted = attend::SparseWeights<double>::from_picks(stops, 8).dense();
    gradients::expect_close(attention.forward(1e6 * energies).weights, wanted, 1e-12, "recursion");
    gradients::expect_close(attention.forward_parallel(1e6 * energies).weights, wanted, 1e-9, "sums");
    for (Index const stop : stops) (stop < 0 ? passed : stopped) += 1;
  }
  EXPECT_GT(passed, 30);
  EXPECT_GT(stopped, 30);
}

TEST(MonotonicAttention, AWalkStartsWhereTheStepBeforeStopped) {
  MonotonicAttention<double> const attention{-1};
  Matrix const energies{{0, 3, 0, 3}, {3, 0, 0, 3}, {3, 3, 3, 3}, {3, 3, 3, 0.5}, {3, 3, 3, 3}};
  EXPECT_EQ(attention.walk(energies), (std::vector<Index>{1, 3, 3, -1, -1}));
  EXPECT_EQ(attention.walk(energies.bottomRows(3), 2), (std::vector<Index>{2, 2, 2}));
  EXPECT_EQ(attention.walk(energies, -1), (std::vector<Index>(5, -1)));
}

TEST(MonotonicAttention, AWalkPassesAKeyOfOneHalf) {
  MonotonicAttention<double> const attention{-1};
  EXPECT_EQ(attention.walk(Matrix{{1, 1, std::nextafter(1.0, 2.0), 3}}), (std::vector<Index>{2}));
}

TEST(MonotonicAttention, StepByStepIsTheWhole) {
  MonotonicAttention<float> const attention{-0.2f};
  attend::Matrix<float> const energies = gradients::normal(5, 9, 10).cast<float>();
  auto const whole = attention.forward(energies).weights;
  attend::Vector<float> previous = MonotonicAttention<float>::start(9);
  std::vector<Index> stops;
  Index key = 0;
  for (Index i = 0; i < 5; ++i) {
    auto const step = attention.forward(energies.middleRows(i, 1), previous).weights;
    EXPECT_EQ(step, whole.middleRows(i, 1));
    previous = step.row(0).transpose();
    stops.push_back(key = attention.walk(energies.middleRows(i, 1), key)[0]);
  }
  EXPECT_EQ(stops, attention.walk(energies));
}

TEST(MonotonicAttention, KeysThatAreNeverStoppedAt) {
  MonotonicAttention<double> const attention{-1};
  Matrix energies = gradients::normal(3, 5, 11);
  energies.col(2).setConstant(-infinity);
  Matrix const a = attention.forward(energies).weights, b = attention.forward_parallel(energies).weights;
  EXPECT_EQ(a.col(2), Vector::Zero(3));
  EXPECT_EQ(b.col(2), Vector::Zero(3));
  gradients::expect_close(b, a, 1e-13, "sums");
  MonotonicAttention<double> gradient = zeros_like(attention);
  EXPECT_TRUE(attention.backward(attention.forward(energies), Matrix::Ones(3, 5), gradient).energy.allFinite());
}

TEST(MonotonicAttention, NothingToWalkOver) {
  MonotonicAttention<double> const attention;
  EXPECT_EQ(attention.forward(Matrix(3, 0)).weights.cols(), 0);
  EXPECT_EQ(attention.forward_parallel(Matrix(0, 3)).weights.rows(), 0);
  EXPECT_EQ(attention.walk(Matrix(2, 0)), (std::vector<Index>{-1, -1}));
}

TEST(MonotonicAttention, ANegativeBiasWalksFurther) {
  Matrix const energies = gradients::normal(1, 30, 12);
  auto const mean_stop = [&](double bias) {
    Matrix const w = MonotonicAttention<double>{bias}.forward(energies).weights;
    return w.row(0).dot(Eigen::RowVectorXd::LinSpaced(30, 0, 29)) / w.sum();
  };
  EXPECT_GT(mean_stop(-2), mean_stop(0) + 2);
}

TEST(MonotonicAttention, RefusesWhatDoesNotFit) {
  MonotonicAttention<double> const attention;
  MonotonicAttention<double> gradient;
  EXPECT_THROW((void)attention.forward(Matrix(2, 3), Vector(4)), attend::Error);
  EXPECT_THROW((void)attention.backward(attention.forward(Matrix::Zero(2, 3)), Matrix(2, 4), gradient), attend::Error);
  EXPECT_THROW((void)attention.walk(Matrix::Zero(2, 3), 3), attend::Error);
  EXPECT_THROW((void)attention.walk(Matrix::Zero(2, 3), -2), attend::Error);
}

}  // namespace monotonic_attention_tests
