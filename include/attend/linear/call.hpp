#pragma once

#include <attend/core/heads.hpp>
#include <attend/linear/steps.hpp>
#include <attend/mask/causal.hpp>
#include <attend/mask/lengths.hpp>

namespace attend {
inline namespace ATTEND_UNIT_NAME {
namespace linear_detail {

/// φ of recurrences: features as they are.
struct AsTheyAre {
  template <class Number>
  ATTEND_INLINE Number operator()(Number const& x) const {
    return x;
  }
};

/// One call of the kernels: checked arrays and what is done with them.
template <class ComputeNumber, class Query, class Key, class Value, class FeatureMap, bool divides>
struct Call {
  using Number = ComputeNumber;
  /// Whether outputs are divided by the sum of their weights.
  static constexpr bool normalized = divides;

  Heads<Query const> query;   // (b, h, n, d)
  Heads<Key const> key;       // (b, h_kv, m, d)
  Heads<Value const> value;   // (b, h_kv, m, e)
  Heads<Number const> decay;  // (b, h_kv, m, d or 1), or no data
  Heads<Number const> rate;   // (b, h_kv, m, 1), or no data
  FeatureMap const& map;
  Number scale;            // of queries
  Causal const* causal;    // or null
  Lengths const* lengths;  // or null

  [[nodiscard]] Index group() const { return key.heads() > 0 ? query.heads() / key.heads() : 1; }
  [[nodiscard]] Index units() const { return key.batch() * key.heads(); }
  [[nodiscard]] Steps steps(Index batch) const {
    Index const queries = query.length(), keys = lengths == nullptr ? key.length() : lengths->of(batch);
    return causal == nullptr ? Steps::all(queries, keys)
                             : Steps::causal(queries, keys, causal->first_place(key.length() - queries, batch));
  }
  [[nodiscard]] bool decays() const { return decay.data() != nullptr; }
  [[nodiscard]] bool corrects() const { return rate.data() != nullptr; }
};

}  // namespace linear_detail
}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
