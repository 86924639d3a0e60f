#pragma once

#include <attend/core/concepts.hpp>
#include <attend/core/heads.hpp>
#include <attend/core/parameters.hpp>
#include <attend/kernel/tiling.hpp>
#include <attend/normalize/family.hpp>
#include <attend/score/feature_map.hpp>

#include <tuple>

namespace attend {
inline namespace ATTEND_UNIT_NAME {
namespace kernel {

/// A stretch of queries and the keys they may meet: a whole sequence of the batch, or one document of a packed one.
struct Segment {
  Index batch = 0;
  Index row = 0, rows = 0;  // queries as stored
  Index key = 0, keys = 0;  // keys as stored
  Index start = 0;          // position of the first query; positions of keys count from 0
};

/// What a similarity compares: how queries and keys become features, and the similarity's own number for each.
template <class Number>
struct Features {
  FeatureMap<Number> query, key;
  Number const* weights = nullptr;  // (features) or null
  Index count = 0;

  template <class Similarity>
  Features(Similarity const& similarity, Index query_dim, Index key_dim)
      : query(similarity.template query_map<Number>(query_dim)),
        key(similarity.template key_map<Number>(key_dim)),
        count(query.features(query_dim)) {
    if constexpr (requires { similarity.template feature_weights<Number>(); })
      weights = similarity.template feature_weights<Number>();
  }
};

template <class Similarity>
inline constexpr bool is_dot_product = requires { requires Similarity::is_dot_product; };

/// One call of the fused kernel: sizes, memory and policies. It owns nothing.
///
/// `group` query heads share a key/value head. `picked_rows` names the queries of a segment that are asked for
/// (weights of some rows); null: all of them.
template <class NumberType, class QueryStorage, class KeyStorage, class ValueStorage, class OutputStorage,
          class SimilarityType, class NormalizerType, class AdjusterTuple, class MaskTuple, bool with_token_scales>
struct Call {
  using Number = NumberType;
  using Query = QueryStorage;
  using Key = KeyStorage;
  using Value = ValueStorage;
  using Output = OutputStorage;
  using Similarity = SimilarityType;
  using Normalizer = NormalizerType;

  Heads<Query const> const& query;   // (b, h, n, d)
  Heads<Key const> const& key;       // (b, h_kv, m, d)
  Heads<Value const> const& value;   // (b, h_kv, m, e)
  Heads<Output> const& output;       // (b, h, n, e); no data when only weights are asked for
  Heads<Number> const& log_sum_exp;  // (b, h, n, 1) or no data
  Heads<Number> const& weights;      // (b, h, rows, m) or no data

  Similarity const& similarity;
  Normalizer const& normalizer;
  AdjusterTuple adjusters;  // of const references
  MaskTuple masks;          // of const references

  Index group;
  Index const* picked_rows;
  Index picked_count;
  Features<Number> const& features;
  bool float_products;                   // even where bfloat16 could be multiplied as it is stored
  Heads<Number const> const& key_scale;  // (b, h_kv, m, 1), with token scales
  Heads<Number const> const& value_scale;

  /// Whether tokens may go through a matrix before they are compared.
  static constexpr bool maps_queries =
      std::is_same_v<decltype(std::declval<Similarity const&>().template query_map<Number>(Index{})),
                     FeatureMap<Number>>;
  static constexpr bool maps_keys =
      std::is_same_v<decltype(std::declval<Similarity const&>().template key_map<Number>(Index{})), FeatureMap<Number>>;
  static constexpr bool scales_tokens = with_token_scales;
  static constexpr bool has_adjusters = std::tuple_size_v<AdjusterTuple> > 0;
  static constexpr int learned_adjusters = []<class... Adjusters>(std::type_identity<std::tuple<Adjusters...>>) {
    return (0 + ... + int(Learned<Adjusters>));
  }(std::type_identity<AdjusterTuple>());
  static constexpr bool has_masks = std::tuple_size_v<MaskTuple> > 0;

  /// Queries of a segment that are computed.
  [[nodiscard]] Index rows_of(Segment const& segment) const { return picked_rows ? picked_count : segment.rows; }
};

/// Query `row` of the unit in numbers of the call: which head, which query of the segment.
struct QueryPlace {
  Index head = 0;
  Index row = 0;
};

}  // namespace kernel
}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
