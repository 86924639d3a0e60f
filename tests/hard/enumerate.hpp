#pragma once

#include <attend/core/types.hpp>

#include <vector>

/// Expectations over picks, by trying all of them.

namespace enumerate {

using attend::Index;
using Vector = attend::Vector<double>;

/// What an estimator comes to: Σ p x, and Σ p ‖x − mean‖².
struct Moments {
  Vector mean;
  double variance = 0;
};

/// Calls f(picks) for all tuples of M keys out of m.
template <class Function>
void for_each_tuple(Index keys, Index samples, Function const& f) {
  std::vector<Index> picks(static_cast<std::size_t>(samples), 0);
  for (;;) {
    f(picks);
    std::size_t place = 0;
    while (place < picks.size() && ++picks[place] == keys) picks[place++] = 0;
    if (place == picks.size()) return;
  }
}

/// The moments of estimate(picks) where each of `samples` picks has the probabilities p.
template <class Estimate>
Moments moments(Vector const& p, Index samples, Estimate const& estimate) {
  Moments result{Vector(), 0};
  double square = 0;
  for_each_tuple(p.size(), samples, [&](std::vector<Index> const& picks) {
    double probability = 1;
    for (Index const pick : picks) probability *= p(pick);
    if (probability == 0) return;
    Vector const x = estimate(picks);
    if (result.mean.size() == 0) result.mean = Vector::Zero(x.size());
    result.mean += probability * x;
    square += probability * x.squaredNorm();
  });
  result.variance = square - result.mean.squaredNorm();
  return result;
}

}  // namespace enumerate
