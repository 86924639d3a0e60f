#pragma once

#include <attend/core/concepts.hpp>
#include <attend/score/feature_map.hpp>

namespace attend::detail {

/// What similarities share that compare q and k feature by feature as they are.
struct PlainFeatures {
  using kind = SimilarityKind;

  static void check_sizes(Index d_query, Index d_key, Index /*keys*/) {
    check(d_query == d_key, "attention: q has ", d_query, " columns but k has ", d_key,
          "; both must have the same number of features d.");
  }
  template <class Scalar>
  [[nodiscard]] FeatureScale<Scalar> query_map(Index /*d*/) const {
    return {};
  }
  template <class Scalar>
  [[nodiscard]] FeatureScale<Scalar> key_map(Index /*d*/) const {
    return {};
  }
};

}  // namespace attend::detail
