#include <attend/hard/sparse_weights.hpp>

#include "hard/gradients.hpp"

#include <array>
#include <limits>

namespace sparse_weights_tests {

using attend::Index;
using attend::KeyWeight;
using attend::SparseWeights;
using gradients::Matrix;

Matrix const dense{{0, 0.5, 0, 0.5}, {0, 0, 0, 0}, {1, 0, 0, 0}};

TEST(SparseWeights, NamesTheWeightsThatAreNotZero) {
  auto const sparse = SparseWeights<double>::from_dense(dense);
  EXPECT_EQ(sparse.rows(), 3);
  EXPECT_EQ(sparse.keys(), 4);
  EXPECT_EQ(sparse.size(), 3);
  ASSERT_EQ(sparse.row(0).size(), 2u);
  EXPECT_EQ(sparse.row(0)[1], (KeyWeight<double>{3, 0.5}));
  EXPECT_TRUE(sparse.row(1).empty());
  EXPECT_EQ(sparse.dense(), dense);
}

TEST(SparseWeights, BlocksOfRowsMakeTheSame) {
  SparseWeights<double> sparse(4);
  sparse.add_dense(dense.topRows(1));
  sparse.add_dense(dense.bottomRows(2));
  EXPECT_EQ(sparse, SparseWeights<double>::from_dense(dense));
}

TEST(SparseWeights, PicksAreRowsOfOneWeight) {
  std::array<Index, 3> const picks{2, -1, 0};
  auto const sparse = SparseWeights<float>::from_picks(picks, 3);
  EXPECT_EQ(sparse.dense(), (attend::Matrix<float>{{0, 0, 1}, {0, 0, 0}, {1, 0, 0}}));
}

TEST(SparseWeights, AKeyNamedTwiceCountsTwice) {
  SparseWeights<double> sparse(2);
  std::array<KeyWeight<double>, 2> const row{{{1, 0.25}, {1, 0.5}}};
  sparse.add_row(row);
  EXPECT_EQ(sparse.dense(), (Matrix{{0, 0.75}}));
  EXPECT_EQ(weighted_values(sparse, Matrix{{1, 1}, {4, 8}}), (Matrix{{3, 6}}));
}

TEST(SparseWeights, WeighsOnlyTheValuesNamed) {
  auto const sparse = SparseWeights<double>::from_dense(dense);
  Matrix v = gradients::normal(4, 3, 1);
  v.row(2).setConstant(std::nan(""));  // no row of weights names it
  Matrix const found = weighted_values(sparse, v);
  v.row(2).setZero();
  gradients::expect_close(found, Matrix(dense * v), 1e-15, "out");
  Eigen::MatrixXd const columns = v;
  EXPECT_EQ(weighted_values(sparse, columns), weighted_values(sparse, v));
  EXPECT_EQ(weighted_values(sparse, v.cast<float>().cast<double>()),
            weighted_values(sparse, Matrix(v.cast<float>().cast<double>())));
  EXPECT_EQ(weighted_values(sparse, v.leftCols(2)), weighted_values(sparse, v).leftCols(2));
}

TEST(SparseWeights, NaNIsNoZero) {
  auto const sparse = SparseWeights<double>::from_dense(Matrix{{0, std::nan("")}});
  EXPECT_EQ(sparse.size(), 1);
}

TEST(SparseWeights, BackwardIsTheTransposed) {
  auto const sparse = SparseWeights<double>::from_dense(Matrix{{0, 0.5, 0, 0.5}, {0, 0, 0, 0}, {1, 0.25, 0, 0}});
  Matrix const v = gradients::normal(4, 2, 1), d_output = gradients::normal(3, 2, 2);
  gradients::expect_gradient(
      weighted_values_backward(sparse, d_output), v,
      [&](Matrix const& moved) { return weighted_values(sparse, moved).cwiseProduct(d_output).sum(); }, "v");
}

TEST(SparseWeights, RefusesWhatDoesNotFit) {
  auto sparse = SparseWeights<double>::from_dense(dense);
  std::array<KeyWeight<double>, 1> const far{{{4, 1}}}, near{{{-1, 1}}};
  EXPECT_THROW(sparse.add_row(far), attend::Error);
  EXPECT_THROW(sparse.add_row(near), attend::Error);
  EXPECT_THROW(sparse.add_dense(Matrix(1, 3)), attend::Error);
  EXPECT_THROW((void)sparse.row(3), attend::Error);
  EXPECT_THROW((void)weighted_values(sparse, Matrix(3, 2)), attend::Error);
  EXPECT_THROW((void)weighted_values_backward(sparse, Matrix(4, 2)), attend::Error);
  EXPECT_THROW(SparseWeights<double>(-1), attend::Error);
  EXPECT_EQ(sparse, SparseWeights<double>::from_dense(dense));
}

}  // namespace sparse_weights_tests
