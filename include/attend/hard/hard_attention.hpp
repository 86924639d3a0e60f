#pragma once

#include <attend/attention.hpp>
#include <attend/core/policies.hpp>
#include <attend/core/query_start.hpp>
#include <attend/hard/categorical.hpp>
#include <attend/hard/draw.hpp>
#include <attend/hard/picked.hpp>
#include <attend/hard/scores_only.hpp>

#include <algorithm>
#include <numeric>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace attend {
inline namespace ATTEND_UNIT_NAME {

/// Attention that picks keys instead of averaging over them: key ~ softmax(s), out = v_key.
///
///   at::HardAttention op{at::Causal{}};
///   auto picked = op.sample(q, k, v, {.seed = 7, .step = 12});   // picked.output, .keys, .log_probability, .entropy
///
/// Policies as in `Attention`: a similarity, adjusters and masks; `Softmax{τ}` for another temperature. `sample` draws
/// picks to learn from, `argmax` and `top_k` are for use.
///
/// Scoring looks at every key, as soft attention does; what is saved is reading the values. (`attention(q, k, v,
/// GumbelMax{seed})` also draws, inside of the fused kernel, but does not tell what it drew.)
///
/// Shapes   q (n, d)  k (m, d)  v (m, e)  →  output (n, e), keys and log_probability (n, M), entropy (n)
/// Throws   as `attention`; when Softmax has sinks
/// Edge     see Picked; of equal scores the first key is taken
/// Cost     twice n·m·d multiply-adds, n·m exponentials, and M·e for each query; extra memory 64 rows of scores. With
///          packed Documents all rows of scores
/// Source   Xu 2015, section 4.1 (arXiv 1502.03044); Mnih 2014 (arXiv 1406.6247)
template <class... Policies>
class HardAttention {
 public:
  explicit HardAttention(Policies... policies) : policies_(std::move(policies)...) {
    detail::check_policy_kinds<Policies...>();
    static_assert(((!detail::is_executor<Policies>::value && !detail::is_workspace<Policies>::value) && ...),
                  "attend: HardAttention keeps scores and masks; hand executors and workspaces to its calls.");
    static_assert(((!Normalizer<Policies> || std::is_same_v<Policies, Softmax>) && ...),
                  "attend: HardAttention picks with the probabilities of a softmax; give Softmax{τ} or no normaliser.");
  }

  /// M independent draws a query; output is the average of their values.
  template <class Query, class Key, class Value, class... Given>
  [[nodiscard]] Picked<typename Query::Scalar> sample(Eigen::DenseBase<Query> const& q, Eigen::DenseBase<Key> const& k,
                                                      Eigen::DenseBase<Value> const& v, Draw const& draw,
                                                      Given&&... given) const {
    using Scalar = compute_t<typename Query::Scalar>;
    draw.check_sizes();
    // By its position, as GumbelMax: a query draws the same key whether it came by prefill or by decode.
    Index const start = query_start(given...).of(0, q.rows(), k.rows());
    return pick(
        q, k, v, draw.samples,
        [&draw, start](Categorical<Scalar> const& row, auto const&, Index i) {
          std::vector<double> numbers;
          for (Index sample = 0; sample < draw.samples; ++sample) numbers.push_back(draw.uniform(start + i, sample));
          std::vector<KeyWeight<Scalar>> picks;
          for (Index const key : row.keys_at(numbers))
            if (key >= 0) picks.push_back({key, Scalar(1) / static_cast<Scalar>(draw.samples)});
          return picks;
        },
        given...);
  }

  /// The most probable key.
  template <class Query, class Key, class Value, class... Given>
  [[nodiscard]] Picked<typename Query::Scalar> argmax(Eigen::DenseBase<Query> const& q, Eigen::DenseBase<Key> const& k,
                                                      Eigen::DenseBase<Value> const& v, Given&&... given) const {
    return top_k(q, k, v, 1, given...);
  }

  /// The `count` most probable keys, the most probable first, weighted by their probabilities divided by their sum.
  ///
  /// Throws   when count is less than 1
  template <class Query, class Key, class Value, class... Given>
  [[nodiscard]] Picked<typename Query::Scalar> top_k(Eigen::DenseBase<Query> const& q, Eigen::DenseBase<Key> const& k,
                                                     Eigen::DenseBase<Value> const& v, Index count,
                                                     Given&&... given) const {
    using Scalar = compute_t<typename Query::Scalar>;
    check(count >= 1, "HardAttention: the top ", count, " keys were asked for; there must be at least 1.");
    return pick(
        q, k, v, count,
        [count](Categorical<Scalar> const& row, Vector<Scalar> const& scores, Index) {
          std::vector<KeyWeight<Scalar>> picks;
          if (row.mode < 0) return picks;
          std::vector<Index> keys;
          for (Index j = 0; j < row.keys(); ++j)
            if (row.log_probability(j) != -infinity<Scalar>) keys.push_back(j);
          auto const kept = keys.begin() + std::min(count, static_cast<Index>(keys.size()));
          std::partial_sort(keys.begin(), kept, keys.end(), [&scores](Index a, Index b) {
            return scores(a) > scores(b) || (scores(a) == scores(b) && a < b);
          });
          Scalar sum = 0;
          for (auto key = keys.begin(); key != kept; ++key) {
            picks.push_back({*key, std::exp(row.log_probability(*key) - row.log_probability(keys.front()))});
            sum += picks.back().weight;
          }
          for (auto& each : picks) each.weight /= sum;
          return picks;
        },
        given...);
  }

 private:
  template <class Scalar>
  static constexpr Scalar infinity = std::numeric_limits<Scalar>::infinity();

  /// As many rows as make the kernel's work worth starting, and few enough to stay in the cache.
  static constexpr Index rows_at_once = 64;

  /// `choose(row, scores, i)` gives the picks of query i and their weights.
  template <class Query, class Key, class Value, class Choose, class... Given>
  [[nodiscard]] Picked<typename Query::Scalar> pick(Eigen::DenseBase<Query> const& q, Eigen::DenseBase<Key> const& k,
                                                    Eigen::DenseBase<Value> const& v, Index count, Choose const& choose,
                                                    Given&... given) const {
    using Storage = typename Query::Scalar;
    using Scalar = compute_t<Storage>;
    static_assert(is_kernel_scalar<Scalar>, "attend: HardAttention computes in float or double.");
    check(k.rows() == v.rows(), "HardAttention: k has ", k.rows(), " rows but v has ", v.rows(),
          "; both must have one row for each key.");
    Softmax const softmax = this->softmax();
    check(softmax.sinks.empty(), "HardAttention: the softmax has ", softmax.sinks.size(),
          " sinks; there is no key to pick for a sink.");
    softmax.check_sizes({1, 1, q.rows(), k.rows()});

    Index const n = q.rows();
    Picked<Storage> result{{},
                           KeyMatrix::Constant(n, count, -1),
                           Matrix<Scalar>::Zero(n, count),
                           Vector<Scalar>::Zero(n),
                           SparseWeights<Scalar>(k.rows())};
    std::vector<std::vector<KeyWeight<Scalar>>> picks(static_cast<std::size_t>(n));
    Serial serial;
    auto& executor = detail::find<detail::is_executor>(serial, given...);
    Index const step = has_documents<Given...> ? std::max<Index>(n, 1) : rows_at_once;
    decltype(auto) q_memory = call_detail::readable(q.derived());
    decltype(auto) k_memory = call_detail::readable(k.derived());
    for (Index first = 0; first < std::max<Index>(n, 1); first += step) {  // once for n = 0, for the checks
      Matrix<Scalar> const block = scores(q_memory, k_memory, first, std::min(step, n - first), given...);
      executor.for_each(block.rows(), [&](Index r) {
        Index const i = first + r;
        Vector<Scalar> const of_row = block.row(r).transpose() / static_cast<Scalar>(softmax.temperature);
        Categorical<Scalar> const row(of_row);
        auto& mine = picks[static_cast<std::size_t>(i)];
        mine = choose(row, of_row, i);
        for (std::size_t p = 0; p < mine.size(); ++p) {
          result.keys(i, static_cast<Index>(p)) = mine[p].key;
          result.log_probability(i, static_cast<Index>(p)) = row.log_probability(mine[p].key);
        }
        result.entropy(i) = row.entropy();
        if (row.log_sum_exp != row.log_sum_exp) result.log_probability.row(i).setConstant(row.log_sum_exp);
      });
    }
    for (auto& row : picks) result.weights.add_row(joined(row));
    result.output = weighted_values(result.weights, v).template cast<Storage>();
    for (Index i = 0; i < n; ++i)
      if (result.entropy(i) != result.entropy(i)) result.output.row(i).setConstant(Storage(result.entropy(i)));
    return result;
  }

  /// In the order of keys, each key once.
  template <class Entry>
  [[nodiscard]] static std::vector<Entry>& joined(std::vector<Entry>& entries) {
    std::stable_sort(entries.begin(), entries.end(), [](Entry const& a, Entry const& b) { return a.key < b.key; });
    std::size_t count = 0;
    for (Entry const& entry : entries)
      if (count > 0 && entries[count - 1].key == entry.key)
        entries[count - 1].weight += entry.weight;
      else
        entries[count++] = entry;
    entries.resize(count);
    return entries;
  }

  /// Scores of queries first … first + rows − 1, −∞ where a key is not seen.
  template <class Query, class Key, class... Given>
  [[nodiscard]] auto scores(Query const& q, Key const& k, Index first, Index rows, Given&... given) const {
    std::vector<Index> numbers(static_cast<std::size_t>(rows));
    std::iota(numbers.begin(), numbers.end(), first);
    Matrix<compute_t<typename Query::Scalar>> s(rows, k.rows());
    detail::ScoresOnly const scores_only;
    std::apply(
        [&](auto const&... policy) {
          call_detail::weights(q, k, std::span<Index const>(numbers), rows == q.rows(), s, scores_only, policy...,
                               given...);
        },
        scoring());
    return s;
  }

  /// The policies without the softmax.
  [[nodiscard]] auto scoring() const {
    auto const unless_normalizer = [](auto const& policy) {
      if constexpr (Normalizer<decltype(policy)>)
        return std::tuple<>();
      else
        return std::tie(policy);
    };
    return std::apply([&](auto const&... policy) { return std::tuple_cat(unless_normalizer(policy)...); }, policies_);
  }
  [[nodiscard]] Softmax softmax() const {
    Softmax const one;
    return std::apply([&](auto const&... policy) { return detail::find<detail::is_normalizer>(one, policy...); },
                      policies_);
  }
  template <class... Given>
  [[nodiscard]] QueryStart query_start(Given const&... given) const {
    QueryStart const none;
    return std::apply([&](auto const&... policy) { return detail::find<detail::is_option>(none, policy..., given...); },
                      policies_);
  }
  template <class... Given>
  static constexpr bool has_documents = (0 + ... + detail::count_documents<Policies>()) +
                                            (0 + ... + detail::count_documents<std::remove_const_t<Given>>()) >
                                        0;

  std::tuple<Policies...> policies_;
};

template <class... Policies>
HardAttention(Policies...) -> HardAttention<Policies...>;

}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
