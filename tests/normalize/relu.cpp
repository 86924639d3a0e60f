#include <attend/normalize/relu.hpp>

#include "normalize/pointwise.hpp"

namespace relu_tests {

using attend::NormalizedRelu;
using attend::Relu;
using rows::reference;

TEST(Relu, ByHand) {
  EXPECT_EQ(reference(Relu{}, std::vector<double>{-2, 0, 3}).weights, Eigen::Vector3d(0, 0, 3));
  auto const row = reference(NormalizedRelu{}, std::vector<double>{-2, 1, 3});
  EXPECT_EQ(row.weights, Eigen::Vector3d(0, 0.25, 0.75));
  EXPECT_EQ(row.log_sum_exp, std::log(4.0));
}

TEST(Relu, WithoutAPositiveScoreTheRowIsZero) {
  auto const row = reference(NormalizedRelu{}, std::vector<double>{-2, 0, -3});
  EXPECT_EQ(row.weights, Eigen::Vector3d::Zero());
  EXPECT_EQ(row.log_sum_exp, -rows::infinity<double>);
}

TEST(Relu, KeepsTheContract) {
  rows::expect_pointwise<float>(Relu{});
  rows::expect_pointwise<double>(Relu{});
  rows::expect_pointwise<float>(NormalizedRelu{});
  rows::expect_pointwise<double>(NormalizedRelu{});
}

}  // namespace relu_tests
