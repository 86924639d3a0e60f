#include <attend/core/math.hpp>
#include <attend/core/ordinal.hpp>

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cmath>
#include <limits>
#include <type_traits>
#include <vector>

namespace ordinal_tests {

namespace at = attend;
using at::Index;
using at::Ordinal;

/// A foreign number, as ceres::Jet is: made from a double, with operators and functions of its own.
struct Foreign {
  double value;
  explicit Foreign(double x) : value(x) {}
  friend Foreign operator+(Foreign a, Foreign b) { return Foreign(a.value + b.value); }
  friend Foreign operator-(Foreign a, Foreign b) { return Foreign(a.value - b.value); }
  friend Foreign operator*(Foreign a, Foreign b) { return Foreign(a.value * b.value); }
  friend bool operator<(Foreign a, Foreign b) { return a.value < b.value; }
};

TEST(Ordinal, CountsAsAnInteger) {
  Ordinal const a = 7, b = 3;
  static_assert(std::is_same_v<decltype(a - b), Ordinal> && std::is_same_v<decltype(a + 1), Ordinal>);
  EXPECT_EQ(a - b, 4);
  EXPECT_EQ(2 * a + b, 17);
  EXPECT_EQ(a / b, 2);
  EXPECT_EQ(a % b, 1);
  EXPECT_EQ(-a, -7);
  EXPECT_EQ((a & b) | (a ^ b), 7);
  EXPECT_EQ((a << 2) + (a >> 1), 31);
  EXPECT_EQ(b - a, -4);
  EXPECT_EQ(a + std::size_t{1}, 8);
  EXPECT_EQ(a + 'a', 7 + 'a');
}

TEST(Ordinal, ComparesWithIntegersAndReals) {
  Ordinal const a = 7;
  EXPECT_TRUE(a == 7 && 7 == a && a != 8 && a < 8 && 6 < a && a <= Ordinal(7) && a >= 7 && a > Ordinal(-1));
  EXPECT_TRUE(a < 7.5 && 6.5f < a && a > 6.5 && 7.5 >= a && a <= 7.0f);
  EXPECT_FALSE(a < std::numeric_limits<double>::quiet_NaN());
}

TEST(Ordinal, TakesTheTypeOfTheRealItMeets) {
  Ordinal const a = 7;
  static_assert(std::is_same_v<decltype(0.5f * a), float> && std::is_same_v<decltype(a - 0.5), double>);
  static_assert(std::is_same_v<decltype(a * 1.0L), long double>);
  EXPECT_EQ(0.5f * (a - 2), 2.5f);
  EXPECT_EQ(1 / 4.0 * a, 1.75);
  EXPECT_EQ(a / 2.0, 3.5);
  Foreign const half(0.5);
  static_assert(std::is_same_v<decltype(a * half), Foreign>);
  EXPECT_EQ((a * half - (half + a)).value, 3.5 - 7.5);
  EXPECT_TRUE(half < a);
}

TEST(Ordinal, IndexesArraysAndFillsContainers) {
  std::array<int, 3> const numbers = {1, 2, 3};
  EXPECT_EQ(numbers[static_cast<std::size_t>(Index(Ordinal(2)))], 3);
  EXPECT_EQ(numbers.data()[Ordinal(1)], 2);
  std::vector<Ordinal> all;
  for (Index i = 0; i < 10; ++i) all.push_back(i);  // iterators of our types must stay what they are
  EXPECT_EQ(all.back(), 9);
}

TEST(Ordinal, LeavesOtherTypesAlone) {
  using namespace attend;  // as an impatient user would
  std::atomic<int> number{1};
  EXPECT_TRUE(number < 2 && 0 < number);
  std::vector<Ordinal> all(4);
  EXPECT_EQ(all.end() - all.begin(), 4);
  EXPECT_EQ(all.begin() + 1 - all.begin(), 1);
  EXPECT_TRUE(all.begin() < all.end());
}

TEST(Math, OfPlainNumbersIsThatOfTheStandardLibrary) {
  static_assert(std::is_same_v<decltype(at::exp(1.f)), float> && std::is_same_v<decltype(at::exp(1)), double>);
  static_assert(std::is_same_v<decltype(at::tanh(Ordinal(1))), double>);
  static_assert(std::is_same_v<decltype(at::max(Ordinal(1), 2.f)), float>);
  static_assert(std::is_same_v<decltype(at::max(Ordinal(1), 2)), Ordinal>);
  static_assert(std::is_same_v<decltype(0.1f * at::select(true, Ordinal(1), 0)), float>);  // no narrowing
  static_assert(std::is_same_v<decltype(at::fma(Ordinal(1), 2, 0.5f)), float>);
  EXPECT_EQ(at::fma(2, 3.5, Ordinal(4)), 11);
  EXPECT_EQ(at::exp(0.5), std::exp(0.5));
  EXPECT_EQ(at::log(Ordinal(5)), std::log(5.));
  EXPECT_EQ(at::tanh(0.25f), std::tanh(0.25f));
  EXPECT_EQ(at::sqrt(Ordinal(9)), 3);
  EXPECT_EQ(at::abs(-2.5), 2.5);
  EXPECT_EQ(at::abs(Ordinal(-3)), 3);
  EXPECT_EQ(at::max(2, 3.5), 3.5);
  EXPECT_EQ(at::min(Ordinal(2), 3.5), 2);
  EXPECT_EQ(at::select(true, 1, 2.5), 1.);
  EXPECT_EQ(at::select(false, Ordinal(1), 2.5f), 2.5f);
  EXPECT_EQ(at::select(false, Foreign(1), Foreign(2)).value, 2);
  EXPECT_EQ(at::select(true, 3.0, Foreign(2)).value, 3);
}

TEST(Math, DoesNotOverflowInSigmoidAndSoftplus) {
  for (double const x : {-1000., -30., -1e-3, 0., 1e-3, 30., 1000.}) {
    EXPECT_NEAR(at::sigmoid(x) + at::sigmoid(-x), 1, 1e-15);
    EXPECT_NEAR(at::softplus(x) - at::softplus(-x), x, 1e-13 * std::abs(x));
  }
  EXPECT_EQ(at::sigmoid(-1000.), 0);
  EXPECT_EQ(at::sigmoid(1000.f), 1);
  EXPECT_EQ(at::softplus(1000.), 1000);
  EXPECT_NEAR(at::softplus(-40.) / std::exp(-40.), 1, 1e-15);
  EXPECT_NEAR(at::softplus(Ordinal(0)), std::log(2.), 1e-16);
}

}  // namespace ordinal_tests
