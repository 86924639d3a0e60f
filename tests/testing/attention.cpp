// The checker on the front door: gradients of the kernel, by the parameters of every adjuster and of a similarity and a
// normaliser that learn. What other kernels' gradients must be is laid down in tests/laws.

#include <attend/attention.hpp>
#include <attend/mask.hpp>
#include <attend/normalize.hpp>
#include <attend/score.hpp>
#include <attend/testing/check_gradient.hpp>

#include <gtest/gtest.h>

namespace attention_tests {

namespace at = attend;
using at::testing::detail::random_matrix;

TEST(CheckGradient, OfTheKernelByEveryParameter) {
  // 7 queries and 19 keys (some whole vectors and a rest), 5 features, 3 of a value.
  Eigen::MatrixXd const q = random_matrix(7, 5, 1), k = random_matrix(19, 5, 2), v = random_matrix(19, 3, 3);
  at::Additive<double> const additive{random_matrix(6, 5, 4), random_matrix(6, 5, 5), random_matrix(6, 1, 6),
                                      random_matrix(6, 1, 7)};
  at::Attention const op{at::Causal{},
                         additive,
                         at::Alibi{0.1},
                         at::Bias{random_matrix(7, 19, 8)},
                         at::SoftCap{2},
                         at::RelativeBias{random_matrix(1, 9, 9)},
                         at::T5Bias{random_matrix(8, 1, 10)},
                         at::Gaussian{8.5, 5.0},
                         [](auto score, auto p) { return at::tanh(score) - score * (p.key - p.query) / 100; },
                         at::Softmax{.temperature = 0.7, .sinks = {0.3}}};
  auto const report = at::testing::check_gradient(op, q, k, v);
  EXPECT_TRUE(report.passed()) << report;
  EXPECT_EQ(report.entries, 35 + 95 + 57 + (30 + 30 + 6 + 6) + 1 + 133 + 9 + 8 + 2 + 2);
}

/// A similarity that is no product, and a normaliser that sees whole rows.
TEST(CheckGradient, OfTheKernelByDistancesUnderEntmax) {
  Eigen::MatrixXd const q = random_matrix(7, 5, 1), k = random_matrix(19, 5, 2), v = random_matrix(19, 3, 3);
  at::Attention const op{at::Euclidean{0.4}, at::Entmax{1.3}};
  auto const report = at::testing::check_gradient(op, q, k, v);
  EXPECT_TRUE(report.passed()) << report;
  EXPECT_EQ(report.entries, 35 + 95 + 57 + 1 + 1);
}

}  // namespace attention_tests
