#pragma once

#include <attend/core/types.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <string>

namespace gradients {

using attend::Index;
using Matrix = attend::Matrix<double>;
using Vector = attend::Vector<double>;

inline Matrix normal(Index rows, Index columns, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> number;
  return Matrix::NullaryExpr(rows, columns, [&] { return number(random); });
}
inline Vector normal(Index size, unsigned seed) { return normal(size, 1, seed).col(0); }

/// (f(x + h) − f(x − h)) / 2h for each number of x.
template <class Array, class Function>
Array central_differences(Array x, Function const& f, double step = 1e-5) {
  Array d = x;
  for (Index i = 0; i < x.size(); ++i) {
    double const kept = x.data()[i];
    x.data()[i] = kept + step;
    double const above = f(x);
    x.data()[i] = kept - step;
    double const below = f(x);
    x.data()[i] = kept;
    d.data()[i] = (above - below) / (2 * step);
  }
  return d;
}

/// Every entry within `tolerance` times the largest one.
template <class Array>
void expect_close(Array const& found, Array const& wanted, double tolerance, std::string const& name) {
  ASSERT_EQ(found.rows(), wanted.rows()) << name;
  ASSERT_EQ(found.cols(), wanted.cols()) << name;
  double largest = 1e-300;
  for (Index i = 0; i < wanted.size(); ++i) largest = std::max(largest, std::abs(wanted.data()[i]));
  Index worst = 0;
  double error = 0;
  for (Index i = 0; i < wanted.size(); ++i) {
    double const e = std::abs(found.data()[i] - wanted.data()[i]) / largest;
    if (!(e <= error)) {
      error = e;
      worst = i;
    }
  }
  if (wanted.size() == 0) return;
  EXPECT_LE(error, tolerance) << name << ": entry " << worst << " is " << found.data()[worst] << ", wanted "
                              << wanted.data()[worst];
}

template <class Array, class Function>
void expect_gradient(Array const& found, Array const& x, Function const& f, std::string const& name) {
  expect_close(found, central_differences(x, f), 1e-6, name);
}

}  // namespace gradients
