#pragma once

#include <attend/core/config.hpp>
#include <attend/score/plain_features.hpp>

#include <type_traits>
#include <utility>

namespace attend {

namespace detail {

struct SumAsItIs {
  template <class Number>
  [[nodiscard]] ATTEND_INLINE Number operator()(Number const& sum) const {
    return sum;
  }
};

}  // namespace detail

/// score(q, k) = finish(sum), where sum = combine(q_f, k_f, sum) for each feature f, from 0: a similarity of your own.
///
/// ```
/// auto chebyshev = FeatureWise{[](auto q, auto k, auto sum) { return attend::max(sum, attend::abs(q - k)); },
///                              [](auto sum) { return -sum; }};
/// ```
///
/// Both are generic (`auto`): the kernel calls them with whole SIMD vectors, the reference with plain numbers.
///
/// Shapes   q (d)  k (d)
/// Throws   when q and k differ in d
template <class Combine, class Finish = detail::SumAsItIs>
struct FeatureWise : detail::PlainFeatures {
  Combine combine_feature;
  Finish finish_sum;

  explicit FeatureWise(Combine combine_one, Finish finish_all = {})
      : combine_feature(std::move(combine_one)), finish_sum(std::move(finish_all)) {}

  template <class Number>
  [[nodiscard]] ATTEND_INLINE Number combine(Number const& q, Number const& k, Number const& /*weight*/,
                                             Number const& sum) const {
    static_assert(std::is_invocable_v<Combine const&, Number const&, Number const&, Number const&>,
                  "attend: the first function of FeatureWise is called with (q, k, sum), three numbers of one type: "
                  "make it generic, [](auto q, auto k, auto sum) { … }.");
    return static_cast<Number>(combine_feature(q, k, sum));
  }
  template <class Number>
  [[nodiscard]] ATTEND_INLINE Number finish(Number const& sum) const {
    static_assert(std::is_invocable_v<Finish const&, Number const&>,
                  "attend: the second function of FeatureWise is called with the sum over all features: make it "
                  "generic, [](auto sum) { … }.");
    return static_cast<Number>(finish_sum(sum));
  }
};

}  // namespace attend
