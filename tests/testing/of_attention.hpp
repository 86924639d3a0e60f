#pragma once

#include <attend/attention.hpp>
#include <attend/testing/check_gradient.hpp>

#include <gtest/gtest.h>

#include <string>

/// The checker on the front door: gradients of the kernel.

namespace attend_test {

namespace at = attend;
using at::testing::detail::random_matrix;

/// 7 queries and 37 keys (some whole vectors and a rest), 5 features, 3 of a value.
template <class... Policies>
void expect_kernel_gradient(std::string const& name, Policies const&... policies) {
  SCOPED_TRACE(name);
  Eigen::MatrixXd const q = random_matrix(7, 5, 1), k = random_matrix(37, 5, 2), v = random_matrix(37, 3, 3);
  auto const report = at::testing::check_gradient(at::Attention{policies...}, q, k, v);
  EXPECT_TRUE(report.passed()) << report;
}

}  // namespace attend_test
