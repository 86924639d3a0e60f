#include <attend/testing.hpp>

#include "reference/backward_problem.hpp"

#include <attend/mask.hpp>
#include <attend/normalize.hpp>
#include <attend/score.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <sstream>
#include <string>

namespace check_gradient_tests {

using namespace attend_test;
namespace testing_ = at::testing;
using Matrix = at::Matrix<double>;

TEST(CentralDifference, OfKnownFunctions) {
  auto const error = [](auto const& f, double expected, double magnitude = 1) {
    return std::abs(testing_::central_difference(f, magnitude) - expected);
  };
  EXPECT_LT(error([](double x) { return std::exp(x); }, 1), 1e-10);
  EXPECT_LT(error([](double x) { return std::sin(3 * (x + 0.2)); }, 3 * std::cos(0.6)), 1e-10);
  EXPECT_LT(error([](double x) { return std::tanh(20 * x + 0.3); }, 20 * (1 - std::pow(std::tanh(0.3), 2))), 1e-8);
  EXPECT_LT(error([](double x) { return (1e6 + x) * (1e6 + x); }, 2e6, 1e6), 1e-4);
  EXPECT_EQ(error([](double) { return 4.0; }, 0), 0);
}

TEST(CentralDifference, AKinkCloseByIsSteppedAround) {
  for (double const distance : {1e-3, 5e-5, 1e-5, 3e-6})
    EXPECT_NEAR(testing_::central_difference([&](double x) { return std::abs(x + distance) + 2 * x; }), 3, 1e-9)
        << distance;
}

/// Σ a_ij x_ij² / 2 has the gradient a ∘ x.
TEST(CompareGradient, OfAKnownFunction) {
  Matrix const a = random(3, 4, 1), x = random(3, 4, 2);
  auto const loss = [&](Matrix const& y) { return (a.array() * y.array().square()).sum() / 2; };
  Matrix gradient = a.cwiseProduct(x);
  auto const right = testing_::compare_gradient("x", x, gradient, loss);
  EXPECT_TRUE(right.passed(1e-9)) << right;
  EXPECT_EQ(right.entries, 12);

  gradient(2, 1) += 1e-5;
  auto const wrong = testing_::compare_gradient("x", x, gradient, loss);
  EXPECT_FALSE(wrong.passed());
  EXPECT_EQ(wrong.entry, "x(2, 1)");
  EXPECT_EQ(wrong.analytic, gradient(2, 1));
  EXPECT_NEAR(wrong.numeric, a(2, 1) * x(2, 1), 1e-10);
  EXPECT_NEAR(wrong.error, 1e-5 / gradient.cwiseAbs().maxCoeff(), 1e-9);

  gradient(0, 3) = std::nan("");
  EXPECT_EQ(testing_::compare_gradient("x", x, gradient, loss).entry, "x(0, 3)");
  EXPECT_FALSE(testing_::compare_gradient("x", x, gradient, loss).passed(1e300));
  EXPECT_THROW((void)testing_::compare_gradient("x", x, Matrix(4, 3), loss), at::Error);
}

TEST(CompareGradient, OfAnObjectsParameters) {
  at::Bilinear<double> const score{random(2, 3, 3)};
  auto const loss = [](at::Bilinear<double> const& s) { return s.w.array().cube().sum(); };
  at::Bilinear<double> gradient = at::zeros_like(score);
  gradient.w = 3 * score.w.array().square();
  auto const right = testing_::compare_parameters("score", score, gradient, loss);
  EXPECT_TRUE(right.passed(1e-9)) << right;
  EXPECT_EQ(right.entries, 6);
  gradient.w(1, 2) = -gradient.w(1, 2);
  auto const wrong = testing_::compare_parameters("score", score, gradient, loss);
  EXPECT_FALSE(wrong.passed());
  EXPECT_EQ(wrong.entry, "score.w[5]");
}

TEST(GradientReport, IsASentence) {
  testing_::GradientReport report;
  EXPECT_FALSE(report.passed());
  EXPECT_EQ(report.sentence(), "No entry was compared.");
  report.add({1e-9, "key(3, 1)", 2, 2, 1});
  report.add({0.5, "Additive.w[7]", 1.5, -0.25, 1});
  report.add({0, "value(0, 0)", 1, 1, 1});
  std::ostringstream out;
  out << report;
  EXPECT_EQ(out.str(),
            "The worst of 3 entries is Additive.w[7]: 1.5 by the gradient, -0.25 by differences, relative error 0.5.");
  EXPECT_TRUE(report.passed(0.5));
  EXPECT_FALSE(report.passed(0.4));
}

template <class Spoil>
class SpoiltAttention : public DenseAttention<at::Additive<double>, at::Softmax> {
 public:
  using Right = DenseAttention<at::Additive<double>, at::Softmax>;
  using Right::Right;

  Spoil const* spoil = nullptr;

  template <class... Arrays>
  [[nodiscard]] auto backward(Arrays const&... arrays) const {
    auto gradient = Right::backward(arrays...);
    (*spoil)(gradient);
    return gradient;
  }
};

/// The entry that the checker names when `spoil` changes a right gradient.
template <class Spoil>
std::string worst_entry(Spoil const& spoil) {
  SpoiltAttention<Spoil> op(at::Additive<double>{random(4, 3, 22), random(4, 3, 23), random(4, 1, 24)},
                            at::Softmax{.sinks = {0.2}});
  op.spoil = &spoil;
  BackwardProblem const x;
  auto const report = testing_::check_gradient(op, x.q, x.k, x.v);
  EXPECT_EQ(report.entries, 15 + 21 + 14 + 12 + 12 + 4 + 0 + 2);
  return report.passed() ? "passed" : report.entry;
}

TEST(CheckGradient, FindsAndNamesAPlantedFault) {
  EXPECT_EQ(worst_entry([](auto&) {}), "passed");
  EXPECT_EQ(worst_entry([](auto& g) { g.query(4, 2) *= 1.01; }), "query(4, 2)");
  EXPECT_EQ(worst_entry([](auto& g) { g.key(3, 1) += 1e-5; }), "key(3, 1)");
  EXPECT_EQ(worst_entry([](auto& g) { g.value(6, 0) = 0; }), "value(6, 0)");
  EXPECT_EQ(worst_entry([](auto& g) { std::get<0>(g.policies).w(2, 1) = std::nan(""); }), "Additive.w[7]");
  EXPECT_EQ(worst_entry([](auto& g) { std::get<0>(g.policies).a(3) *= -1; }), "Additive.a[3]");
  EXPECT_EQ(worst_entry([](auto& g) { std::get<1>(g.policies).temperature *= 1.001; }), "Softmax.temperature[0]");
  EXPECT_EQ(worst_entry([](auto& g) { std::get<1>(g.policies).sinks[0] += 0.1; }), "Softmax.sinks[0]");
}

TEST(CheckGradient, LooksPastPoliciesThatDoNotLearn) {
  BackwardProblem const x;
  DenseAttention const op(
      at::Causal{}, at::Bias{random(5, 7, 31)}, [](auto score, auto) { return score; }, at::Alibi{0.2});
  auto const report = testing_::check_gradient(op, x.q, x.k, x.v);
  EXPECT_TRUE(report.passed()) << report;
  EXPECT_EQ(report.entries, 15 + 21 + 14 + 35 + 1);
}

}  // namespace check_gradient_tests
