#pragma once

#include <attend/core/call_shape.hpp>
#include <attend/core/concepts.hpp>
#include <attend/core/policies.hpp>
#include <attend/core/query_start.hpp>
#include <attend/mask/combine.hpp>
#include <attend/mask/documents.hpp>
#include <attend/normalize/softmax.hpp>
#include <attend/reference/evaluated.hpp>
#include <attend/score/scaled_dot.hpp>

#include <tuple>
#include <vector>

namespace attend::reference {

/// A problem of its own: a whole sequence, or one document of a packed one.
struct Segment {
  Index row = 0, queries = 0;  // first query as stored, and how many
  Index column = 0, keys = 0;  // first key as stored, and how many
};

namespace detail {

/// The documents that a mask cuts the sequence into: only where they must hold for every pair.
template <class Policy>
[[nodiscard]] Documents const* documents_of(Policy const&) {
  return nullptr;
}
[[nodiscard]] inline Documents const* documents_of(Documents const& documents) { return &documents; }
template <class First, class Second>
[[nodiscard]] Documents const* documents_of(And<First, Second> const& both) {
  Documents const* const documents = documents_of(both.first);
  return documents != nullptr ? documents : documents_of(both.second);
}

}  // namespace detail

/// One head of a call: its policies, found by kind (their order matters only among adjusters), its sizes, and where
/// its queries and keys stand.
template <class... Given>
class Call {
 public:
  Call(CallShape const& shape, Given const&... given) : given_(given...), shape_(shape) {
    attend::detail::check_policy_kinds<Given...>();
    static_assert(attend::detail::how_many<attend::detail::is_scales, Given...> == 0,
                  "attend: the reference takes keys and values as numbers: multiply them by their scales.");
  }

  /// The same call, another of its heads.
  [[nodiscard]] Call at(Index batch, Index head) const {
    Call other = *this;
    other.batch_ = batch;
    other.head_ = head;
    return other;
  }

  [[nodiscard]] auto const& similarity() const { return given_or<attend::detail::is_similarity>(scaled_dot_); }
  [[nodiscard]] auto const& normalizer() const { return given_or<attend::detail::is_normalizer>(softmax_); }

  /// All that were given, in the order given.
  [[nodiscard]] std::tuple<Given const&...> const& policies() const { return given_; }

  /// One, or one a document.
  [[nodiscard]] std::vector<Segment> segments() const {
    Documents const* documents = nullptr;
    auto const look = [&documents](auto const& policy) {
      if (documents == nullptr) documents = detail::documents_of(policy);
    };
    std::apply([&](auto const&... policy) { (look(policy), ...); }, given_);
    if (documents == nullptr) return {{0, shape_.queries, 0, shape_.keys}};

    std::vector<Segment> segments;
    for (Index d = 0; d < documents->count(); ++d)
      segments.push_back({documents->query_begin(d), documents->query_end(d) - documents->query_begin(d),
                          documents->key_begin(d), documents->key_end(d) - documents->key_begin(d)});
    return segments;
  }

  /// Where query i and key j of a segment stand.
  [[nodiscard]] Position<> position(Segment const& segment, Index i, Index j) const {
    Index const start = given_or<attend::detail::is_option>(query_start_).of(batch_, segment.queries, segment.keys);
    return {start + i, j, start, segment.row + i, segment.column + j, head_, batch_};
  }

  /// Do all masks allow the pair?
  [[nodiscard]] bool visible(Position<> const& p) const {
    auto const allows = [&p]<class Policy>(Policy const& policy) {
      if constexpr (Mask<Policy>)
        return static_cast<bool>(policy(p));
      else
        return true;
    };
    return std::apply([&](auto const&... policy) { return (allows(policy) && ...); }, given_);
  }

  /// The score after each adjuster in turn.
  template <class T>
  [[nodiscard]] T adjusted(T score, Position<> const& p) const {
    auto const adjust = [&]<class Policy>(Policy const& policy) {
      if constexpr (Adjuster<Policy>) score = plain<T>(policy(evaluated_t<T>(score), p));
    };
    std::apply([&](auto const&... policy) { (adjust(policy), ...); }, given_);
    return score;
  }

  /// Lets each policy refuse sizes that it cannot serve.
  void check_sizes(Index d_query, Index d_key) const {
    similarity().check_sizes(d_query, d_key, shape_.keys);
    std::apply([this](auto const&... policy) { (check_policy(policy, shape_), ...); }, given_);
  }

 private:
  template <template <class> class Is, class Default>
  [[nodiscard]] auto const& given_or(Default const& otherwise) const {
    return std::apply(
        [&](auto const&... policy) -> auto const& { return attend::detail::find<Is>(otherwise, policy...); }, given_);
  }

  std::tuple<Given const&...> given_;
  CallShape shape_;
  Index batch_ = 0;
  Index head_ = 0;
  ScaledDot scaled_dot_{};
  Softmax softmax_{};
  QueryStart query_start_{};
};

}  // namespace attend::reference
