#include <attend/layer/initialize.hpp>
#include <attend/layer/linear.hpp>

#include "central_differences.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace initialize_tests {

using namespace central;
using attend::Linear;

/// Mean and variance of uniform numbers in ±bound, within four standard errors.
void expect_uniform(Matrix<double> const& x, double bound) {
  auto const count = static_cast<double>(x.size());
  EXPECT_LT(x.cwiseAbs().maxCoeff(), bound);
  EXPECT_GT(x.cwiseAbs().maxCoeff(), bound * (1 - 20 / count));
  EXPECT_NEAR(x.mean(), 0, 4 * bound / std::sqrt(3 * count));
  EXPECT_NEAR(x.squaredNorm() / count, bound * bound / 3, 4 * bound * bound * std::sqrt(4.0 / 45 / count));
}

TEST(Initialize, FillsUniformly) {
  Linear<double> layer(100, 80);
  attend::initialize_uniform(layer, 0.1, 5);
  expect_uniform(layer.weight, 0.1);
  EXPECT_GT(layer.bias.cwiseAbs().minCoeff(), 0);
  EXPECT_NE(layer.bias(0), layer.weight(0, 0));  // a stream a group
  attend::initialize_glorot(layer.weight, 6);
  expect_uniform(layer.weight, std::sqrt(6.0 / 180));
}

TEST(Initialize, DependsOnTheSeedAlone) {
  Linear<double> a(7, 5), b(7, 5), c(7, 5);
  Linear<float> f(7, 5);
  attend::initialize_uniform(a, 1, 3);
  attend::initialize_uniform(b, 1, 3);
  attend::initialize_uniform(c, 1, 4);
  attend::initialize_uniform(f, 1, 3);
  EXPECT_EQ(a.weight, b.weight);
  EXPECT_EQ(a.weight.cast<float>(), f.weight);
  EXPECT_NE(a.weight, c.weight);
}

TEST(Initialize, OrthogonalInEachGate) {
  attend::Matrix<double> gates = attend::Matrix<double>::Zero(3 * 48, 48), wide(5, 9), other(3 * 48, 48);
  attend::initialize_orthogonal(gates, 7);
  attend::initialize_orthogonal(wide, 7);
  attend::initialize_orthogonal(other, 8);
  for (Index gate = 0; gate < 3; ++gate) {
    attend::Matrix<double> const u = gates.middleRows(48 * gate, 48);
    EXPECT_LE((u * u.transpose() - attend::Matrix<double>::Identity(48, 48)).cwiseAbs().maxCoeff(), 1e-14);
  }
  EXPECT_LE((wide * wide.transpose() - attend::Matrix<double>::Identity(5, 5)).cwiseAbs().maxCoeff(), 1e-14);
  EXPECT_GT((gates.topRows(48) - gates.bottomRows(48)).cwiseAbs().maxCoeff(), 0.1);
  EXPECT_GT((gates - other).cwiseAbs().maxCoeff(), 0.1);
  // No direction is preferred: numbers of both signs, with the variance 1 / columns of a random direction.
  EXPECT_NEAR(gates.mean(), 0, 0.01);
  EXPECT_NEAR(gates.squaredNorm() / static_cast<double>(gates.size()), 1.0 / 48, 1e-12);
  attend::Matrix<float> narrow(3 * 48, 48);
  attend::initialize_orthogonal(narrow, 7);
  EXPECT_EQ(narrow, gates.cast<float>());
}

TEST(Initialize, WrongBoundsAreSentences) {
  Linear<float> layer(2, 2);
  expect_sentence([&] { attend::initialize_uniform(layer, -1, 0); }, {"-1", "0 or more"});
  expect_sentence([&] { attend::initialize_uniform(layer, std::numeric_limits<double>::quiet_NaN(), 0); }, {"nan"});
}

}  // namespace initialize_tests
