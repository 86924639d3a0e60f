#include <attend/layer/activate.hpp>
#include <attend/layer/activation_kinds.hpp>

#include "central_differences.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace activation_kinds_tests {

using namespace central;
using attend::activate;
using attend::activate_backward;

template <class Activation>
struct ActivationKinds : testing::Test {};
using Kinds = testing::Types<attend::Rectifier, attend::Gelu, attend::GeluTanh, attend::Silu>;
TYPED_TEST_SUITE(ActivationKinds, Kinds);

TYPED_TEST(ActivationKinds, GradientsAreCentralDifferences) {
  Matrix<double> x = 4 * numbers(6, 11, 1);
  Matrix<double> const d_y = numbers(6, 11, 2);
  expect_gradient("x", x, activate_backward(TypeParam{}, x, d_y),
                  [&] { return weighted(activate(TypeParam{}, x), d_y); });
}

template <class Scalar, class Activation>
void expect_limits(Activation const& f) {
  using Limits = std::numeric_limits<Scalar>;
  Matrix<Scalar> x(1, 9);
  x << -Limits::infinity(), Limits::lowest(), -100, Scalar(-0.), 0, 100, Limits::max(), Limits::infinity(),
      Limits::quiet_NaN();
  Matrix<Scalar> const y = activate(f, x), slope = activate_backward(f, x, Matrix<Scalar>::Ones(1, 9));
  for (Index j = 0; j < 5; ++j) EXPECT_LE(std::abs(y(0, j)), 1e-40) << x(0, j);
  for (Index j = 5; j < 8; ++j) EXPECT_EQ(y(0, j), x(0, j));
  for (Index j = 0; j < 3; ++j) EXPECT_LE(std::abs(slope(0, j)), 1e-40) << x(0, j);
  for (Index j = 5; j < 8; ++j) EXPECT_EQ(slope(0, j), 1) << x(0, j);
  EXPECT_TRUE(std::isnan(y(0, 8)));
}

TYPED_TEST(ActivationKinds, AreZeroFarBelowAndTheIdentityFarAbove) {
  expect_limits<float>(TypeParam{});
  expect_limits<double>(TypeParam{});
}

/// The largest error against long double, in ulp of the right value; of slopes, which have zeros, in ulp of 1.
template <class Scalar, class Activation>
struct Errors {
  double value = 0, slope = 0;

  Errors(double lowest, double highest) {
    Index const count = 40000;
    Matrix<Scalar> x(1, count);
    for (Index j = 0; j < count; ++j)
      x(0, j) = static_cast<Scalar>(lowest + (highest - lowest) * attend::uniform(1, 0, 0, 0, j));
    Matrix<long double> const wide = x.template cast<long double>();
    Matrix<Scalar> const y = activate(Activation{}, x),
                         d = activate_backward(Activation{}, x, Matrix<Scalar>::Ones(1, count));
    Matrix<long double> const right = activate(Activation{}, wide);
    Matrix<long double> const d_right = activate_backward(Activation{}, wide, Matrix<long double>::Ones(1, count));
    for (Index j = 0; j < count; ++j) {
      long double const ulp = std::numeric_limits<Scalar>::epsilon();
      int exponent = 0;
      std::frexp(right(0, j), &exponent);
      if (right(0, j) != 0)
        value = std::max(value, static_cast<double>(std::abs(static_cast<long double>(y(0, j)) - right(0, j)) / ulp /
                                                    std::ldexp(1.0L, exponent - 1)));
      slope = std::max(slope, static_cast<double>(std::abs(static_cast<long double>(d(0, j)) - d_right(0, j)) / ulp));
    }
  }
};

TEST(Gelu, IsRightToSixUlpInTheTailToo) {
  Errors<float, attend::Gelu> const of_floats(-12, 12);
  Errors<double, attend::Gelu> const of_doubles(-36, 12);
  EXPECT_LE(of_floats.value, 6);
  EXPECT_LE(of_doubles.value, 6);
  EXPECT_LE(of_floats.slope, 1.5);
  EXPECT_LE(of_doubles.slope, 1.5);
}

TEST(Silu, IsRightToThreeAndAHalfUlpInTheTailToo) {
  Errors<float, attend::Silu> const of_floats(-80, 12);
  Errors<double, attend::Silu> const of_doubles(-700, 12);
  EXPECT_LE(of_floats.value, 3.5);
  EXPECT_LE(of_doubles.value, 3.5);
  EXPECT_LE(of_floats.slope, 1.5);
  EXPECT_LE(of_doubles.slope, 1.5);
}

TEST(GeluTanh, IsRightToFourteenUlpFromMinusThreeUp) {
  // The argument of σ, rounded, weighs by its size: 8 where σ(u) is 0.0003.
  Errors<float, attend::GeluTanh> const of_floats(-3, 12);
  Errors<double, attend::GeluTanh> const of_doubles(-3, 12);
  EXPECT_LE(of_floats.value, 14);
  EXPECT_LE(of_doubles.value, 14);
  EXPECT_LE(of_floats.slope, 2);
  EXPECT_LE(of_doubles.slope, 2);
}

}  // namespace activation_kinds_tests
