#pragma once

#include <attend/core/position.hpp>

namespace attend {

/// The pairs whose gradients one task of backward sums up: all queries of a group of heads against a stretch of keys.
///
/// A learned adjuster tells backward what to do with them:
///
///   gradient_size(place) → numbers that a task keeps, zeros at first
///   add_gradient(sums, place, row, d_score, p)   adds what a vector of keys gives; d_score is the loss's derivative by
///                                                the score that the adjuster returned, 0 for pairs that do not meet
///   join_gradient(gradient, sums, place)         adds a task's sums to a gradient; called in the order of tasks
struct GradientPlace {
  Index batch = 0;
  Index first_head = 0, heads = 0;  // of queries
  Index rows = 0;                   // queries of each head
  Index row = 0;                    // the first of them as stored …
  Index start = 0;                  // … and its position
  Index first_key = 0, keys = 0;    // positions of keys
  Index column = 0;                 // the key at position 0 as stored

  /// Query `number`, counted head by head, and key `key` of the stretch.
  [[nodiscard]] Position<> position(Index number, Index key) const {
    Index const head = number / rows, i = number - head * rows;
    return {start + i, first_key + key, start, row + i, column + first_key + key, first_head + head, batch};
  }
};

}  // namespace attend
