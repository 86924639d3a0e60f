#pragma once

#include <attend/core/check.hpp>
#include <attend/core/parameters.hpp>
#include <attend/core/random.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>

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

}  // namespace attend
