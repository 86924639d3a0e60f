#pragma once

#include <attend/hard/categorical.hpp>

namespace attend {

/// Forward as if hard, backward as if soft: y = one-hot(pick), and backward y is taken for p.
///
///   d_p := d_y      d_s = p ⊙ (d_y − ⟨p, d_y⟩)
///
/// Biased, except where the loss is linear in y, but of small variance: d_y asks of every key what it would have done.
///
/// Edge     a row that picks nothing: zeros
/// Source   Bengio 2013 (arXiv 1308.3432), who copy the gradient past a threshold; here past a pick
template <class Scalar>
struct StraightThrough {
  Categorical<Scalar> row;
  Index pick = -1;

  /// y (m)
  [[nodiscard]] Vector<Scalar> forward() const {
    row.check_key(pick);
    Vector<Scalar> y = Vector<Scalar>::Zero(row.keys());
    if (pick >= 0) y(pick) = Scalar(1);
    return y;
  }
  /// d_s (m) from d_y (m)
  template <class Gradient>
  [[nodiscard]] Vector<Scalar> backward(Eigen::MatrixBase<Gradient> const& d_y) const {
    return row.backward(d_y);
  }
};

}  // namespace attend
