#include <random>

#include "mask/mask_laws.hpp"

/// Masks that are read from memory, by row and column as stored.

namespace stored_masks_tests {

using namespace attend;
using laws::expect_mask;
using laws::Geometry;
using laws::Sharpness;
using BoolMatrix = Eigen::Matrix<bool, Eigen::Dynamic, Eigen::Dynamic>;

/// Blocks of true and false, so that tiles of all three kinds turn up.
BoolMatrix patches(Index n, Index m, unsigned seed) {
  std::mt19937 random(seed);
  BoolMatrix matrix(n, m);
  std::vector<bool> value(std::size_t((n / 6 + 1) * (m / 9 + 1)));
  for (std::size_t i = 0; i < value.size(); ++i) value[i] = random() % 2 == 0;
  for (Index i = 0; i < n; ++i)
    for (Index j = 0; j < m; ++j) matrix(i, j) = value[std::size_t(i / 6 * (m / 9 + 1) + j / 9)];
  return matrix;
}

TEST(Keep, SeesWhereTheMatrixIsTrue) {
  for (Geometry const& g : laws::geometries()) {
    BoolMatrix const matrix = patches(g.n, g.m, 1);
    auto const kept = [&](Index, Index, Index i, Index j) { return matrix(i, j); };
    auto const dropped = [&](Index, Index, Index i, Index j) { return !matrix(i, j); };
    expect_mask(Keep{matrix}, kept, g);
    expect_mask(Drop{matrix}, dropped, g);
    expect_mask(Keep{Matrix<bool>(matrix)}, kept, g);
    expect_mask(Keep{!matrix.array()}, dropped, g);
    expect_mask(Keep{BoolMatrix::Constant(g.n, g.m, true)}, [](Index, Index, Index, Index) { return true; }, g);
    expect_mask(Drop{BoolMatrix::Constant(g.n, g.m, true)}, [](Index, Index, Index, Index) { return false; }, g);
  }
}

TEST(Keep, BroadcastsRowsColumnsAndBoth) {
  for (Geometry const& g : laws::geometries()) {
    BoolMatrix const column = patches(g.n, 1, 2), row = patches(1, g.m, 3);
    expect_mask(Keep{column}, [&](Index, Index, Index i, Index) { return column(i, 0); }, g);
    expect_mask(Keep{row}, [&](Index, Index, Index, Index j) { return row(0, j); }, g);
    expect_mask(Drop{row}, [&](Index, Index, Index, Index j) { return !row(0, j); }, g);
    expect_mask(Keep{BoolMatrix::Constant(1, 1, true)}, [](Index, Index, Index, Index) { return true; }, g);
    expect_mask(Keep{BoolMatrix::Constant(1, 1, false)}, [](Index, Index, Index, Index) { return false; }, g);
  }
}

TEST(Keep, ReadsTheCallersArrayThroughStrides) {
  Index const batch = 2, heads = 3, n = 19, m = 37;
  BoolMatrix const patch = patches(batch * heads * n, m, 4);
  // Keys outermost, so that neighbouring keys are far apart.
  auto const memory = std::make_unique<bool[]>(std::size_t(batch * heads * n * m));
  for (Index j = 0; j < m; ++j)
    for (Index i = 0; i < batch * heads * n; ++i) memory[std::size_t(j * batch * heads * n + i)] = patch(i, j);
  Keep const keep{memory.get(), {batch, heads, n, m}, {heads * n, n, 1, batch * heads * n}};
  for (Index b = 0; b < batch; ++b)
    for (Index h = 0; h < heads; ++h)
      expect_mask(
          keep, [&](Index, Index, Index i, Index j) { return patch((b * heads + h) * n + i, j); },
          Geometry{n, m, m - n, h, b});
}

TEST(Keep, BroadcastsHeadsAndSequencesOfAnArray) {
  Index const batch = 2, n = 13, m = 17;
  Matrix<bool> const patch = patches(batch, m, 5);
  Drop const drop{patch.data(), {batch, 1, 1, m}};
  for (Index b = 0; b < batch; ++b)
    expect_mask(drop, [&](Index, Index, Index, Index j) { return !patch(b, j); }, Geometry{n, m, m - n, 7, b});
}

TEST(Keep, OwnsItsCopy) {
  BoolMatrix matrix = BoolMatrix::Constant(4, 4, true);
  Keep const keep{matrix};
  Keep const copy = keep;
  matrix.setConstant(false);
  EXPECT_TRUE(copy(Geometry{4, 4, 0}.at(2, 3)));
}

TEST(BlockSparse, SeesTheBlocksOfItsMatrix) {
  for (Geometry const& g : laws::geometries())
    for (auto const& size :
         std::vector<std::pair<Index, Index>>{{1, 1}, {4, 3}, {12, 32}, {5, 16}, {64, 2}, {999, 99}}) {
      Index const rows = size.first, columns = size.second;
      BoolMatrix const blocks = patches((g.n + rows - 1) / rows, (g.m + columns - 1) / columns, 6);
      auto const definition = [&](Index, Index, Index i, Index j) { return blocks(i / rows, j / columns); };
      expect_mask(BlockSparse{blocks, rows, columns}, definition, g);
    }
}

TEST(BlockSparse, TakesAMatrixForEachHead) {
  Index const n = 19, m = 37;
  Matrix<bool> const blocks = patches(3 * 5, 5, 7);  // three heads of 5 by 5 blocks
  BlockSparse const mask{Grid<std::uint8_t>(blocks, {1, 3, 5, 5}), 4, 8};
  for (Index head = 0; head < 3; ++head)
    expect_mask(
        mask, [&](Index, Index, Index i, Index j) { return blocks(head * 5 + i / 4, j / 8); },
        Geometry{n, m, m - n, head});
}

TEST(BlockSparse, SaysNoneAndAllOfAlignedTiles) {
  BoolMatrix blocks(2, 2);
  blocks << true, false, false, true;
  BlockSparse const mask{blocks, 12, 32};
  Geometry const g{24, 64, 0};
  EXPECT_EQ(mask.coverage(g.tile(0, 0, 12, 32)), Coverage::all);
  EXPECT_EQ(mask.coverage(g.tile(0, 32, 12, 32)), Coverage::none);
  EXPECT_EQ(mask.coverage(g.tile(6, 0, 12, 32)), Coverage::some);
}

/// In the kernel each document is a problem of its own; here pairs of all of them are asked for, as the dense
/// reference does.
std::vector<Index> ids(std::vector<Index> const& lengths) {
  std::vector<Index> document;
  for (std::size_t d = 0; d < lengths.size(); ++d)
    for (Index i = 0; i < lengths[d]; ++i) document.push_back(Index(d));
  return document;
}

TEST(Documents, AreSeenByTheirOwnQueriesOnly) {
  std::vector<std::vector<Index>> const cases{{},     {0},       {7},          {5, 3, 7}, {1, 1, 1, 1},
                                              {0, 5}, {5, 0, 4}, {0, 0, 9, 0}, {13, 20}};
  for (auto const& queries : cases)
    for (auto const& keys : cases) {
      if (queries.size() != keys.size()) continue;
      auto const document_of_row = ids(queries), document_of_column = ids(keys);
      Documents const documents{queries, keys};
      Geometry const g{Index(document_of_row.size()), Index(document_of_column.size()), 0};
      expect_mask(
          documents,
          [&](Index, Index, Index i, Index j) {
            return document_of_row[std::size_t(i)] == document_of_column[std::size_t(j)];
          },
          g);
    }
}

TEST(Documents, SayWhereEachBegins) {
  Documents const documents{{2, 0, 3}, {4, 1, 5}};
  EXPECT_EQ(documents.count(), 3);
  EXPECT_EQ(documents.queries(), 5);
  EXPECT_EQ(documents.keys(), 10);
  std::vector<Index> const query_begin{0, 2, 2}, query_end{2, 2, 5}, key_begin{0, 4, 5}, key_end{4, 5, 10};
  for (Index d = 0; d < 3; ++d) {
    EXPECT_EQ(documents.query_begin(d), query_begin[std::size_t(d)]);
    EXPECT_EQ(documents.query_end(d), query_end[std::size_t(d)]);
    EXPECT_EQ(documents.key_begin(d), key_begin[std::size_t(d)]);
    EXPECT_EQ(documents.key_end(d), key_end[std::size_t(d)]);
  }
  EXPECT_EQ(documents.document_of_query(1), 0);
  EXPECT_EQ(documents.document_of_query(2), 2);
  EXPECT_EQ(documents.document_of_key(4), 1);
}

TEST(Documents, AreMadeOfRunningTotalsToo) {
  Documents const one = Documents::from_offsets({0, 2, 5});
  EXPECT_EQ(one.count(), 2);
  EXPECT_EQ(one.query_end(1), 5);
  EXPECT_EQ(one.key_begin(1), 2);
  std::vector<std::int32_t> const cu_q{0, 2, 5}, cu_k{0, 7, 9};
  Documents const two = Documents::from_offsets(cu_q, cu_k);
  EXPECT_EQ(two.query_begin(1), 2);
  EXPECT_EQ(two.key_begin(1), 7);
  Documents const three{{4, 6}};
  EXPECT_EQ(three.count(), 2);
  EXPECT_EQ(three.keys(), 10);
}

}  // namespace stored_masks_tests
