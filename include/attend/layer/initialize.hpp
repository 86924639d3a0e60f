#pragma once

#include <attend/core/check.hpp>
#include <attend/core/parameters.hpp>
#include <attend/core/random.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>

/// First numbers for parameters. A number is a function of the seed and of its place, so a model starts the same on
/// every machine, with any number of threads.

namespace attend {

namespace detail {

/// Number j of group g: uniform in (−bound, bound).
template <class Scalar>
void fill_uniform(std::span<Scalar> numbers, double bound, std::uint64_t seed, Index group) {
  RandomStream const stream = random_stream(seed, group, 0, 0);
  for (std::size_t j = 0; j < numbers.size(); ++j)
    numbers[j] = static_cast<Scalar>(bound * (2 * uniform(stream, static_cast<Index>(j)) - 1));
}

}  // namespace detail

/// Every parameter of a learned object uniform in (−bound, bound), each group from a stream of its own.
///
/// With bound = 1/√hidden this is what PyTorch does for recurrent cells, with 1/√in for linear layers.
///
/// Throws   when the bound is negative or not finite
template <Learned Object>
void initialize_uniform(Object& object, double bound, std::uint64_t seed) {
  check(std::isfinite(bound) && bound >= 0, "initialize_uniform: the bound is ", bound, "; it must be 0 or more.");
  Index group = 0;
  each_parameter(object, [&](std::string_view, auto numbers) { detail::fill_uniform(numbers, bound, seed, group++); });
}

/// A matrix (out, in) uniform in ±√(6 / (in + out)): the variance of activations and of gradients stays near that of
/// the input through a layer with tanh.
///
/// Source   Glorot & Bengio 2010, equation 16
template <class Scalar>
void initialize_glorot(Matrix<Scalar>& weight, std::uint64_t seed) {
  double const sizes = static_cast<double>(weight.rows() + weight.cols());
  detail::fill_uniform(parameter_span(weight), std::sqrt(6 / std::max(sizes, 1.0)), seed, 0);
}

/// Rows of unit length at right angles to each other, in a random direction: of a matrix with more rows than columns,
/// such as the gates of a recurrent cell (gates·hidden, hidden), each block of as many rows as columns by itself.
///
/// A recurrent matrix that is orthogonal keeps the length of a state from step to step; one of small numbers, as by
/// initialize_uniform, halves it and so forgets in a few steps what was read.
///
/// Cost     rows·columns² multiply-adds
/// Source   Saxe 2014, section 3 (arXiv 1312.6120); for translation: Bahdanau 2015, B.1 (1409.0473)
template <class Scalar>
void initialize_orthogonal(Matrix<Scalar>& weight, std::uint64_t seed) {
  Index const columns = weight.cols();
  for (Index first = 0; first < weight.rows(); first += columns) {
    Matrix<double> block(std::min(columns, weight.rows() - first), columns);
    for (Index i = 0; i < block.rows(); ++i) {
      RandomStream const stream = random_stream(seed, first + i, 0, 0);
      // Normal numbers (Box & Muller 1958) have no direction that they prefer.
      for (Index j = 0; j < columns; ++j)
        block(i, j) = std::sqrt(-2 * std::log(1 - uniform(stream, 2 * j))) *
                      std::cos(2 * std::numbers::pi * uniform(stream, 2 * j + 1));
      // Once more takes away what rounding has left (Giraud 2005).
      for (int pass = 0; pass < 2; ++pass)
        for (Index before = 0; before < i; ++before)
          block.row(i) -= block.row(i).dot(block.row(before)) * block.row(before);
      block.row(i) /= block.row(i).norm();
    }
    weight.middleRows(first, block.rows()) = block.template cast<Scalar>();
  }
}

}  // namespace attend
