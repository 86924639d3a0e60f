#pragma once

#include <attend/core/heads.hpp>
#include <attend/core/types.hpp>

#include <random>
#include <vector>

/// Random tokens for tests of linear attention.
namespace linear_problem {

using attend::Heads;
using attend::HeadsShape;
using attend::Index;
using attend::Matrix;

template <class Number>
[[nodiscard]] Matrix<Number> random_matrix(Index rows, Index columns, unsigned seed, double low = -1, double high = 1) {
  std::mt19937 engine(seed);
  std::uniform_real_distribution<double> number(low, high);
  Matrix<Number> m(rows, columns);
  for (Index i = 0; i < rows; ++i)
    for (Index j = 0; j < columns; ++j) m(i, j) = static_cast<Number>(number(engine));
  return m;
}

/// A batch of heads in memory of its own.
template <class Number>
struct Batch {
  HeadsShape shape;
  std::vector<Number> numbers;

  Batch(HeadsShape const& sizes, unsigned seed, double low = -1, double high = 1) : shape(sizes) {
    std::mt19937 engine(seed);
    std::uniform_real_distribution<double> number(low, high);
    for (Index i = 0; i < sizes.batch * sizes.heads * sizes.length * sizes.dim; ++i)
      numbers.push_back(static_cast<Number>(number(engine)));
  }
  [[nodiscard]] Heads<Number> heads() { return attend::heads(numbers.data(), shape); }
  [[nodiscard]] Heads<Number const> heads() const { return attend::heads(numbers.data(), shape); }
  /// One head as a matrix.
  [[nodiscard]] Matrix<Number> matrix(Index b, Index h) const {
    Matrix<Number> m(shape.length, shape.dim);
    for (Index i = 0; i < shape.length; ++i)
      for (Index f = 0; f < shape.dim; ++f) m(i, f) = heads()(b, h, i, f);
    return m;
  }
};

}  // namespace linear_problem
