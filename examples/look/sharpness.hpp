#pragma once

#include "word_vectors.hpp"

#include <cmath>
#include <vector>

namespace look {

/// Up to `most` rows, evenly spread over `count`.
[[nodiscard]] inline std::vector<Index> some_rows(Index count, Index most) {
  std::vector<Index> rows;
  Index const taken = std::min(count, most);
  for (Index i = 0; i < taken; ++i) rows.push_back(i * count / taken);
  return rows;
}

/// Mean of −Σ w ln w over the rows: 0 when each row has one weight, ln m when all m are equal.
[[nodiscard]] inline double mean_entropy(Vectors const& weights) {
  double sum = 0;
  for (float const w : weights.reshaped())
    if (w > 0) sum -= static_cast<double>(w) * std::log(static_cast<double>(w));
  return sum / static_cast<double>(std::max<Index>(1, weights.rows()));
}

/// The factor of the scores that makes attention neither flat nor one-hot: the one whose mean entropy is half of the
/// largest, ln m / 2, as if a word of a text of m tokens looked at √m of them.
///
/// `weights_at(factor, rows)` gives the weights (rows, m). Their entropy falls as the factor grows, so halving an
/// interval finds it; every kind of attention gets its own, so that their pictures can be compared.
template <class WeightsAt>
[[nodiscard]] double sharpness(Index tokens, WeightsAt&& weights_at) {
  if (tokens < 2) return 1;
  std::vector<Index> const rows = some_rows(tokens, 48);
  double const wanted = 0.5 * std::log(static_cast<double>(tokens));
  double low = std::log(0.01), high = std::log(10000.0);
  for (int step = 0; step < 16; ++step) {
    double const middle = (low + high) / 2;
    (mean_entropy(weights_at(std::exp(middle), rows)) > wanted ? low : high) = middle;
  }
  return std::exp((low + high) / 2);
}

}  // namespace look
