#include <attend/normalize/softplus.hpp>

#include "normalize/pointwise.hpp"

namespace softplus_tests {

using attend::NormalizedSoftplus;
using attend::Softplus;
using rows::reference;

TEST(Softplus, ByHand) {
  auto const row = reference(Softplus{}, std::vector<double>{0, std::log(3.0), -std::log(3.0)});
  EXPECT_NEAR(row.weights(0), std::log(2.0), 1e-15);
  EXPECT_NEAR(row.weights(1), std::log(4.0), 1e-15);
  EXPECT_NEAR(row.weights(2), std::log(4.0 / 3), 1e-15);
}

TEST(Softplus, NormalizedByHand) {
  auto const row = reference(NormalizedSoftplus{}, std::vector<double>{0, std::log(3.0)});  // log 2 and 2·log 2
  EXPECT_NEAR(row.weights(0), 1.0 / 3, 1e-15);
  EXPECT_NEAR(row.weights(1), 2.0 / 3, 1e-15);
  EXPECT_NEAR(row.log_sum_exp, std::log(3 * std::log(2.0)), 1e-15);
}

TEST(Softplus, KeepsDigitsFarBelowZero) {
  auto const row = reference(Softplus{}, std::vector<double>{-40, -300});
  EXPECT_NEAR(row.weights(0) / std::exp(-40.0), 1, 1e-15);
  EXPECT_NEAR(row.weights(1) / std::exp(-300.0), 1, 1e-15);
}

TEST(Softplus, KeepsTheContract) {
  rows::expect_pointwise<float>(Softplus{});
  rows::expect_pointwise<double>(Softplus{});
  rows::expect_pointwise<float>(NormalizedSoftplus{});
  rows::expect_pointwise<double>(NormalizedSoftplus{});
}

}  // namespace softplus_tests
