#pragma once

#include <attend/mask.hpp>
#include <attend/simd/dispatch.hpp>
#include <attend/simd/pack.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

/// What every mask must keep: all ways of asking it about a pair agree.

namespace laws {

using attend::Coverage;
using attend::Index;
using attend::Position;
using attend::Tile;

/// Where the pairs of one head stand.
struct Geometry {
  Index n = 0, m = 0;
  Index start = 0;
  Index head = 0, batch = 0;

  [[nodiscard]] Position<> at(Index i, Index j) const { return {start + i, j, start, i, j, head, batch}; }
  [[nodiscard]] Tile tile(Index i, Index j, Index queries, Index keys) const {
    return {start + i, queries, j, keys, start, i, j, head, batch};
  }
};

inline std::ostream& operator<<(std::ostream& out, Geometry const& g) {
  return out << "n " << g.n << ", m " << g.m << ", start " << g.start << ", head " << g.head << ", batch " << g.batch;
}

/// Sizes of 0, of 1, around a vector and a block; queries at the end, at the beginning, before and past the keys.
inline std::vector<Geometry> geometries() {
  std::vector<Geometry> all;
  for (auto const& [n, m] : std::vector<std::pair<Index, Index>>{
           {0, 0}, {0, 5}, {5, 0}, {1, 1}, {1, 67}, {13, 17}, {19, 37}, {37, 19}, {32, 32}})
    for (Index const start : {m - n, Index(0), Index(-7), Index(9)}) all.push_back({n, m, start});
  return all;
}

/// Dense evaluation, one pair at a time, and how many pairs of any tile are visible.
class Dense {
 public:
  template <class Visible>
  Dense(Geometry const& g, Visible const& visible)
      : m_(g.m), visible_(static_cast<std::size_t>(g.n * g.m)), sums_(static_cast<std::size_t>((g.n + 1) * (g.m + 1))) {
    for (Index i = 0; i < g.n; ++i)
      for (Index j = 0; j < g.m; ++j) {
        bool const here = visible(g.at(i, j));
        visible_[static_cast<std::size_t>(i * m_ + j)] = here;
        sum(i + 1, j + 1) = sum(i, j + 1) + sum(i + 1, j) - sum(i, j) + here;
      }
  }

  [[nodiscard]] bool at(Index i, Index j) const { return visible_[static_cast<std::size_t>(i * m_ + j)]; }
  [[nodiscard]] Coverage coverage(Index i, Index j, Index queries, Index keys) {
    Index const count = sum(i + queries, j + keys) - sum(i, j + keys) - sum(i + queries, j) + sum(i, j);
    return attend::covered(count == 0, count == queries * keys);
  }

 private:
  Index& sum(Index i, Index j) { return sums_[static_cast<std::size_t>(i * (m_ + 1) + j)]; }

  Index m_;
  std::vector<bool> visible_;
  std::vector<Index> sums_;
};

enum class Sharpness { may_say_some, exact };

/// coverage(tile) against the dense evaluation of that tile, for tiles of many sizes at every place.
template <class Mask>
void expect_coverage(Mask const& mask, Geometry const& g, Sharpness sharpness) {
  Dense dense(g, mask);
  for (Index const queries : {1, 5, 12})
    for (Index const keys : {1, 7, 16, 32})
      for (Index i = 0; i + std::min(queries, g.n) <= g.n && i < g.n; ++i)
        for (Index j = 0; j + std::min(keys, g.m) <= g.m && j < g.m; ++j) {
          Index const rows = std::min(queries, g.n), columns = std::min(keys, g.m);
          Coverage const truth = dense.coverage(i, j, rows, columns);
          Coverage const said = attend::coverage_of(mask, g.tile(i, j, rows, columns));
          if (sharpness == Sharpness::may_say_some && said == Coverage::some) continue;
          ASSERT_EQ(int(said), int(truth)) << g << ", tile (" << i << ", " << j << ") of " << rows << " by " << columns;
        }
}

/// Asks a mask about whole vectors of keys, as the kernel does: each query, from each key on.
template <class Mask, class Number>
struct VectorKernel {
  Mask const& mask;
  Geometry const& g;
  std::vector<char>& visible;  // (n, m, lanes)

  template <class Set>
  ATTEND_INLINE void run() const {
    constexpr int lanes = Set::vector_bytes / int(sizeof(Number));
    using Integer = attend::integer_like<Number>;
    using Keys = attend::pack<Integer, lanes>;
    Integer numbers[lanes];
    for (int lane = 0; lane < lanes; ++lane) numbers[lane] = lane;
    for (Index i = 0; i < g.n; ++i)
      for (Index j = 0; j < g.m; ++j) {
        Keys const keys = Keys::load(numbers) + j;
        typename Keys::mask const answer = mask(Position<Keys>{g.start + i, keys, g.start, i, keys, g.head, g.batch});
        for (int lane = 0; lane < lanes; ++lane)
          visible[std::size_t((i * g.m + j) * lanes + lane)] = answer[lane] ? 1 : 0;
      }
  }
};

/// Whole vectors of keys against one key at a time, on every instruction set of the machine. Lanes past the last key
/// have no right answer.
template <class Number, class Mask>
void expect_lanes(Mask const& mask, Geometry const& g) {
  for (int isa = 0; isa <= int(attend::machine_isa()); ++isa) {
    Index const lanes = (Index(16) << isa) / Index(sizeof(Number));
    std::vector<char> visible(std::size_t(g.n * g.m * lanes));
    attend::dispatch(attend::Isa(isa), VectorKernel<Mask, Number>{mask, g, visible});
    for (Index i = 0; i < g.n; ++i)
      for (Index j = 0; j < g.m; ++j)
        for (Index lane = 0; lane < lanes && j + lane < g.m; ++lane)
          ASSERT_EQ(visible[std::size_t((i * g.m + j) * lanes + lane)] != 0, bool(mask(g.at(i, j + lane))))
              << g << ", query " << i << ", key " << j + lane << ", lane " << lane << " of " << lanes << ", "
              << attend::isa_name(attend::Isa(isa));
  }
}

/// All laws in one place.
template <class Mask>
void expect_laws(Mask const& mask, Geometry const& g, Sharpness sharpness) {
  expect_coverage(mask, g, sharpness);
  expect_lanes<float>(mask, g);
  expect_lanes<double>(mask, g);
}

/// All laws, and the mask against its definition written out: visible(query, key, row, column).
template <class Mask, class Definition>
void expect_mask(Mask const& mask, Definition const& definition, Geometry const& g,
                 Sharpness sharpness = Sharpness::exact) {
  for (Index i = 0; i < g.n; ++i)
    for (Index j = 0; j < g.m; ++j) {
      Position<> const p = g.at(i, j);
      ASSERT_EQ(bool(mask(p)), definition(p.query, p.key, i, j)) << g << ", query " << i << ", key " << j;
    }
  expect_laws(mask, g, sharpness);
}

}  // namespace laws
