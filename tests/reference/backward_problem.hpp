#pragma once

#include <attend/reference/backward.hpp>
#include <attend/testing/check_gradient.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <tuple>

/// What the tests of the reference's gradients share.

namespace attend_test {

namespace at = attend;

/// The dense formulas with the face of at::Attention, forward in long double so that differences are exact.
template <class... Policies>
class DenseAttention {
 public:
  explicit DenseAttention(Policies... policies) : policies_(std::move(policies)...) {}

  [[nodiscard]] std::tuple<Policies...> const& policies() const { return policies_; }
  [[nodiscard]] auto forward(Eigen::MatrixXd const& q, Eigen::MatrixXd const& k, Eigen::MatrixXd const& v) const {
    return std::apply([&](auto const&... policy) { return at::reference::forward<long double>(q, k, v, policy...); },
                      policies_);
  }
  template <class Kept>
  [[nodiscard]] auto backward(Eigen::MatrixXd const& q, Eigen::MatrixXd const& k, Eigen::MatrixXd const& v, Kept const&,
                              Eigen::MatrixXd const& d_output) const {
    return std::apply([&](auto const&... policy) { return at::reference::backward(q, k, v, d_output, policy...); },
                      policies_);
  }

 private:
  std::tuple<Policies...> policies_;
};

[[nodiscard]] inline Eigen::MatrixXd random(at::Index rows, at::Index columns, std::uint64_t seed) {
  return at::testing::detail::random_matrix(rows, columns, seed);
}

/// 5 queries, 7 keys, 3 features, 2 of a value.
struct BackwardProblem {
  Eigen::MatrixXd q = 1.5 * random(5, 3, 11), k = 1.5 * random(7, 3, 12), v = random(7, 2, 13);
  Eigen::MatrixXd d_output = random(5, 2, 14);
};

template <class... Policies>
void expect_gradient(std::string const& name, Policies const&... policies) {
  SCOPED_TRACE(name);
  BackwardProblem const x;
  at::testing::GradientReport const report =
      at::testing::check_gradient(DenseAttention<Policies...>(policies...), x.q, x.k, x.v);
  EXPECT_TRUE(report.passed(1e-6)) << report;
}

}  // namespace attend_test
