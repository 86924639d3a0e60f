#include <attend/core/position.hpp>

#include <gtest/gtest.h>

namespace position_tests {

namespace at = attend;
using at::Coverage;

TEST(Tile, KnowsThePositionOfEachOfItsPairs) {
  at::Tile const tile{
      .query = 10, .queries = 3, .key = 100, .keys = 4, .start = 5, .row = 2, .column = 50, .head = 6, .batch = 7};
  EXPECT_EQ(tile.last_query(), 12);
  EXPECT_EQ(tile.last_key(), 103);
  at::Position<> const p = tile.at(2, 3);
  EXPECT_EQ(p.query, 12);
  EXPECT_EQ(p.key, 103);
  EXPECT_EQ(p.start, 5);
  EXPECT_EQ(p.row, 4);
  EXPECT_EQ(p.column, 53);
  EXPECT_EQ(p.head, 6);
  EXPECT_EQ(p.batch, 7);
}

TEST(Coverage, CombinesAsSetsDo) {
  Coverage const all[] = {Coverage::none, Coverage::some, Coverage::all};
  for (Coverage const a : all) {
    EXPECT_EQ(at::both(a, Coverage::all), a);
    EXPECT_EQ(at::both(a, Coverage::none), Coverage::none);
    EXPECT_EQ(at::either(a, Coverage::none), a);
    EXPECT_EQ(at::either(a, Coverage::all), Coverage::all);
    EXPECT_EQ(at::opposite(at::opposite(a)), a);
    for (Coverage const b : all) EXPECT_EQ(at::opposite(at::both(a, b)), at::either(at::opposite(a), at::opposite(b)));
  }
  EXPECT_EQ(at::opposite(Coverage::all), Coverage::none);
  EXPECT_EQ(at::opposite(Coverage::some), Coverage::some);
  EXPECT_EQ(at::covered(true, false), Coverage::none);
  EXPECT_EQ(at::covered(false, true), Coverage::all);
  EXPECT_EQ(at::covered(false, false), Coverage::some);
}

TEST(Position, LooksUpOneElementOfAStridedLine) {
  float const line[] = {0, 1, 2, 3, 4, 5};
  EXPECT_EQ(at::lookup(line, 1, 6, at::Ordinal(4)), 4);
  EXPECT_EQ(at::lookup(line, 2, 3, at::Ordinal(2)), 4);
}

}  // namespace position_tests
