// Any scalar that Eigen can hold: wider ones, and those of foreign automatic differentiation.

#include <attend/reference/attention.hpp>

#include <attend/mask.hpp>
#include <attend/normalize.hpp>
#include <attend/score.hpp>

#include <gtest/gtest.h>
#include <unsupported/Eigen/AutoDiff>
#if __has_include(<ceres/jet.h>)
#include <ceres/jet.h>
#endif

#include <cmath>

namespace scalars_tests {

namespace at = attend;
namespace reference = attend::reference;
using at::Index;
using Eigen::MatrixXd;

// In the functions below a scalar's own are found by its type, those of plain numbers by these names.
using at::abs, at::exp, at::log, at::sqrt, at::tanh;

MatrixXd random(Index rows, Index columns, unsigned seed) {
  std::srand(seed);
  return MatrixXd::Random(rows, columns);
}

/// Calls check(policies…) for every similarity with every normaliser, and some adjusters and masks.
template <class Check>
void for_each_kind(Check const& check) {
  auto const lambda = [](auto score, auto p) { return score - 0.25 * (p.query - p.key); };
  check(at::Softmax{.temperature = 0.8, .sinks = {0.2}}, lambda, at::Causal{});
  check(at::Sigmoid{}, at::Dot{}, at::SoftCap{2});
  check(at::NormalizedSigmoid{}, at::Bilinear<double>{random(3, 3, 7)});
  check(at::Softplus{}, at::Additive<double>{random(4, 3, 8), random(4, 3, 9), random(4, 1, 10)}, at::Alibi{0.3});
  check(at::NormalizedSoftplus{}, at::Concat<double>{random(4, 6, 8), random(4, 1, 10)});
  check(at::Relu{}, at::Cosine{2});
  check(at::NormalizedRelu{}, at::Cosine{2}, at::Bias{MatrixXd::Constant(4, 5, 3.0)});
  check(at::Sparsemax{}, at::Euclidean{0.5}, at::SlidingWindow{2, 1});
  check(at::Entmax15{}, at::L1{0.5});
  check(at::TopK{3}, at::Location<double>{random(5, 3, 11)});
  check(at::Softmax{}, at::FeatureWise{[](auto a, auto b, auto sum) { return sum + abs(a - b) * (a * a + b * b); },
                                       [](auto sum) { return 1.0 - 2.0 * tanh(sum / 4.0); }});
  check(at::Softmax{}, at::T5Bias<double>{random(8, 1, 12)}, at::Gaussian{1.5, 2}, [](auto score, auto p) {
    auto const bent = at::select(p.query - p.key > 2, score * score, log(exp(score) + 2.0));
    return bent * tanh(score) + sqrt(abs(score) + 1.0) - score * p.head + 0.1 * p.key;
  });
  check(at::Argmax{}, at::ScaledDot{2});
  check(at::GumbelMax{3}, at::ScaledDot{2});
}

MatrixXd const q = random(4, 3, 1), k = random(5, 3, 2), v = random(5, 2, 3);

TEST(ReferenceScalars, LongDoubleAgreesWithDouble) {
  for_each_kind([](auto const&... policies) {
    auto const wide = reference::forward<long double>(q, k, v, policies...);
    auto const plain = reference::forward(q, k, v, policies...);
    EXPECT_TRUE(wide.output.template cast<double>().isApprox(plain.output, 1e-14));
    EXPECT_TRUE(wide.log_sum_exp.template cast<double>().isApprox(plain.log_sum_exp, 1e-14));
  });
}

TEST(ReferenceScalars, FloatAgreesWithDouble) {
  for_each_kind([](auto const&... policies) {
    MatrixXd const plain = reference::attention(q, k, v, policies...);
    auto const narrow = reference::attention(q.cast<float>(), k.cast<float>(), v.cast<float>(), policies...);
    EXPECT_TRUE(narrow.template cast<double>().isApprox(plain, 1e-5));
  });
}

/// The derivative of every output along one direction of q, k and v together, as central differences give it.
MatrixXd along(MatrixXd const& dq, MatrixXd const& dk, MatrixXd const& dv, auto const&... policies) {
  double const step = 1e-5;
  MatrixXd const after = reference::attention(q + step * dq, k + step * dk, v + step * dv, policies...);
  MatrixXd const before = reference::attention(q - step * dq, k - step * dk, v - step * dv, policies...);
  return (after - before) / (2 * step);
}

/// Compares what a foreign scalar carries along. `dual(x, dx)` makes one, `derivative(y)` reads it.
template <class Dual>
void expect_derivatives(auto const& dual, auto const& derivative) {
  MatrixXd const dq = random(4, 3, 4), dk = random(5, 3, 5), dv = random(5, 2, 6);
  using Matrix = Eigen::Matrix<Dual, Eigen::Dynamic, Eigen::Dynamic>;
  auto const moving = [&](MatrixXd const& x, MatrixXd const& dx) {
    return Matrix::NullaryExpr(x.rows(), x.cols(), [&](Index i, Index j) { return dual(x(i, j), dx(i, j)); }).eval();
  };
  Matrix const q_dual = moving(q, dq), k_dual = moving(k, dk), v_dual = moving(v, dv);
  for_each_kind([&](auto const&... policies) {
    auto const out = reference::attention(q_dual, k_dual, v_dual, policies...);
    MatrixXd const wanted = along(dq, dk, dv, policies...);
    for (Index i = 0; i < wanted.rows(); ++i)
      for (Index f = 0; f < wanted.cols(); ++f) EXPECT_NEAR(derivative(out(i, f)), wanted(i, f), 1e-8);
  });
}

TEST(ReferenceScalars, EigenAutoDiffCarriesDerivatives) {
  using Dual = Eigen::AutoDiffScalar<Eigen::Matrix<double, 1, 1>>;
  expect_derivatives<Dual>([](double x, double dx) { return Dual(x, Eigen::Matrix<double, 1, 1>(dx)); },
                           [](Dual const& y) { return y.derivatives()(0); });
}

#if __has_include(<ceres/jet.h>)
TEST(ReferenceScalars, CeresJetCarriesDerivatives) {
  using Dual = ceres::Jet<double, 1>;
  expect_derivatives<Dual>([](double x, double dx) { return Dual(x, Eigen::Matrix<double, 1, 1>(dx)); },
                           [](Dual const& y) { return y.v(0); });
}
#endif

}  // namespace scalars_tests
