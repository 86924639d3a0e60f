#include <attend/layer/activate.hpp>
#include <attend/layer/activation_kinds.hpp>

#include "central_differences.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace activate_tests {

using namespace central;
using attend::activate;
using attend::activate_backward;

auto const swish_by_lambda = [](auto const& x) { return x * attend::sigmoid(x); };

TEST(Activate, TakesALambdaAndDifferentiatesIt) {
  Matrix<double> x = 3 * numbers(5, 7, 1);
  Matrix<double> const d_y = numbers(5, 7, 2);
  EXPECT_LE((activate(swish_by_lambda, x) - activate(attend::Silu{}, x)).cwiseAbs().maxCoeff(), 1e-15);
  expect_gradient("x", x, activate_backward(swish_by_lambda, x, d_y),
                  [&] { return weighted(activate(swish_by_lambda, x), d_y); });
}

TEST(Activate, ReadsEveryLayoutAndEveryLength) {
  for (Index const columns : {0, 1, 2, 3, 7, 15, 16, 17, 33}) {
    for (Index const rows : {0, 1, 3}) {
      Matrix<float> const x = numbers(rows, columns, 1).cast<float>();
      Matrix<float> const y = activate(attend::Gelu{}, x);
      ASSERT_EQ(y.rows(), rows);
      ASSERT_EQ(y.cols(), columns);
      Eigen::MatrixXf const column_major = x;
      Matrix<float> wide = Matrix<float>::Constant(rows, columns + 3, 9);
      wide.leftCols(columns) = x;
      EXPECT_EQ(activate(attend::Gelu{}, column_major), y);
      EXPECT_EQ(activate(attend::Gelu{}, wide.leftCols(columns)), y);
      EXPECT_EQ(activate(attend::Gelu{}, x * 1), y);
      EXPECT_EQ(activate(attend::Gelu{}, x.transpose()), y.transpose());
      for (Index i = 0; i < rows; ++i) EXPECT_EQ(activate(attend::Gelu{}, x.row(i)), y.row(i));
      for (Index j = 0; j < columns; ++j) EXPECT_EQ(activate(attend::Gelu{}, column_major.col(j)), y.col(j));
      EXPECT_EQ(activate_backward(attend::Gelu{}, column_major, wide.leftCols(columns)),
                activate_backward(attend::Gelu{}, x, x));
    }
  }
}

TEST(Activate, OfAForeignScalarIsTheSameFormula) {
  Matrix<double> const x = 4 * numbers(3, 5, 1), d_y = numbers(3, 5, 2);
  Matrix<long double> const wide = x.cast<long double>(), d_wide = d_y.cast<long double>();
  auto const expect_same = [&](auto const& f) {
    EXPECT_LE((activate(f, x) - activate(f, wide).template cast<double>()).cwiseAbs().maxCoeff(), 4e-15);
    Matrix<double> const d_x = activate_backward(f, wide, d_wide).template cast<double>();
    EXPECT_LE((activate_backward(f, x, d_y) - d_x).cwiseAbs().maxCoeff(), 4e-15);
  };
  expect_same(attend::Rectifier{});
  expect_same(attend::Gelu{});
  expect_same(attend::GeluTanh{});
  expect_same(attend::Silu{});
  expect_same(swish_by_lambda);
}

TEST(Activate, WrongSizesAreSentences) {
  Matrix<float> const x = Matrix<float>::Zero(5, 4);
  expect_sentence([&] { (void)activate_backward(attend::Silu{}, x, x.leftCols(3)); }, {"d_y is (5, 3)", "(5, 4)"});
}

}  // namespace activate_tests
