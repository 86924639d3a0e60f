#pragma once

#include <attend/core/check.hpp>
#include <attend/core/types.hpp>

namespace attend {

/// The sizes of a MultiHead. What is 0 is what Vaswani 2017 takes.
struct MultiHeadShape {
  Index features = 0;  ///< of queries and of the result
  Index heads = 1;
  Index kv_heads = 0;        ///< 0: as many as heads; 1: multi-query; between: grouped queries
  Index key_dim = 0;         ///< of one head; 0: features / heads
  Index value_dim = 0;       ///< of one head; 0: key_dim
  Index key_features = 0;    ///< of what keys are made of; 0: features
  Index value_features = 0;  ///< of what values are made of; 0: key_features
  bool bias = true;          ///< of the four projections

  /// With the zeros replaced.
  ///
  /// Throws   when sizes do not divide as they must
  [[nodiscard]] MultiHeadShape complete() const {
    MultiHeadShape shape = *this;
    check(features > 0 && heads > 0, "MultiHead: ", features, " features in ", heads, " heads; both must be positive.");
    if (shape.kv_heads == 0) shape.kv_heads = heads;
    check(shape.kv_heads > 0 && heads % shape.kv_heads == 0, "MultiHead: ", heads, " heads share ", shape.kv_heads,
          " heads of keys and values; the first must be a multiple of the second.");
    if (shape.key_dim == 0) {
      check(features % heads == 0, "MultiHead: ", features, " features do not divide into ", heads,
            " heads; give key_dim.");
      shape.key_dim = features / heads;
    }
    if (shape.value_dim == 0) shape.value_dim = shape.key_dim;
    if (shape.key_features == 0) shape.key_features = features;
    if (shape.value_features == 0) shape.value_features = shape.key_features;
    check(shape.key_dim > 0 && shape.value_dim > 0 && shape.key_features > 0 && shape.value_features > 0,
          "MultiHead: sizes must not be negative.");
    return shape;
  }
};

}  // namespace attend
