#pragma once

#include "numbers.hpp"

#include <attend/core/check.hpp>

#include <cmath>

namespace train {

/// ‖g‖ over all parameters; where it is more than `most`, g ← g · most / ‖g‖. Through many steps of a recurrent cell
/// gradients can grow without bound, and one such step would undo a thousand others.
///
/// Throws   when `most` is not positive, or the gradient holds NaN or infinity
/// Source   Pascanu 2013, algorithm 1 (arXiv 1211.5063)
template <attend::Learned Object>
double clip_norm(Object& gradient, double most) {
  attend::check(most > 0, "clip_norm: the largest norm is ", most, "; it must be more than 0.");
  double squares = 0;
  for (double const number : numbers_of(gradient)) squares += number * number;
  double const norm = std::sqrt(squares);
  attend::check(std::isfinite(norm), "clip_norm: the gradient's norm is ", norm, "; training has gone astray.");
  if (norm > most) change_numbers(gradient, [&](double number, std::size_t) { return number * (most / norm); });
  return norm;
}

}  // namespace train
