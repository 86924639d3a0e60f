#pragma once

#include "core/sentence.hpp"

#include <attend/core/parameters.hpp>
#include <attend/core/random.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Derivatives by the definition: (loss(x + h) − loss(x − h)) / 2h, for each number x in turn.

namespace central {

using attend::Index;
using attend::Matrix;
using attend::Vector;
using sentences::expect_sentence;

/// Uniform in (−1, 1).
[[nodiscard]] inline Matrix<double> numbers(Index rows, Index columns, std::uint64_t seed) {
  Matrix<double> x(rows, columns);
  for (Index i = 0; i < rows; ++i)
    for (Index j = 0; j < columns; ++j) x(i, j) = 2 * attend::uniform(seed, 0, 0, i, j) - 1;
  return x;
}

/// A loss whose derivative by y is `weights`: nothing in it is the same for two elements.
[[nodiscard]] inline double weighted(Matrix<double> const& y, Matrix<double> const& weights) {
  return (y.array() * weights.array()).sum();
}

template <class Loss>
void expect_gradient(std::string const& name, std::span<double> x, std::span<double const> gradient, Loss const& loss) {
  ASSERT_EQ(x.size(), gradient.size()) << name;
  std::vector<double> difference(x.size());
  double largest = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    double const kept = x[i], h = 1e-5;
    x[i] = kept + h;
    double const above = loss();
    x[i] = kept - h;
    difference[i] = (above - loss()) / (2 * h);
    x[i] = kept;
    largest = std::max(largest, std::abs(difference[i]));
  }
  std::size_t worst = 0;
  for (std::size_t i = 0; i < x.size(); ++i)
    if (!(std::abs(gradient[i] - difference[i]) <= std::abs(gradient[worst] - difference[worst]))) worst = i;
  if (x.empty()) return;
  EXPECT_GT(largest, 0) << name << ": the loss does not depend on it, so that nothing is tested";
  EXPECT_LE(std::abs(gradient[worst] - difference[worst]), 1e-6 * largest)
      << name << "[" << worst << "]: " << gradient[worst] << ", but the central difference is " << difference[worst];
}

template <class Loss>
void expect_gradient(std::string const& name, Matrix<double>& x, Matrix<double> const& gradient, Loss const& loss) {
  ASSERT_EQ(x.rows(), gradient.rows()) << name;
  ASSERT_EQ(x.cols(), gradient.cols()) << name;
  expect_gradient(name, attend::parameter_span(x), attend::parameter_span(gradient), loss);
}

/// Each parameter of a learned object.
template <class Object, class Loss>
void expect_parameter_gradients(Object& object, Object const& gradient, Loss const& loss) {
  std::vector<std::span<double const>> derivatives;
  attend::each_parameter(gradient, [&](std::string_view, auto group) { derivatives.push_back(group); });
  std::size_t group = 0;
  attend::each_parameter(object, [&](std::string_view name, std::span<double> x) {
    expect_gradient(std::string(name), x, derivatives.at(group++), loss);
  });
  EXPECT_EQ(group, derivatives.size());
}

/// What is refused must leave the gradient as it was: zeros.
template <class Layer>
void expect_zeros(Layer const& gradient) {
  attend::each_parameter(gradient, [](std::string_view name, auto numbers) {
    EXPECT_TRUE(std::all_of(numbers.begin(), numbers.end(), [](auto number) { return number == 0; })) << name;
  });
}

}  // namespace central
