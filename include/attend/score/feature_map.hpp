#pragma once

#include <attend/core/check.hpp>
#include <attend/core/view.hpp>

namespace attend {

/// How a token x becomes the features that a similarity compares:  x → scale · unit(matrix · x + bias).
///
/// Shapes   matrix (features, d); none: the identity.  bias (features), only beside a matrix; none: zero
/// Edge     `to_unit_length` divides by the Euclidean length; the zero vector stays zero
template <class Scalar>
struct FeatureMap {
  View<Scalar> matrix{};         // (features, d)
  Scalar const* bias = nullptr;  // (features)
  bool to_unit_length = false;
  Scalar scale = Scalar(1);

  [[nodiscard]] Index features(Index d) const { return matrix.data == nullptr ? d : matrix.rows; }
};

/// The map of a similarity that compares the features as they are:  x → scale · unit(x). A type of its own, so that no
/// product is compiled where none can be asked for.
template <class Scalar>
struct FeatureScale {
  bool to_unit_length = false;
  Scalar scale = Scalar(1);

  operator FeatureMap<Scalar>() const { return {.to_unit_length = to_unit_length, .scale = scale}; }
};

}  // namespace attend
