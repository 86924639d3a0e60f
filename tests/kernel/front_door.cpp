#include "front_door.hpp"

#include <algorithm>
#include <vector>

/// The front door takes every kind of Eigen object, and what it gives depends on the numbers alone, not on how they are
/// stored or handed in.

namespace front_door_tests {

using namespace front_door;

using AnyStride = Eigen::Stride<Dynamic, Dynamic>;
using AnyMap = Eigen::Map<RowMajor<float>, 0, AnyStride>;

/// Numbers on a larger sheet, in columns and rows that are not neighbours; the rest of the sheet is NaN.
class Strided {
 public:
  Strided(RowMajor<float> const& x, Index inner, Index gap)
      : sheet_(static_cast<std::size_t>(x.rows() * (x.cols() * inner + gap)), not_a_number),
        rows_(x.rows()),
        columns_(x.cols()),
        stride_(x.cols() * inner + gap, inner) {
    map() = x;
  }
  [[nodiscard]] AnyMap map() { return AnyMap(sheet_.data(), rows_, columns_, stride_); }

 private:
  std::vector<float> sheet_;
  Index rows_, columns_;
  AnyStride stride_;
};

TEST(FrontDoor, AgreesWithTheReference) {
  Inputs const in;
  expect_near_reference(in.out, in.q, in.k, in.v);
}

TEST(FrontDoor, ReadsEveryStorageOrderInPlace) {
  Inputs const in;
  ColumnMajor<float> const q = in.q, k = in.k, v = in.v;
  EXPECT_TRUE(same_bits(at::attention(q, k, v), in.out));
  EXPECT_TRUE(same_bits(at::attention(in.q, k, in.v), in.out));
  EXPECT_TRUE(same_bits(at::attention(q, in.k, v), in.out));
  EXPECT_TRUE(same_bits(at::attention(in.q, in.k, v), in.out));
  static_assert(decltype(at::attention(q, k, v))::IsRowMajor);

  ColumnMajor<float> const qt = in.q.transpose(), kt = in.k.transpose(), vt = in.v.transpose();
  EXPECT_TRUE(same_bits(at::attention(qt.transpose(), kt.transpose(), vt.transpose()), in.out));
}

TEST(FrontDoor, ReadsBlocksAndStrides) {
  Inputs const in;
  auto const framed = [](auto sheet, RowMajor<float> const& x) {
    sheet.setConstant(x.rows() + 7, x.cols() + 9, not_a_number);
    sheet.block(3, 5, x.rows(), x.cols()) = x;
    return sheet;
  };
  auto const rows_q = framed(RowMajor<float>(), in.q), rows_k = framed(RowMajor<float>(), in.k);
  auto const columns_k = framed(ColumnMajor<float>(), in.k), columns_v = framed(ColumnMajor<float>(), in.v);
  EXPECT_TRUE(same_bits(
      at::attention(rows_q.block(3, 5, 19, 24), rows_k.block(3, 5, 37, 24), columns_v.block(3, 5, 37, 10)), in.out));
  EXPECT_TRUE(same_bits(at::attention(rows_q.block<19, 24>(3, 5), columns_k.middleRows(3, 37).middleCols(5, 24), in.v),
                        in.out));

  for (Index const inner : {1, 2, 3})
    for (Index const gap : {0, 1, 5}) {
      Strided q(in.q, inner, gap), k(in.k, inner, gap), v(in.v, inner, gap);
      EXPECT_TRUE(same_bits(at::attention(q.map(), k.map(), v.map()), in.out)) << inner << ", " << gap;
      // The same through the other storage order: inner and outer strides change places.
      EXPECT_TRUE(same_bits(at::attention(in.q, in.k, v.map().transpose().transpose()), in.out));
    }
  Eigen::Map<RowMajor<float> const> const plain(in.q.data(), 19, 24);
  Eigen::Ref<RowMajor<float> const> const reference(in.k);
  EXPECT_TRUE(same_bits(at::attention(plain, reference, in.v), in.out));
}

TEST(FrontDoor, EvaluatesExpressions) {
  Inputs const in;
  RowMajor<float> const half = 0.5f * in.q;
  EXPECT_TRUE(same_bits(at::attention(2.f * half, in.k, in.v), in.out));
  EXPECT_TRUE(same_bits(at::attention(half + half, in.k, in.v), in.out));
  EXPECT_TRUE(same_bits(at::attention(-(-in.q), -in.k * -1.f, in.v + RowMajor<float>::Zero(37, 10)), in.out));
  EXPECT_TRUE(same_bits(at::attention(in.q.array(), in.k.array(), in.v.array()), in.out));
  EXPECT_TRUE(same_bits(at::attention(in.q.cast<double>().cast<float>(), in.k, in.v), in.out));
  RowMajor<float> const backwards = in.q.colwise().reverse();
  EXPECT_TRUE(same_bits(at::attention(backwards.colwise().reverse(), in.k, in.v), in.out));
  // A product of two matrices, and objects that end with the statement.
  EXPECT_TRUE(same_bits(
      at::attention(in.q * RowMajor<float>::Identity(24, 24), RowMajor<float>(in.k), ColumnMajor<float>(in.v)),
      in.out));
}

TEST(FrontDoor, TakesVectorsAndFixedSizes) {
  Inputs const in;
  Eigen::RowVectorXf const first = in.q.row(0);
  EXPECT_TRUE(same_bits(at::attention(first, in.k, in.v), in.out.row(0)));
  EXPECT_TRUE(same_bits(at::attention(in.q.row(18), in.k, in.v), in.out.row(18)));

  // A column is one feature a token.
  Eigen::VectorXf const q = in.q.col(0), k = in.k.col(0), v = in.v.col(0);
  auto const narrow = at::attention(q, k, v);
  EXPECT_TRUE(same_bits(narrow, at::attention(in.q.leftCols(1), in.k.leftCols(1), in.v.leftCols(1))));
  expect_near_reference(narrow, q, k, v);

  Eigen::Matrix<float, 5, 8> const q58 = in.q.block<5, 8>(2, 3);
  Eigen::Matrix<float, 6, 8, Eigen::RowMajor> const k68 = in.k.block<6, 8>(1, 1);
  Eigen::Matrix<float, 6, 1> const v61 = in.v.block<6, 1>(1, 1);
  Eigen::Matrix<float, 5, 1> const out = at::attention(q58, k68, v61);
  expect_near_reference(out, q58, k68, v61);
}

TEST(FrontDoor, WritesOnlyWhatItIsHanded) {
  Inputs const in;
  auto const expect_framed = [&](auto sheet, Index e) {
    RowMajor<float> const v = numbers(37, e, 3), wanted = at::attention(in.q, in.k, v);
    sheet.setConstant(19 + 5, e + 6, untouched);
    at::attention_into(sheet.block(2, 3, 19, e), in.q, in.k, v);
    EXPECT_TRUE(same_bits(sheet.block(2, 3, 19, e), wanted)) << e;
    sheet.block(2, 3, 19, e).setConstant(untouched);
    EXPECT_TRUE((sheet.array() == untouched).all()) << e;
  };
  for (Index const e : {3, 7, 10, 15, 16}) {  // a vector of every instruction set, less one
    expect_framed(RowMajor<float>(), e);
    expect_framed(ColumnMajor<float>(), e);
  }

  ColumnMajor<float> columns(19, 10);
  at::attention_into(columns, in.q, in.k, in.v);
  EXPECT_TRUE(same_bits(columns, in.out));
  RowMajor<float> across(10, 19);
  at::attention_into(across.transpose(), in.q, in.k, in.v);
  EXPECT_TRUE(same_bits(across.transpose(), in.out));

  // Every third number of rows that lie 40 apart.
  std::vector<float> sheet(19 * 40, untouched);
  AnyMap map(sheet.data(), 19, 10, AnyStride(40, 3));
  at::attention_into(map, in.q, in.k, in.v);
  EXPECT_TRUE(same_bits(map, in.out));
  map.setConstant(untouched);
  EXPECT_EQ(std::ranges::count(sheet, untouched), std::ssize(sheet));
}

TEST(FrontDoor, WithoutQueriesOrKeys) {
  Inputs const in;
  at::Attention const op{at::Softmax{}};
  auto const nobody = at::attention(in.q.topRows(0), in.k, in.v);
  EXPECT_EQ(nobody.rows(), 0);
  EXPECT_EQ(nobody.cols(), 10);
  auto const nothing = op.forward(in.q, in.k.topRows(0), in.v.topRows(0));
  EXPECT_TRUE((nothing.output.array() == 0.f).all());
  EXPECT_TRUE((nothing.log_sum_exp.array() == -std::numeric_limits<float>::infinity()).all());
  EXPECT_EQ(nothing.output.rows(), 19);
  EXPECT_EQ(at::attention(in.q, in.k, in.v.leftCols(0)).cols(), 0);
  RowMajor<float> out = RowMajor<float>::Constant(4, 10, untouched);
  at::attention_into(out.topRows(0), in.q.topRows(0), in.k, in.v);
  EXPECT_TRUE((out.array() == untouched).all());
}

}  // namespace front_door_tests
