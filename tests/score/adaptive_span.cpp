#include <attend/attention.hpp>
#include <attend/mask/causal.hpp>
#include <attend/mask/sliding_window.hpp>
#include <attend/score/adaptive_span.hpp>
#include <attend/testing/check_gradient.hpp>

#include <gtest/gtest.h>

#include <cmath>

namespace adaptive_span_tests {

using namespace attend;
namespace gradients = attend::testing;

/// As Sukhbaatar writes it: a mask that multiplies the exponentials.
TEST(AdaptiveSpan, IsASoftMaskOnTheExponentials) {
  Matrix<double> const q = gradients::detail::random_matrix(40, 3, 1), k = gradients::detail::random_matrix(40, 3, 2);
  for (double const span : {-3.0, 0.0, 4.5, 100.0}) {
    AdaptiveSpan const adaptive(span, 6);
    Matrix<double> const w = Attention{adaptive, Causal{}}.weights(q, k);
    for (Index i = 0; i < 40; ++i) {
      Vector<double> expected = Vector<double>::Zero(40);
      for (Index j = 0; j <= i; ++j)
        expected(j) = std::min(std::max((6 + span - double(i - j)) / 6, 0.0), 1.0) *
                      std::exp(q.row(i).dot(k.row(j)) / std::sqrt(3.0));
      expected /= expected.sum();
      EXPECT_LE((w.row(i).transpose() - expected).cwiseAbs().maxCoeff(), 1e-14) << "span " << span << ", row " << i;
    }
    // What the window leaves out has no weight.
    EXPECT_EQ((Attention{adaptive, SlidingWindow{adaptive.window(), 0}}.weights(q, k) - w).cwiseAbs().maxCoeff(), 0);
  }
}

TEST(AdaptiveSpan, LearnsItsSpan) {
  Matrix<double> const q = gradients::detail::random_matrix(12, 3, 1), k = gradients::detail::random_matrix(17, 3, 2),
                       v = gradients::detail::random_matrix(17, 2, 3);
  for (double const span : {-1.3, 0.4, 3.7})
    EXPECT_TRUE(gradients::check_gradient(Attention{AdaptiveSpan(span, 5), Causal{}}, q, k, v).passed(1e-6));
}

TEST(AdaptiveSpan, RefusesWhatDoesNotFit) {
  Eigen::MatrixXf const x = Eigen::MatrixXf::Zero(2, 2);
  EXPECT_THROW((void)attention(x, x, x, AdaptiveSpan(1, 0)), Error);
  EXPECT_THROW((void)attention(x, x, x, AdaptiveSpan(std::nan(""))), Error);
  EXPECT_THROW((void)attention(x, x, x, AdaptiveSpan(std::vector<double>{1, 2})), Error);
}

}  // namespace adaptive_span_tests
