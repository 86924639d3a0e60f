#include <attend/layer/rotary.hpp>

#include "central_differences.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <numbers>
#include <vector>

namespace rotary_tests {

using namespace central;
using attend::Rotary;
using attend::RotaryLayout;

/// z_f · exp(i·θ_f·position) of complex numbers.
template <class Scalar>
Matrix<Scalar> by_complex_numbers(Rotary const& rotary, Matrix<Scalar> const& x, std::vector<Index> const& positions) {
  Matrix<Scalar> y = x;
  Index const pairs = rotary.dims() / 2;
  bool const halves = rotary.layout() == RotaryLayout::halves;
  for (Index i = 0; i < x.rows(); ++i)
    for (Index f = 0; f < pairs; ++f) {
      Index const first = halves ? f : 2 * f, second = halves ? f + pairs : 2 * f + 1;
      long double const angle =
          static_cast<long double>(positions[std::size_t(i)]) * rotary.frequencies()[std::size_t(f)];
      auto const z = std::complex<long double>(x(i, first), x(i, second)) * std::polar(1.0L, angle);
      y(i, first) = static_cast<Scalar>(z.real());
      y(i, second) = static_cast<Scalar>(z.imag());
    }
  return y;
}

template <class Scalar>
void expect_the_formula(RotaryLayout layout) {
  double const bound = 4 * static_cast<double>(std::numeric_limits<Scalar>::epsilon());
  for (Index const dims : {2, 4, 6, 16, 30, 32, 34, 64, 66, 128})
    for (Index const more : {0, 3}) {
      Rotary const rotary(dims, layout);
      Matrix<Scalar> const x = numbers(5, dims + more, 1).cast<Scalar>();
      Matrix<Scalar> const wanted = by_complex_numbers(rotary, x, {7, 8, 9, 10, 11});
      auto const turns = rotary.turns<Scalar>(5, 7);
      Matrix<Scalar> const y = rotary.forward(x, turns);
      EXPECT_LE(static_cast<double>((y - wanted).cwiseAbs().maxCoeff()), bound) << dims;
      EXPECT_EQ(y.rightCols(more), x.rightCols(more));
      EXPECT_LE(static_cast<double>((rotary.backward(y, turns) - x).cwiseAbs().maxCoeff()), bound) << dims;
      // Any layout of Eigen, and in place through any strides.
      EXPECT_EQ(rotary.forward(Eigen::Matrix<Scalar, -1, -1>(x), turns), y);
      Matrix<Scalar> in_place = x;
      rotary.rotate(attend::heads(in_place, 1), turns);
      EXPECT_EQ(in_place, y);
      Eigen::Matrix<Scalar, -1, -1> column_major = x;
      rotary.rotate(attend::heads(column_major, 1), turns);
      EXPECT_LE(static_cast<double>((column_major - y).cwiseAbs().maxCoeff()), bound);
      rotary.rotate_back(attend::heads(in_place, 1), turns);
      EXPECT_LE(static_cast<double>((in_place - x).cwiseAbs().maxCoeff()), bound);
    }
}

TEST(Rotary, IsAComplexProductInBothLayouts) {
  for (RotaryLayout const layout : {RotaryLayout::interleaved, RotaryLayout::halves}) {
    expect_the_formula<float>(layout);
    expect_the_formula<double>(layout);
  }
}

TEST(Rotary, MakesScoresDependOnTheDistanceAlone) {
  for (RotaryLayout const layout : {RotaryLayout::interleaved, RotaryLayout::halves}) {
    Rotary const rotary(16, layout);
    Index const n = 40;
    auto const turns = rotary.turns<double>(n);
    Matrix<double> const q = rotary.forward(numbers(1, 20, 1).replicate(n, 1), turns);
    Matrix<double> const k = rotary.forward(numbers(1, 20, 2).replicate(n, 1), turns);
    Matrix<double> const scores = q * k.transpose();
    for (Index i = 1; i < n; ++i)
      for (Index j = 1; j < n; ++j) EXPECT_NEAR(scores(i, j), scores(i - 1, j - 1), 1e-13);
    EXPECT_GT(std::abs(scores(0, 0) - scores(0, 1)), 1e-3);
  }
}

TEST(Rotary, FarAwayKeepsTheAccuracyOfFloats) {
  Rotary const rotary(64);
  for (Index const first : {Index(1) << 20, (Index(1) << 24) + 3, Index(1) << 30}) {
    Matrix<float> const x = numbers(3, 64, 1).cast<float>();
    Matrix<float> const y = rotary.forward(x, rotary.turns<float>(3, first));
    EXPECT_LE((y - by_complex_numbers(rotary, x, {first, first + 1, first + 2})).cwiseAbs().maxCoeff(), 4e-7f);
  }
}

TEST(Rotary, GradientIsTheCentralDifference) {
  for (RotaryLayout const layout : {RotaryLayout::interleaved, RotaryLayout::halves}) {
    Rotary const rotary(6, layout);
    auto const turns = rotary.turns<double>(4, 11);
    Matrix<double> x = numbers(4, 9, 1);
    Matrix<double> const d_y = numbers(4, 9, 2);
    expect_gradient("x", x, rotary.backward(d_y, turns), [&] { return weighted(rotary.forward(x, turns), d_y); });
  }
}

TEST(Rotary, TurnsEveryHeadAndAnyPositions) {
  Rotary const rotary(4);
  std::vector<Index> const positions{0, 5, 1000, 2, 2};
  auto const turns = rotary.turns<double>(positions);
  Matrix<double> x = numbers(5, 3 * 6, 1);
  Matrix<double> const before = x;
  rotary.rotate(attend::heads(x, 3), turns);
  for (Index h = 0; h < 3; ++h) {
    Matrix<double> const head = before.middleCols(6 * h, 6);
    EXPECT_EQ(x.middleCols(6 * h, 6), rotary.forward(head, turns));
    EXPECT_LE((rotary.forward(head, turns) - by_complex_numbers(rotary, head, positions)).cwiseAbs().maxCoeff(), 1e-15);
  }
  // Heads one after the other in memory, two sequences.
  std::vector<double> storage(2 * 3 * 5 * 6);
  attend::HeadsShape const shape{2, 3, 5, 6};
  attend::Heads<double> const all = attend::heads(storage.data(), shape);
  for (std::size_t i = 0; i < storage.size(); ++i) storage[i] = before.data()[i % 90];
  rotary.rotate(all, turns);
  for (Index b = 0; b < 2; ++b)
    for (Index h = 0; h < 3; ++h) {
      Matrix<double> const head = Eigen::Map<Matrix<double> const>(before.data() + 30 * h, 5, 6);
      Matrix<double> const turned = rotary.forward(head, turns);
      for (Index i = 0; i < 5; ++i)
        for (Index f = 0; f < 6; ++f) EXPECT_EQ(all(b, h, i, f), turned(i, f));
    }
  EXPECT_EQ(rotary.forward(x.topRows(0), rotary.turns<double>(0)).rows(), 0);
  x(1, 0) = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(rotary.forward(x, turns).array().isNaN().count(), 2);
}

TEST(Rotary, ScalingsStretchWhatTheySay) {
  Rotary const plain(64, RotaryLayout::halves, 500000);
  auto const theta = [](Rotary const& rotary, Index f) { return rotary.frequencies()[std::size_t(f)]; };
  Rotary const linear = plain.with_linear_scaling(4), ntk = plain.with_ntk_scaling(4);
  Rotary const base(64, RotaryLayout::halves, 500000 * std::pow(4, 64 / 62.0));
  Rotary const llama = plain.with_llama3_scaling();
  for (Index f = 0; f < 32; ++f) {
    EXPECT_DOUBLE_EQ(theta(linear, f), theta(plain, f) / 4);
    EXPECT_NEAR(theta(ntk, f) / theta(base, f), 1, 1e-14);
    // The published rule, branch by branch.
    double const wave = 2 * std::numbers::pi / theta(plain, f), smooth = (8192 / wave - 1) / (4 - 1);
    double const wanted = wave < 8192.0 / 4 ? theta(plain, f)
                          : wave > 8192.0   ? theta(plain, f) / 8
                                            : (1 - smooth) * theta(plain, f) / 8 + smooth * theta(plain, f);
    EXPECT_NEAR(theta(llama, f) / wanted, 1, 1e-14) << f;
  }
  EXPECT_EQ(theta(ntk, 0), 1);
  EXPECT_NEAR(theta(ntk, 31), theta(plain, 31) / 4, 1e-20);
}

TEST(Rotary, WrongCallsAreSentences) {
  Rotary const rotary(8);
  Matrix<float> const x = Matrix<float>::Zero(3, 8);
  expect_sentence([] { (void)Rotary(7); }, {"7 dims", "even"});
  expect_sentence([] { (void)Rotary(0); }, {"0 dims"});
  expect_sentence([] { (void)Rotary(8, RotaryLayout::halves, -1); }, {"base is -1"});
  expect_sentence([&] { (void)rotary.forward(x.leftCols(6), rotary.turns<float>(3)); }, {"6 features", "8 turn"});
  expect_sentence([&] { (void)rotary.forward(x, rotary.turns<float>(2)); }, {"(2, 4)", "(3, 4)"});
  expect_sentence([&] { (void)rotary.turns<float>(-2); }, {"-2 positions"});
  expect_sentence([&] { (void)rotary.with_linear_scaling(0); }, {"factor", "0"});
  expect_sentence([&] { (void)Rotary(2).with_ntk_scaling(2); }, {"more than 2 dims"});
  expect_sentence([&] { (void)rotary.with_llama3_scaling({8, 4, 4, 8192}); }, {"low 4", "high 4"});
}

}  // namespace rotary_tests
