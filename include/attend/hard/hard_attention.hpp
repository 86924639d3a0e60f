#pragma once

#include <attend/attention.hpp>
#include <attend/core/policies.hpp>
#include <attend/core/query_start.hpp>
#include <attend/hard/draw.hpp>
#include <attend/hard/pick_gradient.hpp>
#include <attend/hard/pick_rows.hpp>
#include <attend/hard/picked.hpp>
#include <attend/hard/picked_heads.hpp>
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
/// Every call takes matrices, or batches of heads (b, h, n, d), (b, h_kv, m, d), (b, h_kv, m, e), where groups of query
/// heads may share keys and values, and then gives PickedHeads.
///
/// Shapes   q (n, d)  k (m, d)  v (m, e)  →  output (n, e), keys and log_probability (n, M), entropy (n)
/// Throws   as `attention`; when Softmax has sinks
/// Edge     see Picked; of equal scores the first key is taken. The same picks for any executor
/// Cost     n·m·d multiply-adds, n·m exponentials, and M·e for each query; extra memory 64 rows of scores, twice, of
///          batches 1024 or 12 a head. With packed Documents all rows of scores
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
    return of_one_head(q, k, v,
                       [&](auto const& Q, auto const& K, auto const& V) { return sample(Q, K, V, draw, given...); });
  }
  /// The same for a batch of heads: head h of sequence b draws what `draw` with batch + b and head + h does.
  template <class Query, class Key, class Value, class... Given>
  [[nodiscard]] PickedHeads<std::remove_const_t<Query>> sample(Heads<Query> const& q, Heads<Key> const& k,
                                                               Heads<Value> const& v, Draw const& draw,
                                                               Given&&... given) const {
    using Scalar = compute_t<Query>;
    draw.check_sizes();
    // By its position, as GumbelMax: a query draws the same key whether it came by prefill or by decode.
    QueryStart const start = query_start(given...);
    return pick(
        q, k, v, draw.samples,
        [&](hard_detail::ScoredRow<Scalar> const& row, Index head, Index i) {
          Draw mine = draw;
          Index const b = head / q.heads();
          mine.batch += b;
          mine.head += head % q.heads();
          Index const position = start.of(b, q.length(), k.length()) + i;
          std::vector<KeyWeight<Scalar>> picks;
          for (Index sample = 0; sample < draw.samples; ++sample)
            picks.push_back(
                {row.key_at(mine.uniform(position, sample)), Scalar(1) / static_cast<Scalar>(draw.samples)});
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
  template <class Query, class Key, class Value, class... Given>
  [[nodiscard]] PickedHeads<std::remove_const_t<Query>> argmax(Heads<Query> const& q, Heads<Key> const& k,
                                                               Heads<Value> const& v, Given&&... given) const {
    return top_k(q, k, v, 1, given...);
  }

  /// The `count` most probable keys, the most probable first, weighted by their probabilities divided by their sum.
  ///
  /// Throws   when count is less than 1
  template <class Query, class Key, class Value, class... Given>
  [[nodiscard]] Picked<typename Query::Scalar> top_k(Eigen::DenseBase<Query> const& q, Eigen::DenseBase<Key> const& k,
                                                     Eigen::DenseBase<Value> const& v, Index count,
                                                     Given&&... given) const {
    return of_one_head(q, k, v,
                       [&](auto const& Q, auto const& K, auto const& V) { return top_k(Q, K, V, count, given...); });
  }
  template <class Query, class Key, class Value, class... Given>
  [[nodiscard]] PickedHeads<std::remove_const_t<Query>> top_k(Heads<Query> const& q, Heads<Key> const& k,
                                                              Heads<Value> const& v, Index count,
                                                              Given&&... given) const {
    using Scalar = compute_t<Query>;
    check(count >= 1, "HardAttention: the top ", count, " keys were asked for; there must be at least 1.");
    return pick(
        q, k, v, count,
        [count](hard_detail::ScoredRow<Scalar> const& row, Index, Index) {
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
  /// Cost     that of backward with e = 1
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
    Matrix<Scalar> const d_values = d_output.template cast<Scalar>();
    decltype(auto) q_memory = call_detail::readable(q.derived());
    decltype(auto) k_memory = call_detail::readable(k.derived());
    decltype(auto) v_memory = call_detail::readable(v.derived());
    auto found = differentiate(call_detail::as_heads(q_memory), call_detail::as_heads(k_memory),
                               call_detail::as_heads(v_memory), picked, call_detail::as_heads(d_values),
                               d_log_probability.template cast<Scalar>(), d_entropy.template cast<Scalar>(), given...);
    auto const matrix = [](std::vector<Scalar> const& numbers, HeadsShape const& shape) {
      return Matrix<Scalar>(Eigen::Map<Matrix<Scalar> const>(numbers.data(), shape.length, shape.dim));
    };
    return Gradients<Scalar, decltype(found.policies)>{
        matrix(found.query, found.query_shape), matrix(found.key, found.key_shape),
        matrix(found.value, found.value_shape), std::move(found.policies)};
  }

  /// The same for a batch of heads. d_log_probability and d_entropy have the rows of `picked.rows`; heads of K and V
  /// that a group of query heads shares get the sum over the group.
  ///
  /// Shapes   d_output (b, h, n, e)  d_log_probability (b·h·n, M)  d_entropy (b·h·n)
  template <class Query, class Key, class Value, class Storage, class OutputGradient, class PickGradient,
            class... Given>
    requires(!detail::EigenObject<Given> && ...)
  [[nodiscard]] auto backward(Heads<Query> const& q, Heads<Key> const& k, Heads<Value> const& v,
                              PickedHeads<Storage> const& picked, Heads<OutputGradient> const& d_output,
                              Eigen::MatrixBase<PickGradient> const& d_log_probability, Given&&... given) const {
    return backward(q, k, v, picked, d_output, d_log_probability,
                    Vector<compute_t<Storage>>::Zero(picked.rows.keys.rows()).eval(), given...);
  }
  template <class Query, class Key, class Value, class Storage, class OutputGradient, class PickGradient,
            class EntropyGradient, class... Given>
  [[nodiscard]] auto backward(Heads<Query> const& q, Heads<Key> const& k, Heads<Value> const& v,
                              PickedHeads<Storage> const& picked, Heads<OutputGradient> const& d_output,
                              Eigen::MatrixBase<PickGradient> const& d_log_probability,
                              Eigen::MatrixBase<EntropyGradient> const& d_entropy, Given&&... given) const {
    using Scalar = compute_t<Storage>;
    return differentiate(q, k, v, picked.rows, d_output, d_log_probability.template cast<Scalar>(),
                         d_entropy.template cast<Scalar>(), given...);
  }

 private:
  /// A matrix is a batch of one head.
  template <class Query, class Key, class Value, class Call>
  [[nodiscard]] static auto of_one_head(Eigen::DenseBase<Query> const& q, Eigen::DenseBase<Key> const& k,
                                        Eigen::DenseBase<Value> const& v, Call const& call) {
    decltype(auto) q_memory = call_detail::readable(q.derived());
    decltype(auto) k_memory = call_detail::readable(k.derived());
    decltype(auto) v_memory = call_detail::readable(v.derived());
    return call(call_detail::as_heads(q_memory), call_detail::as_heads(k_memory), call_detail::as_heads(v_memory)).rows;
  }

  /// Of many heads few rows each, of few many: enough to make the kernel's work worth starting, and few enough that
  /// they take little memory.
  [[nodiscard]] static Index rows_at_once(Index heads) {
    return std::clamp<Index>(1024 / std::max<Index>(heads, 1), 12, 64);
  }

  /// `choose(row, head, i)` gives the picks of query i of a head and their weights.
  template <class Query, class Key, class Value, class Choose, class... Given>
  [[nodiscard]] PickedHeads<std::remove_const_t<Query>> pick(Heads<Query> const& q, Heads<Key> const& k,
                                                             Heads<Value> const& v, Index count, Choose const& choose,
                                                             Given&... given) const {
    using Storage = std::remove_const_t<Query>;
    using Scalar = compute_t<Storage>;
    static_assert(is_kernel_scalar<Scalar>, "attend: HardAttention computes in float or double.");
    static_assert((!Normalizer<Given> && ...), "attend: give the Softmax of HardAttention when it is made.");
    detail::check_policy_kinds<Policies..., Given...>();
    call_detail::check_values(k.shape(), v.shape());
    Softmax const softmax = this->softmax();
    check(softmax.sinks.empty(), "HardAttention: the softmax has ", softmax.sinks.size(),
          " sinks; there is no key to pick for a sink.");
    softmax.check_sizes({q.batch(), q.heads(), q.length(), k.length()});

    Serial serial;
    auto& executor = detail::find<detail::is_executor>(serial, given...);
    Index const n = q.length(), all_heads = q.batch() * q.heads();
    Index const at_once = has_documents<Given...> ? std::max<Index>(n, 1) : rows_at_once(all_heads);
    PickedHeads<Storage> result{
        {q.batch(), q.heads(), n, v.dim()},
        hard_detail::pick_rows<Storage>(
            {all_heads, n, k.length(), count, at_once}, static_cast<Scalar>(softmax.temperature),
            [&](Index first, Index rows) { return score_differences(q, k, first, rows, given...); }, choose, executor)};
    Picked<Storage>& picked = result.rows;
    Matrix<Scalar> output = Matrix<Scalar>::Zero(all_heads * n, v.dim());
    for_each_pick(q.shape(), k.heads(), picked.weights, [&](Index row, Index b, Index head, Index key, Scalar weight) {
      for (Index f = 0; f < v.dim(); ++f) output(row, f) += weight * static_cast<Scalar>(v(b, head, key, f));
    });
    picked.output = output.template cast<Storage>();
    for (Index i = 0; i < picked.entropy.size(); ++i)
      if (picked.entropy(i) != picked.entropy(i)) picked.output.row(i).setConstant(Storage(picked.entropy(i)));
    return result;
  }

  /// Calls use(row, sequence, key head, key, weight) for each weight that is not 0, row by row.
  template <class Scalar, class Use>
  static void for_each_pick(HeadsShape const& q, Index key_heads, SparseWeights<Scalar> const& weights,
                            Use const& use) {
    Index const group = key_heads > 0 ? q.heads / key_heads : 1;
    for (Index row = 0; row < weights.rows(); ++row) {
      Index const head = row / q.length;
      for (auto const& [key, weight] : weights.row(row)) use(row, head / q.heads, head % q.heads / group, key, weight);
    }
  }

  /// ScoreDifferences of queries first … first + rows − 1 of each head, (b·h·rows, m).
  template <class Query, class Key, class... Given>
  [[nodiscard]] auto score_differences(Heads<Query> const& q, Heads<Key> const& k, Index first, Index rows,
                                       Given&... given) const {
    using Scalar = compute_t<Query>;
    std::vector<Index> numbers(static_cast<std::size_t>(rows));
    std::iota(numbers.begin(), numbers.end(), first);
    Index const all = q.batch() * q.heads() * rows;
    hard_detail::DifferenceRows<Scalar> s{Matrix<Scalar>(all, k.length()), Vector<Scalar>(all)};
    Heads<Scalar> const into = heads(s.differences.data(), HeadsShape{q.batch(), q.heads(), rows, k.length()});
    Heads<Scalar> const largest = heads(s.largest.data(), HeadsShape{q.batch(), q.heads(), rows, 1});
    detail::ScoreDifferences const differences;
    std::apply(
        [&](auto const&... policy) {
          call_detail::weights_heads<std::remove_const_t<Query>, std::remove_const_t<Key>>(
              into, largest, q, k, rows == q.length() ? nullptr : numbers.data(), rows, differences, policy...,
              given...);
        },
        scoring());
    return s;
  }

  template <class Query, class Key, class Value, class Storage, class OutputGradient, class... Given>
  [[nodiscard]] auto differentiate(Heads<Query> const& q, Heads<Key> const& k, Heads<Value> const& v,
                                   Picked<Storage> const& picked, Heads<OutputGradient> const& d_output,
                                   Matrix<compute_t<Storage>> const& d_log_probability,
                                   Vector<compute_t<Storage>> const& d_entropy, Given&... given) const {
    using Scalar = compute_t<Storage>;
    Index const n = q.length(), m = k.length(), rows = q.batch() * q.heads() * n;
    call_detail::check_values(k.shape(), v.shape());
    check(picked.keys.rows() == rows && picked.entropy.size() == rows && picked.log_sum_exp.size() == rows &&
              picked.weights.rows() == rows && picked.weights.keys() == m,
          "HardAttention: there are ", rows, " queries and ", m, " keys, but the picks are of ", picked.keys.rows(),
          " queries and ", picked.weights.keys(), " keys; hand in what was picked of them.");
    call_detail::check_same(d_output.shape() == HeadsShape{q.batch(), q.heads(), n, v.dim()},
                            "d_output must have the sizes of the output.", d_output.shape(), "d_output",
                            {q.batch(), q.heads(), n, v.dim()}, "the output");
    check(d_log_probability.rows() == rows && d_log_probability.cols() == picked.keys.cols(),
          "HardAttention: d_log_probability is (", d_log_probability.rows(), ", ", d_log_probability.cols(),
          "); it must have one number a pick, (", rows, ", ", picked.keys.cols(), ").");
    check(d_entropy.size() == rows, "HardAttention: d_entropy has ", d_entropy.size(), " numbers for ", rows,
          " queries; there must be one for each.");

    detail::PickGradient<Scalar> const loss{q.heads(),
                                            n,
                                            picked.keys.cols(),
                                            picked.keys.data(),
                                            d_log_probability.data(),
                                            picked.log_sum_exp.data(),
                                            picked.entropy.data(),
                                            d_entropy.data(),
                                            Scalar(1) / static_cast<Scalar>(softmax().temperature)};
    // F summed over the keys of each query: scores that weigh a value of 1.
    KeptHeads<Scalar> const kept{{q.batch(), q.heads(), n, 1},
                                 std::vector<Scalar>(static_cast<std::size_t>(rows), Scalar(0)),
                                 {picked.log_sum_exp.begin(), picked.log_sum_exp.end()}};
    Scalar const one = 1;
    Heads<Scalar const> const values(&one, {k.batch(), k.heads(), m, 1}, {0, 0, 0, 0});
    Heads<Scalar const> const d_sums(&one, {q.batch(), q.heads(), n, 1}, {0, 0, 0, 0});
    detail::Scores const scores;
    auto gradients = std::apply(
        [&](auto const&... policy) {
          return Attention<>{}.backward(q, k, values, kept, d_sums, policy..., scores, loss, given...);
        },
        scoring());
    gradients.value_shape = v.shape();
    gradients.value.assign(static_cast<std::size_t>(v.batch() * v.heads() * m * v.dim()), Scalar(0));
    Heads<Scalar> const d_value = heads(gradients.value.data(), v.shape());
    for_each_pick(q.shape(), k.heads(), picked.weights, [&](Index row, Index b, Index head, Index key, Scalar weight) {
      Index const of_query = row / n % q.heads(), i = row % n;
      for (Index f = 0; f < v.dim(); ++f)
        d_value(b, head, key, f) += weight * static_cast<Scalar>(d_output(b, of_query, i, f));
    });
    return gradients;
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
