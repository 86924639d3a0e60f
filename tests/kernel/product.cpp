#include <attend/kernel/product.hpp>

#include <attend/core/random.hpp>
#include <attend/core/thread_pool.hpp>

#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <vector>

/// The products of layers against sums in double, and the promise that a row's bits are its own.

namespace product_tests {

using attend::Index;
using attend::mutable_view_of;
using attend::view_of;
template <class Number>
using Matrix = attend::Matrix<Number>;

template <class Number>
Matrix<Number> random(Index rows, Index columns, std::uint64_t seed) {
  Matrix<Number> result(rows, columns);
  for (Index i = 0; i < rows; ++i)
    for (Index j = 0; j < columns; ++j) result(i, j) = static_cast<Number>(2 * attend::uniform(seed, 0, 0, i, j) - 1);
  return result;
}

template <class Number, class Executor>
void multiply(attend::View<Number> const& left, attend::View<Number> const& right, Matrix<Number>& out,
              Number const* bias, bool adds, Executor& executor) {
  attend::kernel::Factor<Number, Number> const factor{right, mutable_view_of(out), bias};
  attend::Workspace workspace;
  attend::kernel::multiply(attend::kernel::Product<Number, Number, Number>{left, {&factor, 1}, adds}, executor,
                           workspace);
}
template <class Number, class Executor>
Matrix<Number> product(attend::View<Number> const& left, attend::View<Number> const& right, Executor& executor) {
  Matrix<Number> out = Matrix<Number>::Constant(left.rows, right.rows, std::numeric_limits<Number>::quiet_NaN());
  multiply<Number>(left, right, out, nullptr, false, executor);
  return out;
}
template <class Number>
Matrix<Number> product(attend::View<Number> const& left, attend::View<Number> const& right) {
  attend::Serial serial;
  return product(left, right, serial);
}

/// |error| ≤ ε · (4 + depth), where terms are at most 1: what chains of 64 make stays below a quarter of that, and a
/// wrong term is a thousand times as much.
template <class Number>
void expect_right(Index n, Index depth, Index columns) {
  Matrix<Number> const a = random<Number>(n, depth, 1), b = random<Number>(columns, depth, 2);
  Matrix<Number> const a_turned = a.transpose(), b_turned = b.transpose(), bias = random<Number>(1, columns, 3);
  Matrix<Number> const before = random<Number>(n, columns, 4);
  Matrix<double> const exact = a.template cast<double>() * b.template cast<double>().transpose();
  double const bound = std::numeric_limits<Number>::epsilon() * (4 + static_cast<double>(depth));
  auto const error_of = [&](Matrix<Number> const& found, auto const& added) {
    return n * columns == 0
               ? 0.0
               : (found.template cast<double>() - exact - added.template cast<double>()).cwiseAbs().maxCoeff();
  };
  for (bool const left_turned : {false, true})
    for (bool const right_turned : {false, true}) {
      attend::View<Number> const left = left_turned ? view_of(a_turned).transposed() : view_of(a);
      attend::View<Number> const right = right_turned ? view_of(b_turned).transposed() : view_of(b);
      std::string const name = std::to_string(n) + " x " + std::to_string(depth) + " x " + std::to_string(columns) +
                               (left_turned ? ", left turned" : "") + (right_turned ? ", right turned" : "");
      EXPECT_LE(error_of(product(left, right), Matrix<Number>(Matrix<Number>::Zero(n, columns))), bound) << name;

      attend::Serial serial;
      Matrix<Number> out = before;
      multiply<Number>(left, right, out, nullptr, true, serial);
      EXPECT_LE(error_of(out, before), bound) << name << ", added";
      multiply<Number>(left, right, out, bias.data(), false, serial);
      EXPECT_LE(error_of(out, Matrix<Number>(bias.replicate(n, 1))), bound) << name << ", with bias";
    }
}

TEST(Product, IsTheSumOverDepth) {
  for (Index const n : {0, 1, 5, 12, 47, 49, 101})
    for (Index const depth : {0, 1, 3, 64, 255, 257, 600})
      for (Index const columns : {0, 1, 7, 31, 33, 100}) expect_right<float>(n, depth, columns);
  for (Index const n : {1, 13, 50}) expect_right<double>(n, 300, 40);
  expect_right<float>(60, 300, 1700);  // more columns than stay in a cache
}

TEST(Product, RowsHaveTheSameBitsAloneAndTogether) {
  Matrix<float> const a = random<float>(130, 300, 5), b = random<float>(900, 300, 6);
  Matrix<float> const together = product(view_of(a), view_of(b));
  for (Index const i : {0, 1, 12, 77, 129}) {
    Matrix<float> const alone = product(view_of(a).middle_rows(i, 1), view_of(b));
    EXPECT_EQ(std::memcmp(alone.data(), &together(i, 0), sizeof(float) * 900), 0) << "row " << i;
  }
  for (int const threads : {2, 3}) {
    attend::ThreadPool pool(threads);
    Matrix<float> const shared = product(view_of(a), view_of(b), pool);
    EXPECT_EQ(std::memcmp(shared.data(), together.data(), sizeof(float) * 130 * 900), 0) << threads << " threads";
    Matrix<float> const few = product(view_of(a).middle_rows(40, 3), view_of(b), pool);
    EXPECT_EQ(std::memcmp(few.data(), &together(40, 0), sizeof(float) * 3 * 900), 0) << threads << " threads";
  }
}

TEST(Product, SeveralFactorsAreTheirProductsOneByOne) {
  std::vector<Matrix<float>> const rights = {random<float>(70, 300, 7), random<float>(0, 300, 8),
                                             random<float>(33, 300, 9)};
  Matrix<float> const bias = random<float>(1, 33, 10);
  for (Index const n : {1, 3, 40, 200}) {
    Matrix<float> const left = random<float>(n, 300, 11);
    std::vector<Matrix<float>> outs;
    std::vector<attend::kernel::Factor<float, float>> factors;
    for (auto const& right : rights) outs.emplace_back(n, right.rows());
    for (std::size_t i = 0; i < rights.size(); ++i)
      factors.push_back({view_of(rights[i]), mutable_view_of(outs[i]), i == 2 ? bias.data() : nullptr});
    attend::ThreadPool pool(2);
    attend::Workspace workspace;
    attend::kernel::multiply(attend::kernel::Product<float, float, float>{view_of(left), factors}, pool, workspace);
    for (std::size_t i = 0; i < rights.size(); ++i) {
      Matrix<float> alone(n, rights[i].rows());
      multiply<float>(view_of(left), view_of(rights[i]), alone, factors[i].bias, false, pool);
      EXPECT_EQ(alone, outs[i]) << n << " rows, factor " << i;
    }
  }
}

}  // namespace product_tests
