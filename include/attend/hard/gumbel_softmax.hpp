#pragma once

#include <attend/core/check.hpp>
#include <attend/core/random.hpp>
#include <attend/hard/categorical.hpp>

#include <limits>

namespace attend {

/// A pick made soft, so that it has a derivative: y = softmax((s + g)/τ), with independent Gumbel numbers g.
///
/// argmax y is an exact draw from softmax(s) at any τ. As τ → 0, y becomes one-hot and its gradient's variance grows
/// without bound; a large τ has little variance and much bias. `hard` hands out one-hot(argmax y) and goes backward
/// through y: the straight-through kind.
///
/// Throws   when τ is not positive and finite, or there is not one g a score
/// Edge     keys with a score of −∞ have y = 0 and no gradient
/// Source   Jang 2017, equation 2 (arXiv 1611.01144); Maddison 2017, equation 1 (arXiv 1611.00712)
template <class Scalar>
struct GumbelSoftmax {
  Scalar temperature = 1;  ///< τ

  /// y, as the row whose probabilities it is.
  ///
  /// Shapes   scores and gumbel (m)
  template <class Scores, class Gumbel>
  [[nodiscard]] Categorical<Scalar> sample(Eigen::MatrixBase<Scores> const& scores,
                                           Eigen::MatrixBase<Gumbel> const& gumbel) const {
    check_temperature();
    check(scores.size() == gumbel.size(), "GumbelSoftmax: there are ", scores.size(), " scores and ", gumbel.size(),
          " Gumbel numbers; there must be one for each.");
    return Categorical<Scalar>(((scores + gumbel) / temperature).eval());
  }

  /// d_s (m) from d_y (m): 1/τ · y ⊙ (d_y − ⟨y, d_y⟩)
  template <class Gradient>
  [[nodiscard]] Vector<Scalar> backward(Categorical<Scalar> const& y, Eigen::MatrixBase<Gradient> const& d_y) const {
    check_temperature();
    return y.backward(d_y) / temperature;
  }

  /// one-hot(argmax y) (m); the way back is that of y.
  [[nodiscard]] static Vector<Scalar> hard(Categorical<Scalar> const& y) {
    Vector<Scalar> one_hot = Vector<Scalar>::Zero(y.keys());
    if (y.mode >= 0) one_hot(y.mode) = Scalar(1);
    return one_hot;
  }

  /// g (m) of one row: `random_stream(seed, batch, head, query)` names it.
  [[nodiscard]] static Vector<Scalar> noise(Index keys, RandomStream row) {
    Vector<Scalar> g(keys);
    for (Index j = 0; j < keys; ++j) g(j) = gumbel<Scalar>(row, j);
    return g;
  }

 private:
  void check_temperature() const {
    check(temperature > Scalar(0) && temperature <= std::numeric_limits<Scalar>::max(),
          "GumbelSoftmax: the temperature is ", temperature, "; it must be positive and finite.");
  }
};

}  // namespace attend
