#pragma once

#include <attend/core/types.hpp>

namespace attend {

/// What backward sums up for the parameters of a similarity, in terms of its feature maps (feature_map.hpp):
///
///   features = scale · unit(matrix · x + bias),   score = finish( Σ_f combine(query_f, key_f, weight_f) )
///
/// A learned similarity makes of it an object of its own class: `gradient(sums)`.
template <class Number>
struct FeatureGradient {
  Matrix<Number> query_matrix;  // (features, d_q), where queries go through a matrix
  Matrix<Number> key_matrix;    // (features, d_k), likewise
  Vector<Number> query_bias;    // (features)
  Number query_scale = 0;
  Matrix<Number> table;    // (keys, features), where the keys are a table
  Vector<Number> weights;  // (features): by the similarity's own number for each; see its pair_gradient
};

/// What the score of one pair gives one feature: the derivatives by the features of query and key and by the
/// similarity's number for the feature, each times d_score.
template <class Number>
struct PairGradient {
  Number query, key, weight;
};

}  // namespace attend
