#pragma once

#include <attend/linear/backward.hpp>
#include <attend/linear/elu_plus_one.hpp>
#include <attend/linear/front.hpp>

#include <tuple>
#include <utility>

namespace attend {
inline namespace ATTEND_UNIT_NAME {

/// ∂loss/∂ what LinearAttention reads.
template <class Number>
struct LinearGradients {
  Matrix<Number> query;  // (n, d)
  Matrix<Number> key;    // (m, d)
  Matrix<Number> value;  // (m, e)
};

namespace linear_detail {

template <class Type>
inline constexpr bool is_resource = is_state<Type>::value || is_executor<Type>::value || is_workspace<Type>::value;

/// A feature map is what is none of the kinds that a call knows.
template <class Type>
struct is_map : std::bool_constant<!attend::detail::named_kind<Type> && !is_resource<Type> && !is_causal<Type>::value &&
                                   !is_lengths<Type>::value && !attend::detail::EigenObject<Type>> {};

template <class Type>
inline constexpr bool is_policy = is_causal<Type>::value || is_lengths<Type>::value || is_map<Type>::value;

}  // namespace linear_detail

/// out_i = Σ_j φ(q_i)·φ(k_j) v_j / Σ_j φ(q_i)·φ(k_j)
///
/// Weights are products of positive features, so sums over keys are taken once for all queries: the cost is linear in
/// n and m. Policies in any order: Causal (also with offsets), Lengths, and φ, which is EluPlusOne{} unless a function
/// of one feature is given, `[](auto x) { return attend::exp(x); }`; it is differentiated by the compiler. Calls also
/// take a LinearState, an executor and a Workspace.
///
/// Shapes   q (n, d)  k (m, d)  v (m, e)  →  out (n, e)
/// Throws   Error, before anything is written, when sizes do not fit each other
/// Edge     zeros where the weights of a query sum to 0, as where it sees nothing. NaN in a key that is seen reaches
///          every query that sees it. A row's bits do not depend on how a causal sequence is cut into calls with a
///          LinearState, on the batch or on threads
/// Cost     (n + m)·d·e multiply-adds a head; extra memory 16 tokens and S (d, e) a worker
/// Source   Katharopoulos 2020, section 3 (arXiv 2006.16236)
template <class... Policies>
class LinearAttention {
 public:
  explicit LinearAttention(Policies... policies) : policies_(std::move(policies)...) {
    static_assert((linear_detail::is_policy<Policies> && ...),
                  "attend: LinearAttention keeps Causal, Lengths and a feature map. Its weights have no scores that "
                  "another mask, adjuster or normaliser could change; hand states, executors and workspaces to its "
                  "calls.");
  }

  template <class Query, class Key, class Value, class... Given>
  [[nodiscard]] auto forward(Eigen::DenseBase<Query> const& q, Eigen::DenseBase<Key> const& k,
                             Eigen::DenseBase<Value> const& v, Given&&... given) const {
    return linear_detail::forward_of_matrices(*this, q.derived(), k.derived(), v.derived(), given...);
  }

  /// Shapes   Q (b, h, n, d)  K (b, h_kv, m, d)  V (b, h_kv, m, e)  →  out (b, h, n, e)
  template <class Output, class Query, class Key, class Value, class... Given>
  void forward_into(Heads<Output> const& out, Heads<Query> const& q, Heads<Key> const& k, Heads<Value> const& v,
                    Given&&... given) const {
    using Number = compute_t<Query>;
    LinearState<Number>* const state =
        linear_detail::taken_as<LinearState<Number>>(linear_detail::find_given<linear_detail::is_state>(given...));
    with_call(
        q, k, v,
        [&](auto const& call, auto& executor, Workspace& workspace) {
          linear_detail::check_and_run_forward(name, call, out, state, executor, workspace);
        },
        given...);
  }

  /// The gradients of a loss by q, k and v of a whole sequence (a call without a LinearState), from the loss's gradient
  /// by the output. Nothing of forward is needed.
  ///
  /// Shapes   d_output (n, e)
  /// Cost     five to seven times forward; extra memory (n + m)·(3d + 2e) and √(n + m) memories S for each head in
  ///          flight. A head is one task
  template <class Query, class Key, class Value, class OutputGradient, class... Given>
  [[nodiscard]] auto backward(Eigen::DenseBase<Query> const& q, Eigen::DenseBase<Key> const& k,
                              Eigen::DenseBase<Value> const& v, Eigen::DenseBase<OutputGradient> const& d_output,
                              Given&&... given) const {
    using Number = compute_t<typename Query::Scalar>;
    decltype(auto) q_memory = detail::readable(q.derived());
    decltype(auto) k_memory = detail::readable(k.derived());
    decltype(auto) v_memory = detail::readable(v.derived());
    decltype(auto) d_output_memory = detail::readable(d_output.derived());
    LinearGradients<Number> g{Matrix<Number>(q.rows(), q.cols()), Matrix<Number>(k.rows(), k.cols()),
                              Matrix<Number>(v.rows(), v.cols())};
    backward_into(detail::as_mutable_heads(g.query), detail::as_mutable_heads(g.key), detail::as_mutable_heads(g.value),
                  detail::as_heads(q_memory), detail::as_heads(k_memory), detail::as_heads(v_memory),
                  detail::as_heads(d_output_memory), given...);
    return g;
  }

  template <class Number, class Query, class Key, class Value, class OutputGradient, class... Given>
  void backward_into(Heads<Number> const& d_q, Heads<Number> const& d_k, Heads<Number> const& d_v,
                     Heads<Query> const& q, Heads<Key> const& k, Heads<Value> const& v,
                     Heads<OutputGradient> const& d_output, Given&&... given) const {
    static_assert(std::is_same_v<Number, compute_t<Query>>,
                  "attend: gradients must be of the type that the call computes in.");
    static_assert(!(linear_detail::is_state<Given>::value || ...),
                  "attend: LinearAttention is differentiated over whole sequences; hand backward no LinearState.");
    with_call(
        q, k, v,
        [&](auto const& call, auto& executor, Workspace& workspace) {
          linear_detail::GradientArrays<Number, std::remove_const_t<OutputGradient>> const arrays{
              d_output, {}, {}, d_q, d_k, d_v, {}, {}, {}};
          linear_detail::check_gradients(name, call, arrays);
          linear_detail::run_backward(call, arrays, executor, workspace);
        },
        given...);
  }

 private:
  static constexpr char const* name = "linear_attention";

  /// Checks the inputs and hands use(call, executor, workspace) what the kernels take.
  template <class Query, class Key, class Value, class Use, class... Given>
  void with_call(Heads<Query> const& q, Heads<Key> const& k, Heads<Value> const& v, Use const& use,
                 Given&... given) const {
    using Number = compute_t<Query>;
    linear_detail::check_inputs(name, q.shape(), k.shape(), v.shape());
    std::apply(
        [&](auto&... policy) {
          static_assert(
              ((linear_detail::is_policy<std::remove_reference_t<decltype(policy)>> ||
                linear_detail::is_resource<std::remove_reference_t<decltype(policy)>>) &&
               ...),
              "attend: an argument after q, k and v means nothing to linear attention; it takes Causal, "
              "Lengths, a feature map, a LinearState, an executor and a Workspace. Its weights have no scores "
              "that another mask, adjuster or normaliser could change.");
          Causal const* const causal =
              linear_detail::taken_as<Causal const>(linear_detail::find_given<linear_detail::is_causal>(policy...));
          Lengths const* const lengths =
              linear_detail::taken_as<Lengths const>(linear_detail::find_given<linear_detail::is_lengths>(policy...));
          linear_detail::check_masks(causal, lengths, q.shape(), k.shape());
          EluPlusOne const otherwise;
          auto const& map = detail::find<linear_detail::is_map>(otherwise, policy...);
          linear_detail::Call<Number, std::remove_const_t<Query>, std::remove_const_t<Key>, std::remove_const_t<Value>,
                              std::remove_cvref_t<decltype(map)>, true> const call{q,   k, v,      {},     {},
                                                                                   map, 1, causal, lengths};
          linear_detail::use_with_resources(call, use, given...);
        },
        std::tuple_cat(std::apply([](auto const&... policy) { return std::tie(policy...); }, policies_),
                       std::tie(given...)));
  }

  std::tuple<Policies...> policies_;
};

template <class... Policies>
LinearAttention(Policies...) -> LinearAttention<Policies...>;

/// LinearAttention{}.forward(q, k, v, given…)
template <class Query, class Key, class Value, class... Given>
[[nodiscard]] auto linear_attention(Eigen::DenseBase<Query> const& q, Eigen::DenseBase<Key> const& k,
                                    Eigen::DenseBase<Value> const& v, Given&&... given) {
  return LinearAttention<>().forward(q, k, v, given...);
}

}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
