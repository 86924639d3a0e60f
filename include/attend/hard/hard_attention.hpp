#pragma once

#include <attend/attention.hpp>
#include <attend/core/policies.hpp>
#include <attend/core/query_start.hpp>
#include <attend/hard/draw.hpp>
#include <attend/hard/pick_gradient.hpp>
#include <attend/hard/pick_rows.hpp>
#include <attend/hard/picked.hpp>
#include <attend/hard/score_differences.hpp>
#include <attend/hard/scored_row.hpp>

#include <algorithm>
#include <cmath>
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
/// picks to learn from, `argmax` and `top_k` are for use. τ itself is not learned here.
///
/// Scoring looks at every key, as soft attention does; what is saved is reading the values, which pays where they are
/// wide (benchmarks/hard.cpp states both apart). `attention(q, k, v, GumbelMax{seed})` also draws, inside of the fused
/// kernel, but does not tell what it drew.
///
/// Shapes   q (n, d)  k (m, d)  v (m, e)  →  output (n, e), keys and log_probability (n, M), entropy (n)
/// Throws   as `attention`; when Softmax has sinks
/// Edge     see Picked; of equal scores the first key is taken
/// Cost     n·m·d multiply-adds, n·m exponentials, and M·e for each query; extra memory 64 rows of scores, twice. With
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
        [&draw, start](hard_detail::ScoredRow<Scalar> const& row, Index i) {
          std::vector<KeyWeight<Scalar>> picks;
          for (Index sample = 0; sample < draw.samples; ++sample)
            picks.push_back(
                {row.key_at(draw.uniform(start + i, sample)), Scalar(1) / static_cast<Scalar>(draw.samples)});
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
        [count](hard_detail::ScoredRow<Scalar> const& row, Index) {
          std::vector<KeyWeight<Scalar>> picks;
          Scalar sum = 0;
          for (Index const key : row.largest_keys(count)) {
            picks.push_back({key, Scalar(1)});
            if (picks.size() > 1)  // by its ratio to the largest, which is 1 whatever the scores
              picks.back().weight = std::exp(row.log_probability(key) - row.log_probability(picks.front().key));
            sum += picks.back().weight;
          }
          for (auto& each : picks) each.weight /= sum;
          return picks;
        },
        given...);
  }

  /// The gradients of a loss by q, k, v and learned policies, from its gradients by the output and by the
  /// log-probabilities of the picks; the same struct as that of `Attention::backward`.
  ///
  /// The way to the scores is the log-probability alone: with c of `Reinforce::coefficients`, d_log_probability = −c
  /// gives the estimate of the gradient of minus the expected reward, whose mean over the picks is the true one.
  ///
  /// Shapes   d_output (n, e)  d_log_probability (n, M)  →  query (n, d), key (m, d), value (m, e)
  /// Throws   when `picked` is of other sizes
  /// Edge     −1, the pick of no key, has no gradient
  /// Cost     that of backward with e = 1, and one more product of n·m·d
  /// Source   Williams 1992, theorem 1; Xu 2015, section 4.1 (arXiv 1502.03044)
  template <class Query, class Key, class Value, class Storage, class OutputGradient, class PickGradient,
            class... Given>
    requires(!detail::EigenObject<Given> && ...)
  [[nodiscard]] auto backward(Eigen::DenseBase<Query> const& q, Eigen::DenseBase<Key> const& k,
                              Eigen::DenseBase<Value> const& v, Picked<Storage> const& picked,
                              Eigen::MatrixBase<OutputGradient> const& d_output,
                              Eigen::MatrixBase<PickGradient> const& d_log_probability, Given&&... given) const {
    return backward(q, k, v, picked, d_output, d_log_probability, Vector<compute_t<Storage>>::Zero(q.rows()).eval(),
                    given...);
  }
  /// The same where the loss depends on picked.entropy (n), too: an entropy bonus λ_e is d_entropy = −λ_e.
  template <class Query, class Key, class Value, class Storage, class OutputGradient, class PickGradient,
            class EntropyGradient, class... Given>
  [[nodiscard]] auto backward(Eigen::DenseBase<Query> const& q, Eigen::DenseBase<Key> const& k,
                              Eigen::DenseBase<Value> const& v, Picked<Storage> const& picked,
                              Eigen::MatrixBase<OutputGradient> const& d_output,
                              Eigen::MatrixBase<PickGradient> const& d_log_probability,
                              Eigen::MatrixBase<EntropyGradient> const& d_entropy, Given&&... given) const {
    using Scalar = compute_t<Storage>;
    Index const n = q.rows(), m = k.rows();
    check(picked.keys.rows() == n && picked.entropy.size() == n && picked.weights.rows() == n &&
              picked.weights.keys() == m && v.rows() == m,
          "HardAttention: there are ", n, " queries, ", m, " keys and ", v.rows(), " values, but the picks are of ",
          picked.keys.rows(), " queries and ", picked.weights.keys(), " keys; hand in what was picked of them.");
    check(d_output.rows() == n && d_output.cols() == v.cols(), "HardAttention: d_output is (", d_output.rows(), ", ",
          d_output.cols(), "); it must be that of the output, (", n, ", ", v.cols(), ").");
    check(d_log_probability.rows() == n && d_log_probability.cols() == picked.keys.cols(),
          "HardAttention: d_log_probability is (", d_log_probability.rows(), ", ", d_log_probability.cols(),
          "); it must have one number a pick, (", n, ", ", picked.keys.cols(), ").");
    check(d_entropy.size() == n, "HardAttention: d_entropy has ", d_entropy.size(), " numbers for ", n,
          " queries; there must be one for each.");

    // log p is by s/τ − lse, and lse is not kept by those who only pick.
    Matrix<Scalar> const no_values(m, 0);
    Kept<typename Query::Scalar> kept = std::apply(
        [&](auto const&... policy) { return Attention<>{}.forward(q, k, no_values, policy..., given...); }, policies_);
    Matrix<Scalar> const coefficients = d_log_probability.template cast<Scalar>();
    Vector<Scalar> const log_sum_exp = kept.log_sum_exp, bonus = d_entropy.template cast<Scalar>();
    detail::PickGradient<Scalar> const loss{picked.keys.cols(),
                                            picked.keys.data(),
                                            coefficients.data(),
                                            log_sum_exp.data(),
                                            picked.entropy.data(),
                                            bonus.data(),
                                            Scalar(1) / static_cast<Scalar>(softmax().temperature)};
    kept.output = Matrix<typename Query::Scalar>::Zero(n, 1);
    detail::Scores const scores;
    auto gradients = std::apply(
        [&](auto const&... policy) {
          return Attention<>{}.backward(q, k, Matrix<Scalar>::Ones(m, 1), kept, Matrix<Scalar>::Ones(n, 1), policy...,
                                        scores, loss, given...);
        },
        scoring());
    gradients.value = weighted_values_backward(picked.weights, d_output);
    return gradients;
  }

 private:
  /// As many rows as make the kernel's work worth starting, and few enough to stay in the cache.
  static constexpr Index rows_at_once = 64;

  /// `choose(row, i)` gives the picks of query i and their weights.
  template <class Query, class Key, class Value, class Choose, class... Given>
  [[nodiscard]] Picked<typename Query::Scalar> pick(Eigen::DenseBase<Query> const& q, Eigen::DenseBase<Key> const& k,
                                                    Eigen::DenseBase<Value> const& v, Index count, Choose const& choose,
                                                    Given&... given) const {
    using Storage = typename Query::Scalar;
    using Scalar = compute_t<Storage>;
    static_assert(is_kernel_scalar<Scalar>, "attend: HardAttention computes in float or double.");
    static_assert((!Normalizer<Given> && ...), "attend: give the Softmax of HardAttention when it is made.");
    detail::check_policy_kinds<Policies..., Given...>();
    check(k.rows() == v.rows(), "HardAttention: k has ", k.rows(), " rows but v has ", v.rows(),
          "; both must have one row for each key.");
    Softmax const softmax = this->softmax();
    check(softmax.sinks.empty(), "HardAttention: the softmax has ", softmax.sinks.size(),
          " sinks; there is no key to pick for a sink.");
    softmax.check_sizes({1, 1, q.rows(), k.rows()});

    Serial serial;
    auto& executor = detail::find<detail::is_executor>(serial, given...);
    decltype(auto) q_memory = call_detail::readable(q.derived());
    decltype(auto) k_memory = call_detail::readable(k.derived());
    Index const n = q.rows(), at_once = has_documents<Given...> ? std::max<Index>(n, 1) : rows_at_once;
    auto result = hard_detail::pick_rows<Storage>(
        {n, k.rows(), count, at_once}, static_cast<Scalar>(softmax.temperature),
        [&](Index first, Index rows) { return score_differences(q_memory, k_memory, first, rows, given...); }, choose,
        executor);
    result.output = weighted_values(result.weights, v).template cast<Storage>();
    for (Index i = 0; i < n; ++i)
      if (result.entropy(i) != result.entropy(i)) result.output.row(i).setConstant(Storage(result.entropy(i)));
    return result;
  }

  /// ScoreDifferences of queries first … first + rows − 1.
  template <class Query, class Key, class... Given>
  [[nodiscard]] auto score_differences(Query const& q, Key const& k, Index first, Index rows, Given&... given) const {
    std::vector<Index> numbers(static_cast<std::size_t>(rows));
    std::iota(numbers.begin(), numbers.end(), first);
    Matrix<compute_t<typename Query::Scalar>> s(rows, k.rows());
    detail::ScoreDifferences const differences;
    std::apply(
        [&](auto const&... policy) {
          call_detail::weights(q, k, std::span<Index const>(numbers), rows == q.rows(), s, differences, policy...,
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
