#include <attend/core/heads.hpp>
#include <attend/core/view.hpp>

#include "core/sentence.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <string>
#include <utility>
#include <vector>

namespace heads_tests {

namespace at = attend;
using at::Index;
using sentences::sentence_of;

Eigen::MatrixXf counting(Index rows, Index columns) {
  Eigen::MatrixXf m(rows, columns);
  std::iota(m.data(), m.data() + m.size(), 0.f);
  return m;
}

template <class Matrix>
void expect_view_reads(Matrix const& m) {
  auto const view = at::view_of(m);
  ASSERT_EQ(view.rows, m.rows());
  ASSERT_EQ(view.columns, m.cols());
  for (Index i = 0; i < m.rows(); ++i)
    for (Index j = 0; j < m.cols(); ++j) {
      EXPECT_EQ(view(i, j), m(i, j));
      EXPECT_EQ(&view(i, j), &m.coeffRef(i, j)) << "a copy";
      EXPECT_EQ(view.transposed()(j, i), m(i, j));
    }
  if (m.rows() >= 3) {
    EXPECT_EQ(view.middle_rows(1, 2).rows, 2);
    EXPECT_EQ(view.middle_rows(1, 2)(1, 0), m(2, 0));
    EXPECT_EQ(*view.row(2), m(2, 0));
  }
}

TEST(View, ReadsAnyEigenObjectInPlace) {
  Eigen::MatrixXf const column_major = counting(5, 4);
  at::Matrix<float> const row_major = column_major;
  expect_view_reads(column_major);
  expect_view_reads(row_major);
  expect_view_reads(column_major.block(1, 1, 3, 2));
  expect_view_reads(row_major.block(1, 1, 3, 2));
  expect_view_reads(column_major.transpose());
  expect_view_reads(row_major.row(2));
  expect_view_reads(column_major.row(2));
  expect_view_reads(column_major.col(3));
  expect_view_reads(row_major.middleRows(2, 3).transpose());
  expect_view_reads(Eigen::Matrix3f(counting(3, 3)));
  expect_view_reads(at::Vector<float>(counting(5, 1)));
  expect_view_reads(Eigen::RowVector4f(counting(1, 4)));
  expect_view_reads(Eigen::MatrixXf(0, 4));
  using Stride = Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>;
  expect_view_reads(Eigen::Map<Eigen::MatrixXf const, 0, Stride>(column_major.data(), 2, 3, Stride(5, 2)));
  expect_view_reads(Eigen::Map<at::Matrix<float> const, 0, Stride>(column_major.data(), 3, 2, Stride(5, 2)));
  expect_view_reads(Eigen::Ref<Eigen::MatrixXf const>(column_major.leftCols(2)));
}

TEST(View, WritesThroughABlock) {
  Eigen::MatrixXf m = Eigen::MatrixXf::Zero(4, 4);
  auto block = m.block(1, 2, 2, 2);
  at::MutableView<float> const view = at::mutable_view_of(block);
  view(1, 0) = 5;
  EXPECT_EQ(m(2, 2), 5);
  EXPECT_EQ(m.sum(), 5);
  at::View<float> const seen = view;
  EXPECT_EQ(seen(1, 0), 5);
}

TEST(Heads, FindElementsThroughAnyStrides) {
  std::vector<float> memory(2 * 3 * 4 * 5);
  std::iota(memory.begin(), memory.end(), 0.f);
  at::Heads<float> const contiguous = at::heads(memory.data(), {2, 3, 4, 5});
  EXPECT_EQ(contiguous.batch(), 2);
  EXPECT_EQ(contiguous.heads(), 3);
  EXPECT_EQ(contiguous.length(), 4);
  EXPECT_EQ(contiguous.dim(), 5);
  EXPECT_EQ(contiguous(1, 2, 3, 4), 119);
  EXPECT_EQ(contiguous(1, 0, 2, 1), 60 + 10 + 1);
  EXPECT_EQ(contiguous.head(1, 2)(3, 4), 119);
  EXPECT_EQ(contiguous.head(1, 2).rows, 4);
  EXPECT_EQ(contiguous.head(1, 2).columns, 5);

  // (batch, length, heads, dim), as many models store it.
  at::Heads<float const> const interleaved =
      at::heads(static_cast<float const*>(memory.data()), {2, 3, 4, 5}, {60, 5, 15, 1});
  EXPECT_EQ(interleaved(1, 2, 3, 4), 60 + 45 + 10 + 4);
  EXPECT_EQ(interleaved.head(1, 2)(3, 4), 60 + 45 + 10 + 4);

  contiguous.mutable_head(0, 1)(2, 3) = -1;
  EXPECT_EQ(memory[20 + 10 + 3], -1);
  at::Heads<float const> const read_only = contiguous;
  EXPECT_EQ(read_only(0, 1, 2, 3), -1);
  static_assert(!std::is_convertible_v<at::Heads<float const>, at::Heads<float>>);
  static_assert(at::is_heads<at::Heads<double>> && !at::is_heads<Eigen::MatrixXf>);
}

TEST(Heads, CutTheColumnsOfAMatrix) {
  Eigen::MatrixXf columns = counting(6, 8);
  at::Matrix<float> const rows = columns;
  auto const from_columns = at::heads(std::as_const(columns), 4);
  auto const from_rows = at::heads(rows, 4);
  EXPECT_EQ(from_rows.shape(), (at::HeadsShape{1, 4, 6, 2}));
  EXPECT_EQ(from_rows.shape(), from_columns.shape());
  for (Index h = 0; h < 4; ++h)
    for (Index i = 0; i < 6; ++i)
      for (Index f = 0; f < 2; ++f) {
        EXPECT_EQ(from_rows(0, h, i, f), rows(i, 2 * h + f));
        EXPECT_EQ(from_columns(0, h, i, f), rows(i, 2 * h + f));
      }
  at::heads(columns, 2)(0, 1, 5, 3) = -7;
  EXPECT_EQ(columns(5, 7), -7);
}

TEST(Heads, SayWhatIsWrong) {
  float number = 0;
  EXPECT_EQ(sentence_of([&] { (void)at::heads(&number, {1, -1, 1, 1}); }),
            "heads: sizes (1, -1, 1, 1) must not be negative.");
  EXPECT_EQ(sentence_of([] { (void)at::heads(static_cast<float*>(nullptr), {1, 1, 1, 1}); }),
            "heads: the pointer is null but the sizes (1, 1, 1, 1) are not empty.");
  EXPECT_EQ(sentence_of([] { (void)at::heads(static_cast<float*>(nullptr), {1, 1, 0, 1}); }), sentences::no_error);
  Eigen::MatrixXf seven(2, 7);
  EXPECT_EQ(sentence_of([&] { (void)at::heads(seven, 2); }), "heads: 7 columns do not divide into 2 heads.");
  EXPECT_EQ(sentence_of([&] { (void)at::heads(std::as_const(seven), 0); }),
            "heads: 7 columns do not divide into 0 heads.");
}

}  // namespace heads_tests
