#include <cstdlib>

#include "mask/mask_laws.hpp"

/// Masks that are known by formula: each against its definition, and coverage exact on every tile.

namespace known_masks_tests {

using namespace attend;
using laws::expect_mask;
using laws::Geometry;

/// As people write it: the sign of the divisor.
Index modulo(Index x, Index step) {
  while (x < 0) x += step;
  while (x >= step) x -= step;
  return x;
}

TEST(Causal, SeesKeysUpToItsOwnPosition) {
  for (Geometry const& g : laws::geometries()) {
    expect_mask(Causal{}, [](Index query, Index key, Index, Index) { return key <= query; }, g);
    expect_mask(Causal::top_left(), [](Index, Index, Index i, Index j) { return j <= i; }, g);
    for (Index const offset : {-40, -3, 0, 4, 60})
      expect_mask(Causal::from(offset), [=](Index, Index, Index i, Index j) { return j <= i + offset; }, g);
  }
}

TEST(Causal, TakesAnOffsetForEachSequence) {
  std::vector<Index> const offsets{5, -2, 0};
  for (Geometry g : laws::geometries())
    for (g.batch = 0; g.batch < 3; ++g.batch)
      expect_mask(
          Causal::from(offsets), [&](Index, Index, Index i, Index j) { return j <= i + offsets[std::size_t(g.batch)]; },
          g);
}

TEST(SlidingWindow, SeesNeighboursAndItself) {
  Index const none = SlidingWindow::unbounded, huge = std::numeric_limits<Index>::max();
  for (Geometry const& g : laws::geometries())
    for (auto const& window : std::vector<SlidingWindow>{
             {0, 0}, {3, 0}, {0, 4}, {5, 2}, {31, 31}, {none, 0}, {0, none}, {none, none}, {huge, huge}, {huge, 2}})
      expect_mask(
          window,
          [&](Index query, Index key, Index, Index) {
            return query - key <= window.before && key - query <= window.after;
          },
          g);
}

TEST(SlidingWindow, IsOpenOnASideThatIsNotNamed) {
  Position<> const far{0, 1'000'000, 0, 0, 1'000'000, 0, 0};
  EXPECT_TRUE(SlidingWindow{}(far));
  EXPECT_TRUE((SlidingWindow{.before = 3}(far)));
  EXPECT_FALSE((SlidingWindow{.after = 3}(far)));
}

TEST(Dilated, SeesEveryStepthPositionWithinReach) {
  Index const huge = std::numeric_limits<Index>::max();
  for (Geometry const& g : laws::geometries())
    for (auto const& dilated : std::vector<Dilated>{
             {0, 1}, {0, 3}, {10, 1}, {10, 2}, {11, 3}, {64, 5}, {40, 16}, {40, 17}, {20, 31}, {huge, 4}, {huge, huge}})
      expect_mask(
          dilated,
          [&](Index query, Index key, Index, Index) {
            Index const distance = std::abs(query - key);
            return distance <= dilated.reach && distance % dilated.step == 0;
          },
          g);
}

TEST(Prefix, IsSeenByAllAndCausalBehind) {
  for (Geometry const& g : laws::geometries())
    for (Index const length : {Index(0), Index(1), Index(6), Index(17), Index(500), std::numeric_limits<Index>::max()})
      expect_mask(
          Prefix{length}, [=](Index query, Index key, Index, Index) { return key < length || key <= query; }, g);
}

TEST(Prefix, TakesALengthForEachSequence) {
  std::vector<Index> const lengths{5, 0, 9};
  for (Geometry g : laws::geometries())
    for (g.batch = 0; g.batch < 3; ++g.batch)
      expect_mask(
          Prefix{lengths},
          [&](Index query, Index key, Index, Index) { return key < lengths[std::size_t(g.batch)] || key <= query; }, g);
}

TEST(Lengths, HidePadding) {
  for (Geometry const& g : laws::geometries())
    for (Index const length : {Index(0), g.m / 2, g.m})
      expect_mask(Lengths{length}, [=](Index, Index key, Index, Index) { return key < length; }, g);
}

TEST(Lengths, TakeOneForEachSequence) {
  for (Geometry g : laws::geometries()) {
    std::vector<Index> const lengths{g.m / 3, g.m, 0};
    for (g.batch = 0; g.batch < 3; ++g.batch)
      expect_mask(
          Lengths{lengths}, [&](Index, Index key, Index, Index) { return key < lengths[std::size_t(g.batch)]; }, g);
  }
}

TEST(GlobalTokens, SeeAllAndAreSeenByAll) {
  for (Geometry const& g : laws::geometries())
    for (Index const count : {Index(0), Index(1), Index(5), Index(18), std::numeric_limits<Index>::max()})
      expect_mask(
          GlobalTokens{count}, [=](Index query, Index key, Index, Index) { return key < count || query < count; }, g);
}

TEST(Chunked, SeesItsOwnChunk) {
  for (Geometry const& g : laws::geometries())
    for (Index const size : {1, 3, 8, 16, 20, 100})
      expect_mask(
          Chunked{size},
          [=](Index query, Index key, Index, Index) { return query - modulo(query, size) == key - modulo(key, size); },
          g);
}

TEST(Summaries, AreTheLastPositionsOfEveryChunk) {
  for (Geometry const& g : laws::geometries())
    for (auto const& summaries :
         std::vector<Summaries>{{1, 0}, {1, 1}, {4, 1}, {4, 4}, {7, 2}, {16, 3}, {33, 20}, {100, 0}, {100, 99}})
      expect_mask(
          summaries,
          [&](Index, Index key, Index, Index) {
            return modulo(key, summaries.stride) >= summaries.stride - summaries.count;
          },
          g);
}

TEST(SparseTransformer, PatternsAreThoseOfThePaper) {
  for (Geometry const& g : laws::geometries())
    for (Index const l : {2, 5, 8}) {
      expect_mask(
          strided_pattern(l),
          [=](Index query, Index key, Index, Index) {
            bool const local = key <= query && key >= query - l;
            bool const strided = key <= query && modulo(query - key, l) == 0;
            return local || strided;
          },
          g, laws::Sharpness::may_say_some);
      expect_mask(
          fixed_pattern(l, 1),
          [=](Index query, Index key, Index, Index) {
            bool const same = query - modulo(query, l) == key - modulo(key, l);
            return key <= query && (same || modulo(key, l) == l - 1);
          },
          g, laws::Sharpness::may_say_some);
    }
}

}  // namespace known_masks_tests
