#pragma once

#include <attend/core/check.hpp>
#include <attend/hard/categorical.hpp>
#include <attend/hard/draw.hpp>

namespace attend {

/// Against the variance of picks: with probability ½ a whole sequence attends softly, w = p, instead of with its picks,
/// w = one-hot(pick). The weights have the mean p either way.
///
/// A soft sequence learns through p, with `backward`; a hard one by REINFORCE.
///
/// Throws   when the probability is not in [0, 1]
/// Source   Xu 2015, section 4.1 (arXiv 1502.03044)
struct HalfSoft {
  double probability = 0.5;  ///< of being soft

  /// Is this sequence soft in this step? Asked of `draw.batch` as the number of the sequence.
  [[nodiscard]] bool is_soft(Draw const& draw) const {
    check(probability >= 0 && probability <= 1, "HalfSoft: the probability is ", probability,
          "; it must be between 0 and 1.");
    return draw.uniform(-1, 0) < probability;  // −1: no row's own number
  }

  /// w (m)
  template <class Scalar>
  [[nodiscard]] static Vector<Scalar> weights(Categorical<Scalar> const& row, Index pick, bool soft) {
    row.check_key(pick);
    if (soft) return row.probability;
    Vector<Scalar> w = Vector<Scalar>::Zero(row.keys());
    if (pick >= 0) w(pick) = Scalar(1);
    return w;
  }
};

}  // namespace attend
