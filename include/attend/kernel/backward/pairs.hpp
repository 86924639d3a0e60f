#pragma once

#include <attend/core/dual.hpp>
#include <attend/kernel/backward/sums.hpp>
#include <attend/score/feature_gradient.hpp>

/// Similarities that are no dot products, differentiated pair by pair and feature by feature, with the keys of a panel
/// side by side in vectors as in forward.

ATTEND_QUIET_BEGIN

namespace attend {
inline namespace ATTEND_UNIT_NAME {
namespace kernel {

/// Where the sums of one row go while its keys are walked over.
template <class Number>
struct PairMemory {
  Number* d_query = nullptr;  // [feature][lanes]
  Number* d_keys = nullptr;   // panels of [feature][panel]
  Number* prefix = nullptr;   // [feature][lanes]: what a similarity of the user's own had summed before each feature
  Number* weights = nullptr;  // [feature][lanes], or null
};

/// One query and one vector of keys, for similarities that say their derivative feature by feature.
template <class T, class Similarity, class Pack, class Number>
ATTEND_INLINE void differentiate_pairs(Similarity const& similarity, Number const* query, Number const* keys,
                                       Number const* weights, Index features, Pack const& d_score,
                                       PairMemory<Number> const& memory, Number* d_keys) {
  auto const meets = d_score != Pack(Number(0));  // where they do not, features may be no numbers
  Pack const zero(Number(0));
  for (Index f = 0; f < features; ++f) {
    PairGradient<Pack> const gradient =
        similarity.pair_gradient(Pack(query[f * T::rows]), Pack::load(keys + f * T::panel),
                                 Pack(weights == nullptr ? Number(1) : weights[f]), d_score);
    (Pack::load(memory.d_query + f * T::lanes) + select(meets, gradient.query, zero))
        .store(memory.d_query + f * T::lanes);
    (Pack::load(d_keys + f * T::panel) + select(meets, gradient.key, zero)).store(d_keys + f * T::panel);
    if constexpr (learns_weights<Similarity>)
      (Pack::load(memory.weights + f * T::lanes) + select(meets, gradient.weight, zero))
          .store(memory.weights + f * T::lanes);
  }
}

/// The same for one that only says how it combines: dual numbers, from the last feature to the first, since what is
/// summed before may be changed by what comes after.
template <class T, class Similarity, class Pack, class Number>
  requires(!requires(Similarity const& s, Pack const& x) { s.pair_gradient(x, x, x, x); })
ATTEND_INLINE void differentiate_pairs(Similarity const& similarity, Number const* query, Number const* keys,
                                       Number const* weights, Index features, Pack const& d_score,
                                       PairMemory<Number> const& memory, Number* d_keys) {
  using Both = Dual<Pack>;
  Pack const zero(Number(0)), one(Number(1));
  auto const meets = d_score != zero;
  Pack sum = zero;
  for (Index f = 0; f < features; ++f) {
    sum.store(memory.prefix + f * T::lanes);
    sum = similarity.combine(Pack(query[f * T::rows]), Pack::load(keys + f * T::panel),
                             Pack(weights == nullptr ? Number(1) : weights[f]), sum);
  }
  Pack d_sum = d_score * similarity.finish(Both(sum, one)).derivative;
  for (Index f = features; f-- > 0;) {
    Pack const q(query[f * T::rows]), k = Pack::load(keys + f * T::panel);
    Pack const before = Pack::load(memory.prefix + f * T::lanes);
    Both const weight(Pack(weights == nullptr ? Number(1) : weights[f]), zero);
    Pack const d_query = d_sum * similarity.combine(Both(q, one), Both(k, zero), weight, Both(before, zero)).derivative;
    Pack const d_key = d_sum * similarity.combine(Both(q, zero), Both(k, one), weight, Both(before, zero)).derivative;
    (Pack::load(memory.d_query + f * T::lanes) + select(meets, d_query, zero)).store(memory.d_query + f * T::lanes);
    (Pack::load(d_keys + f * T::panel) + select(meets, d_key, zero)).store(d_keys + f * T::panel);
    d_sum = d_sum * similarity.combine(Both(q, zero), Both(k, zero), weight, Both(before, one)).derivative;
  }
}

/// Some rows of a block against panels [begin, end) of a tile: sums of d_key in panels, of d_query in rows.
template <class T, class Similarity, class Number>
ATTEND_INLINE void differentiate_features(Similarity const& similarity, int rows, Number const* strips,
                                          Number const* key_panels, Number const* weights, Index features, Index begin,
                                          Index end, Number const* d_scores, PairMemory<Number> const& memory,
                                          Number* d_query, Index feature_stride) {
  using Pack = pack<Number, T::lanes>;
  for (int r = 0; r < rows; ++r) {
    Number const* const query = strips + r / T::rows * T::rows * features + r % T::rows;
    for (Index i = 0; i < features * T::lanes; i += T::lanes) Pack(Number(0)).store(memory.d_query + i);
    for (Index j = begin; j < end; j += T::lanes) {
      Pack const d_score = Pack::load(d_scores + r * T::score_stride + j);
      if (!any_of(d_score != Pack(Number(0)))) continue;
      Index const at = j / T::panel * T::panel * features + j % T::panel;
      differentiate_pairs<T>(similarity, query, key_panels + at, weights, features, d_score, memory,
                             memory.d_keys + at);
    }
    for (Index f = 0; f < features; ++f)
      d_query[r * feature_stride + f] += sum_of(Pack::load(memory.d_query + f * T::lanes));
  }
}

}  // namespace kernel
}  // namespace ATTEND_UNIT_NAME
}  // namespace attend

ATTEND_QUIET_END
