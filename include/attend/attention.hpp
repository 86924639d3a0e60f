#pragma once

/// The front door: every kind of attention is this call with other policies.

#include <attend/attention/backward.hpp>
#include <attend/attention/call.hpp>
#include <attend/attention/tangent.hpp>
#include <attend/core/policies.hpp>
#include <attend/reference/backward.hpp>
#include <attend/reference/jacobian.hpp>

#include <initializer_list>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

namespace attend {
inline namespace ATTEND_UNIT_NAME {

/// What a forward pass leaves for the backward pass: no (n, m) storage, one number a row.
///
/// log_sum_exp   (n) for Softmax: log Σ exp(s/τ), sink included; for other normalisers the number that Family in
///               normalize/family.hpp names. −∞ for a row that sees nothing.
template <class Storage>
struct Kept {
  Matrix<Storage> output;                  // (n, e)
  Vector<compute_t<Storage>> log_sum_exp;  // (n)
};

/// The same for a batch of heads, in contiguous memory.
template <class Storage>
struct KeptHeads {
  HeadsShape shape;                             // (b, h, n, e)
  std::vector<Storage> output;                  // b·h·n·e
  std::vector<compute_t<Storage>> log_sum_exp;  // b·h·n
};

/// out = normalise( mask( adjust( score(q, k) ) ) ) · v
///
/// Without policies: softmax(q·kᵀ/√d)·v. Policies in any order: a similarity, adjusters and masks (your own lambdas
/// among them), a normaliser, QueryStart, an executor, a Workspace.
///
/// Shapes   q (n, d)  k (m, d)  v (m, e)  →  out (n, e), row-major, of q's scalar
/// Throws   Error, before anything is computed, when sizes do not fit each other or a policy
/// Edge     a query that sees nothing gets zeros; a hidden key changes no bit, whatever it holds; NaN that is seen
///          reaches the rows that see it and no others
/// Cost     n·m·(d + e) multiply-adds, less what masks skip; extra memory m·d for packed keys plus one tile a worker.
///          One heap allocation for the output and one for the workspace, unless one is handed in
/// Source   Vaswani 2017, equation 1 (arXiv 1706.03762); tiles: Rabe 2021 (2112.05682), Dao 2022 (2205.14135)
template <class Query, class Key, class Value, class... Given>
[[nodiscard]] auto attention(Eigen::DenseBase<Query> const& q, Eigen::DenseBase<Key> const& k,
                             Eigen::DenseBase<Value> const& v, Given&&... given) {
  detail::check_policy_kinds<Given...>();
  Matrix<typename Query::Scalar> output(q.rows(), v.cols());
  call_detail::forward(q.derived(), k.derived(), v.derived(), output, nullptr, given...);
  return output;
}

/// The same for batches of heads, into the caller's memory. Fewer heads of K and V than of Q are shared by groups of
/// neighbours: query head h reads key head h / (h_q / h_kv).
///
/// Shapes   Q (b, h, n, d)  K (b, h_kv, m, d)  V (b, h_kv, m, e)  →  out (b, h, n, e)
/// Throws   Error, before anything is written, when sizes do not fit or out shares memory with an input
template <class Output, class Query, class Key, class Value, class... Given>
void attention_into(Heads<Output> const& out, Heads<Query> const& q, Heads<Key> const& k, Heads<Value> const& v,
                    Given&&... given) {
  detail::check_policy_kinds<Given...>();
  call_detail::forward_heads<std::remove_const_t<Query>, std::remove_const_t<Key>, std::remove_const_t<Value>>(
      out, no_heads<compute_t<Query>>, q, k, v, given...);
}

/// The same for one head, into an Eigen matrix, block or map of the right size.
template <class Output, class Query, class Key, class Value, class... Given>
  requires detail::has_direct_access<std::remove_cvref_t<Output>>
void attention_into(Output&& out, Eigen::DenseBase<Query> const& q, Eigen::DenseBase<Key> const& k,
                    Eigen::DenseBase<Value> const& v, Given&&... given) {
  detail::check_policy_kinds<Given...>();
  call_detail::forward(q.derived(), k.derived(), v.derived(), out, nullptr, given...);
}

/// How many bytes of workspace the same call of attention_into takes. A Workspace that holds them already is not grown.
template <class Output, class Query, class Key, class Value, class... Given>
[[nodiscard]] std::size_t workspace_size(Heads<Output> const& out, Heads<Query> const& q, Heads<Key> const& k,
                                         Heads<Value> const& v, Given&&... given) {
  detail::check_policy_kinds<Given...>();
  return call_detail::forward_heads<std::remove_const_t<Query>, std::remove_const_t<Key>, std::remove_const_t<Value>,
                                    true>(out, no_heads<compute_t<Query>>, q, k, v, given...);
}

/// The same policies, kept for many calls; the arrays are handed to each call, so nothing is copied and nothing
/// dangles. Executors and workspaces are handed to the calls too.
template <class... Policies>
class Attention {
 public:
  explicit Attention(Policies... policies) : policies_(std::move(policies)...) {
    detail::check_policy_kinds<Policies...>();
    static_assert(((!detail::is_executor<Policies>::value && !detail::is_workspace<Policies>::value) && ...),
                  "attend: Attention keeps scores, masks and normalisers; hand executors and workspaces to its calls.");
  }

  /// out and the number a row that backward needs.
  template <class Query, class Key, class Value, class... Given>
  [[nodiscard]] Kept<typename Query::Scalar> forward(Eigen::DenseBase<Query> const& q, Eigen::DenseBase<Key> const& k,
                                                     Eigen::DenseBase<Value> const& v, Given&&... given) const {
    Kept<typename Query::Scalar> kept{Matrix<typename Query::Scalar>(q.rows(), v.cols()),
                                      Vector<compute_t<typename Query::Scalar>>(q.rows())};
    with_policies([&](auto const&... policy) {
      call_detail::forward(q.derived(), k.derived(), v.derived(), kept.output, kept.log_sum_exp.data(), policy...,
                           given...);
    });
    return kept;
  }

  template <class Query, class Key, class Value, class... Given>
  [[nodiscard]] auto forward(Heads<Query> const& q, Heads<Key> const& k, Heads<Value> const& v,
                             Given&&... given) const {
    using Storage = std::remove_const_t<Query>;
    KeptHeads<Storage> kept{{q.batch(), q.heads(), q.length(), v.dim()}, {}, {}};
    kept.output.resize(static_cast<std::size_t>(q.batch() * q.heads() * q.length() * v.dim()));
    kept.log_sum_exp.resize(static_cast<std::size_t>(q.batch() * q.heads() * q.length()));
    with_policies([&](auto const&... policy) {
      call_detail::forward_heads<Storage, std::remove_const_t<Key>, std::remove_const_t<Value>>(
          heads(kept.output.data(), kept.shape),
          heads(kept.log_sum_exp.data(), HeadsShape{q.batch(), q.heads(), q.length(), 1}), q, k, v, policy...,
          given...);
    });
    return kept;
  }

  /// The same into memory of the caller's, with any strides: heads that stand side by side in the rows of a matrix need
  /// no copy.
  ///
  /// Shapes   out (b, h, n, e)  log_sum_exp (b, h, n, 1)
  template <class Output, class Number, class Query, class Key, class Value, class... Given>
  void forward_into(Heads<Output> const& out, Heads<Number> const& log_sum_exp, Heads<Query> const& q,
                    Heads<Key> const& k, Heads<Value> const& v, Given&&... given) const {
    with_policies([&](auto const&... policy) {
      call_detail::forward_heads<std::remove_const_t<Query>, std::remove_const_t<Key>, std::remove_const_t<Value>>(
          out, log_sum_exp, q, k, v, policy..., given...);
    });
  }

  /// The gradients of a loss by q, k and v, from what forward kept and the loss's gradient by the output.
  ///
  /// Weights are computed again tile by tile; nothing of size (n, m) is stored. The same bits for any executor.
  ///
  /// Shapes   d_output (n, e)  d_log_sum_exp (n), where the loss depends on kept.log_sum_exp too
  /// Throws   Error, before anything is computed, when sizes do not fit each other or a policy
  /// Edge     a query that sees nothing and a key that nobody sees have zero gradients; Argmax and GumbelMax give none
  ///          to scores: the pathwise gradient of a pick is zero
  /// Cost     5 products of n·m·d multiply-adds, 2.5 times forward; extra memory n·(3d + 2e) + m·(3d + e) for the heads
  ///          in flight, and n·d and a tile a worker
  /// Source   Dao 2022, algorithm 4 (arXiv 2205.14135)
  template <class Query, class Key, class Value, class Storage, class OutputGradient, class... Given>
    requires(!detail::EigenObject<Given> && ...)
  [[nodiscard]] auto backward(Eigen::DenseBase<Query> const& q, Eigen::DenseBase<Key> const& k,
                              Eigen::DenseBase<Value> const& v, Kept<Storage> const& kept,
                              Eigen::DenseBase<OutputGradient> const& d_output, Given&&... given) const {
    return differentiate(q.derived(), k.derived(), v.derived(), kept, d_output.derived(),
                         Heads<compute_t<typename Query::Scalar> const>{}, given...);
  }
  template <class Query, class Key, class Value, class Storage, class OutputGradient, class RowGradient, class... Given>
  [[nodiscard]] auto backward(Eigen::DenseBase<Query> const& q, Eigen::DenseBase<Key> const& k,
                              Eigen::DenseBase<Value> const& v, Kept<Storage> const& kept,
                              Eigen::DenseBase<OutputGradient> const& d_output,
                              Eigen::DenseBase<RowGradient> const& d_log_sum_exp, Given&&... given) const {
    using Number = compute_t<typename Query::Scalar>;
    Vector<Number> const rows = d_log_sum_exp.derived().template cast<Number>();
    return differentiate(q.derived(), k.derived(), v.derived(), kept, d_output.derived(),
                         heads(rows.data(), HeadsShape{1, 1, rows.size(), 1}), given...);
  }

  /// The same for batches of heads. Heads of K and V that a group of query heads shares get the sum over the group.
  template <class Query, class Key, class Value, class Storage, class OutputGradient, class... Given>
    requires(!is_heads<std::remove_cvref_t<Given>> && ...)
  [[nodiscard]] auto backward(Heads<Query> const& q, Heads<Key> const& k, Heads<Value> const& v,
                              KeptHeads<Storage> const& kept, Heads<OutputGradient> const& d_output,
                              Given&&... given) const {
    return backward(q, k, v, kept, d_output, Heads<compute_t<Query> const>{}, given...);
  }
  template <class Query, class Key, class Value, class Storage, class OutputGradient, class Number, class... Given>
  [[nodiscard]] auto backward(Heads<Query> const& q, Heads<Key> const& k, Heads<Value> const& v,
                              KeptHeads<Storage> const& kept, Heads<OutputGradient> const& d_output,
                              Heads<Number> const& d_log_sum_exp, Given&&... given) const {
    using Compute = compute_t<Query>;
    static_assert(std::is_same_v<std::remove_const_t<Number>, Compute>,
                  "attend: d_log_sum_exp must be of the type that the call computes in.");
    auto const zeros = [](HeadsShape const& shape) {
      return std::vector<Compute>(static_cast<std::size_t>(shape.batch * shape.heads * shape.length * shape.dim));
    };
    std::vector<Compute> d_query = zeros(q.shape()), d_key = zeros(k.shape()), d_value = zeros(v.shape());
    kernel::GradientArrays<Compute, Storage, std::remove_const_t<OutputGradient>> const arrays{
        heads(kept.output.data(), kept.shape),
        heads(kept.log_sum_exp.data(), HeadsShape{kept.shape.batch, kept.shape.heads, kept.shape.length, 1}),
        d_output,
        d_log_sum_exp,
        heads(d_query.data(), q.shape()),
        heads(d_key.data(), k.shape()),
        heads(d_value.data(), v.shape())};
    auto policies = with_policies([&](auto const&... policy) {
      return call_detail::backward_heads<std::remove_const_t<Query>, std::remove_const_t<Key>,
                                         std::remove_const_t<Value>>(q, k, v, arrays, policy..., given...);
    });
    return HeadsGradients<Compute, decltype(policies)>{
        q.shape(), k.shape(), v.shape(), std::move(d_query), std::move(d_key), std::move(d_value), std::move(policies)};
  }

  /// The same into memory of the caller's, with any strides; returns the gradients of the learned policies.
  ///
  /// Shapes   d_q (b, h, n, d)  d_k (b, h_kv, m, d)  d_v (b, h_kv, m, e)  kept: output (b, h, n, e)
  ///          log_sum_exp (b, h, n, 1)
  /// Throws   Error, before anything is written, when sizes do not fit, or a gradient shares memory with another or
  ///          with what is read
  template <class Compute, class Query, class Key, class Value, class Storage, class Row, class OutputGradient,
            class... Given>
  auto backward_into(Heads<Compute> const& d_q, Heads<Compute> const& d_k, Heads<Compute> const& d_v,
                     Heads<Query> const& q, Heads<Key> const& k, Heads<Value> const& v, Heads<Storage> const& output,
                     Heads<Row> const& log_sum_exp, Heads<OutputGradient> const& d_output, Given&&... given) const {
    static_assert(std::is_same_v<Compute, compute_t<Query>> && std::is_same_v<std::remove_const_t<Row>, Compute>,
                  "attend: gradients and the kept log-sum-exp must be of the type that the call computes in.");
    call_detail::check_same(d_q.shape() == q.shape() && d_k.shape() == k.shape() && d_v.shape() == v.shape(),
                            "gradients must have the sizes of q, k and v.", d_q.shape(), "d_q", q.shape(), "q");
    kernel::GradientArrays<Compute, std::remove_const_t<Storage>, std::remove_const_t<OutputGradient>> const arrays{
        output, log_sum_exp, d_output, Heads<Compute const>{}, d_q, d_k, d_v};
    return with_policies([&](auto const&... policy) {
      return call_detail::backward_heads<std::remove_const_t<Query>, std::remove_const_t<Key>,
                                         std::remove_const_t<Value>>(q, k, v, arrays, policy..., given...);
    });
  }

  /// How the output answers small steps of the inputs (forward mode, the Jacobian times a vector):
  ///
  ///   d/dt attention(q + t·d_q, k + t·d_k, v + t·d_v) at t = 0
  ///
  /// Shapes   d_q (n, d)  d_k (m, d)  d_v (m, e)  →  (n, e)
  /// Throws   Error, before anything is computed, when sizes do not fit each other or a policy
  /// Edge     0 for a query that sees nothing; for Argmax and GumbelMax the step of the value that was picked
  /// Cost     5 products of n·m·d multiply-adds, 2.5 times forward; extra memory m·(3d + 2e) for the heads in flight
  template <class Query, class Key, class Value, class Storage, class DQuery, class DKey, class DValue, class... Given>
  [[nodiscard]] auto jvp(Eigen::DenseBase<Query> const& q, Eigen::DenseBase<Key> const& k,
                         Eigen::DenseBase<Value> const& v, Kept<Storage> const& kept,
                         Eigen::DenseBase<DQuery> const& d_q, Eigen::DenseBase<DKey> const& d_k,
                         Eigen::DenseBase<DValue> const& d_v, Given&&... given) const {
    using Number = compute_t<typename Query::Scalar>;
    if constexpr (!is_kernel_scalar<Number>) {
      return with_policies([&](auto const&... policy) {
        return reference::jvp(q.derived().matrix(), k.derived().matrix(), v.derived().matrix(), d_q.derived().matrix(),
                              d_k.derived().matrix(), d_v.derived().matrix(), policy...);
      });
    } else {
      decltype(auto) q_memory = call_detail::readable(q.derived());
      decltype(auto) k_memory = call_detail::readable(k.derived());
      decltype(auto) v_memory = call_detail::readable(v.derived());
      Matrix<Number> const steps_q = d_q.derived().template cast<Number>(),
                           steps_k = d_k.derived().template cast<Number>(),
                           steps_v = d_v.derived().template cast<Number>();
      Matrix<Number> d_output(q.rows(), v.cols());
      kernel::TangentArrays<Number, Storage> const arrays{
          call_detail::as_heads(kept.output),
          heads(kept.log_sum_exp.data(), HeadsShape{1, 1, kept.log_sum_exp.size(), 1}),
          call_detail::as_heads(steps_q),
          call_detail::as_heads(steps_k),
          call_detail::as_heads(steps_v),
          call_detail::as_mutable_heads(d_output)};
      with_policies([&](auto const&... policy) {
        call_detail::tangent_heads(call_detail::as_heads(q_memory), call_detail::as_heads(k_memory),
                                   call_detail::as_heads(v_memory), arrays, policy..., given...);
      });
      return d_output;
    }
  }

  /// The same for batches of heads, into the caller's memory. Steps are in the type that the call computes in.
  template <class Query, class Key, class Value, class Storage, class Number, class... Given>
  void jvp_into(Heads<compute_t<Query>> const& d_output, Heads<Query> const& q, Heads<Key> const& k,
                Heads<Value> const& v, KeptHeads<Storage> const& kept, Heads<Number> const& d_q,
                Heads<Number> const& d_k, Heads<Number> const& d_v, Given&&... given) const {
    kernel::TangentArrays<compute_t<Query>, Storage> const arrays{
        heads(kept.output.data(), kept.shape),
        heads(kept.log_sum_exp.data(), HeadsShape{kept.shape.batch, kept.shape.heads, kept.shape.length, 1}),
        d_q,
        d_k,
        d_v,
        d_output};
    with_policies([&](auto const&... policy) {
      call_detail::tangent_heads<std::remove_const_t<Query>, std::remove_const_t<Key>, std::remove_const_t<Value>>(
          q, k, v, arrays, policy..., given...);
    });
  }

  /// All weights, (n, m). Only for looking at: nothing else in the library stores an (n, m) array.
  template <class Query, class Key, class... Given>
  [[nodiscard]] auto weights(Eigen::DenseBase<Query> const& q, Eigen::DenseBase<Key> const& k, Given&&... given) const
    requires(!(call_detail::RowList<Given> || ...))
  {
    Matrix<compute_t<typename Query::Scalar>> w(q.rows(), k.rows());
    with_policies([&](auto const&... policy) {
      call_detail::weights(q.derived(), k.derived(), std::span<Index const>(), true, w, policy..., given...);
    });
    return w;
  }

  /// The weights of some queries, (rows, m): row r is that of query rows[r].
  ///
  /// Throws   Error when a row is not one of the n queries
  template <class Query, class Key, class Rows, class... Given>
    requires call_detail::RowList<Rows>
  [[nodiscard]] auto weights(Eigen::DenseBase<Query> const& q, Eigen::DenseBase<Key> const& k, Rows const& rows,
                             Given&&... given) const {
    std::vector<Index> picked;
    for (auto const& row : rows) picked.push_back(static_cast<Index>(row));
    Matrix<compute_t<typename Query::Scalar>> w(static_cast<Index>(picked.size()), k.rows());
    with_policies([&](auto const&... policy) {
      call_detail::weights(q.derived(), k.derived(), std::span<Index const>(picked), false, w, policy..., given...);
    });
    return w;
  }
  template <class Query, class Key, class... Given>
  [[nodiscard]] auto weights(Eigen::DenseBase<Query> const& q, Eigen::DenseBase<Key> const& k,
                             std::initializer_list<Index> rows, Given&&... given) const {
    return weights(q, k, std::vector<Index>(rows), given...);
  }

  /// The weights of a batch of heads into the caller's memory, (b, h, n, m).
  template <class Query, class Key, class... Given>
  void weights_into(Heads<compute_t<Query>> const& w, Heads<Query> const& q, Heads<Key> const& k,
                    Given&&... given) const {
    with_policies([&](auto const&... policy) {
      call_detail::weights_heads<std::remove_const_t<Query>, std::remove_const_t<Key>>(w, {}, q, k, nullptr, 0,
                                                                                       policy..., given...);
    });
  }

  [[nodiscard]] std::tuple<Policies...> const& policies() const { return policies_; }

 private:
  template <class Query, class Key, class Value, class Storage, class OutputGradient, class Number, class... Given>
  [[nodiscard]] auto differentiate(Query const& q, Key const& k, Value const& v, Kept<Storage> const& kept,
                                   OutputGradient const& d_output, Heads<Number const> d_log_sum_exp,
                                   Given&... given) const {
    if constexpr (!is_kernel_scalar<Number>) {
      auto result = with_policies([&](auto const&... policy) {
        return reference::backward(q.matrix(), k.matrix(), v.matrix(), d_output.matrix(), policy...);
      });
      return Gradients<Number, decltype(result.policies)>{std::move(result.query), std::move(result.key),
                                                          std::move(result.value), std::move(result.policies)};
    } else {
      decltype(auto) q_memory = call_detail::readable(q);
      decltype(auto) k_memory = call_detail::readable(k);
      decltype(auto) v_memory = call_detail::readable(v);
      decltype(auto) d_output_memory = call_detail::readable(d_output);
      Matrix<Number> d_query = Matrix<Number>::Zero(q.rows(), q.cols()),
                     d_key = Matrix<Number>::Zero(k.rows(), k.cols()),
                     d_value = Matrix<Number>::Zero(v.rows(), v.cols());
      kernel::GradientArrays<Number, Storage, typename OutputGradient::Scalar> const arrays{
          call_detail::as_heads(kept.output),
          heads(kept.log_sum_exp.data(), HeadsShape{1, 1, kept.log_sum_exp.size(), 1}),
          call_detail::as_heads(d_output_memory),
          d_log_sum_exp,
          call_detail::as_mutable_heads(d_query),
          call_detail::as_mutable_heads(d_key),
          call_detail::as_mutable_heads(d_value)};
      auto policies = with_policies([&](auto const&... policy) {
        return call_detail::backward_heads(call_detail::as_heads(q_memory), call_detail::as_heads(k_memory),
                                           call_detail::as_heads(v_memory), arrays, policy..., given...);
      });
      return Gradients<Number, decltype(policies)>{std::move(d_query), std::move(d_key), std::move(d_value),
                                                   std::move(policies)};
    }
  }

  template <class Function>
  decltype(auto) with_policies(Function const& function) const {
    return std::apply(function, policies_);
  }

  std::tuple<Policies...> policies_;
};

template <class... Policies>
Attention(Policies...) -> Attention<Policies...>;

}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
