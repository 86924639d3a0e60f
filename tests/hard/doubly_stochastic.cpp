#include <attend/hard/doubly_stochastic.hpp>

#include "hard/gradients.hpp"

namespace doubly_stochastic_tests {

using attend::DoublyStochastic;
using gradients::Matrix;

TEST(DoublyStochastic, IsTheSquareOfWhatEachLocationMisses) {
  DoublyStochastic<double> const penalty{2};
  EXPECT_DOUBLE_EQ(penalty.value(Matrix{{0.5, 0.5, 0}, {0.75, 0, 0.25}}), 2 * (0.0625 + 0.25 + 0.5625));
  EXPECT_EQ(penalty.value(Matrix{{1, 0}, {0, 1}}), 0);
  EXPECT_EQ(penalty.value(Matrix(0, 3)), 6);
}

TEST(DoublyStochastic, ItsGradientIsThatOfDifferences) {
  DoublyStochastic<double> const penalty{0.7};
  Matrix const alpha = gradients::normal(4, 5, 1);
  gradients::expect_gradient(penalty.gradient(alpha), alpha, [&](Matrix const& a) { return penalty.value(a); }, "α");
  EXPECT_EQ(penalty.gradient(Matrix{{1, 0}, {0, 1}}), Matrix::Zero(2, 2));
  EXPECT_EQ(penalty.gradient(Matrix(0, 3)).rows(), 0);
}

}  // namespace doubly_stochastic_tests
