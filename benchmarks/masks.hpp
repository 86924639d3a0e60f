#pragma once

#include "problem.hpp"

/// Masks that leave queries unequal work.

namespace bench {

/// Documents of very different lengths, packed.
inline std::vector<at::Index> ragged_lengths(at::Index tokens) {
  std::vector<at::Index> lengths;
  at::Index left = tokens;
  for (at::Index const part : {2, 50, 4, 11, 3, 200, 7, 5, 30, 6}) {
    lengths.push_back(std::min(left, tokens / part));
    left -= lengths.back();
  }
  lengths.push_back(left);
  return lengths;
}

/// A quarter of the blocks of 64 × 64, by chance, and those of the first block of queries and of keys, which all see.
inline at::BlockSparse quarter_of_blocks(at::Index tokens) {
  using Blocks = Eigen::Array<bool, Eigen::Dynamic, Eigen::Dynamic>;
  std::mt19937 random(5);
  at::Index const side = (tokens + 63) / 64;
  Blocks const blocks =
      Blocks::NullaryExpr(side, side, [&](at::Index i, at::Index j) { return i == 0 || j == 0 || random() % 4 == 0; });
  return at::BlockSparse(blocks, 64, 64);
}

}  // namespace bench
