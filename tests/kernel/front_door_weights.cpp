#include "front_door.hpp"

#include <attend/mask/documents.hpp>

#include <array>
#include <list>
#include <span>
#include <vector>

/// Attention::weights: all rows or some, named by any list of numbers.

namespace front_door_weights_tests {

using namespace front_door;

template <class Weights, class Rows>
[[nodiscard]] bool are_rows_of(Weights const& some, Rows const& rows, RowMajor<float> const& all) {
  if (some.rows() != std::ssize(rows) || some.cols() != all.cols()) return false;
  Index r = 0;
  for (auto const row : rows)
    if (!same_bits(some.row(r++), all.row(static_cast<Index>(row)))) return false;
  return true;
}

/// Rows out of order and twice, next to each other and further apart than a block of queries.
std::vector<Index> const picked{18, 3, 3, 0, 17, 18, 4};

TEST(FrontDoor, WeightsAreThoseThatMakeTheOutput) {
  Inputs const in;
  at::Attention const op{at::Softmax{}};
  RowMajor<float> const w = op.weights(in.q, in.k);
  RowMajor<double> const wanted = at::reference::weights<double>(in.q, in.k);
  ASSERT_EQ(w.rows(), 19);
  ASSERT_EQ(w.cols(), 37);
  EXPECT_LE(((w.cast<double>() - wanted).array() / wanted.array()).abs().maxCoeff(), 64 * 0x1p-24);
  // And the same bits from arrays stored in another way.
  ColumnMajor<float> const q = in.q, k = in.k;
  EXPECT_TRUE(same_bits(op.weights(q, in.k), w));
  EXPECT_TRUE(same_bits(op.weights(0.5f * q + 0.5f * q, k.block(0, 0, 37, 24)), w));
  EXPECT_TRUE(same_bits(op.weights(in.q.row(7), k), w.row(7)));
}

TEST(FrontDoor, WeightsOfSomeRows) {
  Inputs const in;
  at::Attention const op{at::Softmax{}};
  RowMajor<float> const all = op.weights(in.q, in.k);
  EXPECT_TRUE(are_rows_of(op.weights(in.q, in.k, picked), picked, all));
  EXPECT_TRUE(are_rows_of(op.weights(in.q, in.k, {18, 3, 3, 0, 17, 18, 4}), picked, all));
  EXPECT_TRUE(are_rows_of(op.weights(in.q, in.k, std::span(picked)), picked, all));
  EXPECT_TRUE(
      are_rows_of(op.weights(in.q, in.k, std::span(picked).subspan(1, 3)), std::span(picked).subspan(1, 3), all));
  EXPECT_TRUE(are_rows_of(op.weights(in.q, in.k, std::array<int, 2>{5, 1}), std::array<int, 2>{5, 1}, all));
  EXPECT_TRUE(are_rows_of(op.weights(in.q, in.k, std::list<unsigned>{2, 9, 2}), std::list<unsigned>{2, 9, 2}, all));
  EXPECT_EQ(op.weights(in.q, in.k, std::vector<Index>()).rows(), 0);
  EXPECT_EQ(op.weights(in.q, in.k.topRows(0)).size(), 0);
  EXPECT_EQ(op.weights(in.q.topRows(0), in.k).cols(), 37);
}

TEST(FrontDoor, WeightsOfSomeRowsOfDocuments) {
  Inputs const in;
  at::Documents const documents({4, 0, 9, 6}, {10, 3, 0, 24});
  at::Attention const op{documents};
  RowMajor<float> const all = op.weights(in.q, in.k);
  RowMajor<double> const wanted = at::reference::weights<double>(in.q, in.k, documents);
  EXPECT_LE((all.cast<double>() - wanted).cwiseAbs().maxCoeff(), 16 * 0x1p-24);
  // The document of rows 4 to 12 has no keys.
  EXPECT_TRUE((all.middleRows(4, 9).array() == 0.f).all());
  EXPECT_TRUE(are_rows_of(op.weights(in.q, in.k, picked), picked, all));
  EXPECT_TRUE(are_rows_of(op.weights(in.q, in.k, {12, 13, 4}), std::vector<Index>{12, 13, 4}, all));
}

}  // namespace front_door_weights_tests
