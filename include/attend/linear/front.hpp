#pragma once

#include <attend/core/one_head.hpp>
#include <attend/core/overlap.hpp>
#include <attend/core/policies.hpp>
#include <attend/linear/call.hpp>
#include <attend/linear/forward.hpp>
#include <attend/linear/gates.hpp>
#include <attend/linear/linear_state.hpp>

#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>

/// From what a person hands to linear attention to one call of its kernels: sizes checked, arguments sorted.

namespace attend {
inline namespace ATTEND_UNIT_NAME {
namespace linear_detail {

using attend::detail::check_same;

template <class Type>
struct is_state : std::bool_constant<is_linear_state<std::remove_const_t<Type>>> {};
template <class Type>
struct is_gate : std::bool_constant<is_gates<std::remove_const_t<Type>>> {};
template <class Type>
struct is_causal : std::is_same<std::remove_const_t<Type>, Causal> {};
template <class Type>
struct is_lengths : std::is_same<std::remove_const_t<Type>, Lengths> {};
template <class Type>
struct is_executor : attend::detail::is_executor<std::remove_const_t<Type>> {};
template <class Type>
struct is_workspace : attend::detail::is_workspace<std::remove_const_t<Type>> {};

/// The argument of a kind, or null.
template <template <class> class Is, class... Given>
[[nodiscard]] auto* find_given(Given&... given) {
  if constexpr ((Is<Given>::value || ...)) {
    static_assert((0 + ... + int(Is<Given>::value)) == 1,
                  "attend: two arguments of one kind in a call of linear "
                  "attention; give at most one of each.");
    int none = 0;
    return &attend::detail::find<Is>(none, given...);
  } else {
    return static_cast<std::nullptr_t*>(nullptr);
  }
}
/// What was found as what a call takes, null where nothing was given.
template <class Wanted, class Found>
[[nodiscard]] Wanted* taken_as(Found* found) {
  static_assert(std::is_same_v<Found, std::nullptr_t> || std::is_convertible_v<Found*, Wanted*>,
                "attend: Gates, StateGradients and LinearState must be of the type that the call computes in, and the "
                "LinearState of forward, which changes it, not const.");
  if constexpr (std::is_convertible_v<Found*, Wanted*>)
    return found;
  else
    return nullptr;
}

/// Sizes that every kind of linear attention asks for.
inline void check_inputs(char const* call, HeadsShape const& q, HeadsShape const& k, HeadsShape const& v) {
  check_same(call, q.batch == k.batch && q.dim == k.dim, "both must have the same batch and features d.", q, "q", k,
             "k");
  check_same(call, k.heads > 0 ? q.heads % k.heads == 0 : q.heads == 0,
             "the heads of q must be a multiple of the heads of k.", q, "q", k, "k");
  check_same(call, k.batch == v.batch && k.heads == v.heads && k.length == v.length,
             "both must have the same batch, heads and keys.", k, "k", v, "v");
}

template <class Number>
void check_state(char const* call, LinearState<Number> const* state, HeadsShape const& k, HeadsShape const& v) {
  if (state == nullptr) return;
  HeadsShape const expected{k.batch, k.heads, k.dim, v.dim};
  check_same(call, state->shape() == expected, "they must be (batch, heads of k, d, e).", state->shape(), "the state",
             expected, "the memory of these k and v");
}

inline void check_masks(Causal const* causal, Lengths const* lengths, HeadsShape const& q, HeadsShape const& k) {
  CallShape const shape{q.batch, q.heads, q.length, k.length};
  if (causal != nullptr) causal->check_sizes(shape);
  if (lengths != nullptr) lengths->check_sizes(shape);
}

/// Checks where the results go, and runs the kernel.
template <class Call, class Output, class Executor>
void check_and_run_forward(char const* name, Call const& call, Heads<Output> const& out,
                           LinearState<typename Call::Number>* state, Executor& executor, Workspace& workspace) {
  HeadsShape const expected{call.query.batch(), call.query.heads(), call.query.length(), call.value.dim()};
  check_same(name, out.shape() == expected, "out must be (batch of q, heads of q, queries, columns of v).", out.shape(),
             "out", expected, "the result");
  attend::detail::check_apart(name, out, "out", call.query, "q");
  attend::detail::check_apart(name, out, "out", call.key, "k");
  attend::detail::check_apart(name, out, "out", call.value, "v");
  attend::detail::check_apart(name, out, "out", call.decay, "decay");
  attend::detail::check_apart(name, out, "out", call.rate, "rate");
  check_state(name, state, call.key.shape(), call.value.shape());
  StateArrays<typename Call::Number> arrays;
  if (state != nullptr) {
    arrays.matrices = state->matrices();
    if constexpr (Call::normalized) arrays.sums = state->sums();
  }
  run_forward(call, out, arrays, executor, workspace);
}

/// op.forward_into for one head.
template <class Op, class Query, class Key, class Value, class... Given>
[[nodiscard]] auto forward_of_matrices(Op const& op, Query const& q, Key const& k, Value const& v, Given&... given) {
  decltype(auto) q_memory = attend::detail::readable(q);
  decltype(auto) k_memory = attend::detail::readable(k);
  decltype(auto) v_memory = attend::detail::readable(v);
  Matrix<typename Query::Scalar> out(q.rows(), v.cols());
  op.forward_into(attend::detail::as_mutable_heads(out), attend::detail::as_heads(q_memory),
                  attend::detail::as_heads(k_memory), attend::detail::as_heads(v_memory), given...);
  return out;
}

/// Sizes of q's, k's and v's gradients, and that no gradient lies over another or over what is read.
template <class Call, class Arrays>
void check_gradients(char const* name, Call const& call, Arrays const& arrays) {
  HeadsShape const expected{call.query.batch(), call.query.heads(), call.query.length(), call.value.dim()};
  check_same(name, arrays.d_output.shape() == expected, "hand in the gradient of the result.", arrays.d_output.shape(),
             "d_output", expected, "the result");
  check_same(name, arrays.d_query.shape() == call.query.shape(), "both must have the same sizes.",
             arrays.d_query.shape(), "d_q", call.query.shape(), "q");
  check_same(name, arrays.d_key.shape() == call.key.shape(), "both must have the same sizes.", arrays.d_key.shape(),
             "d_k", call.key.shape(), "k");
  check_same(name, arrays.d_value.shape() == call.value.shape(), "both must have the same sizes.",
             arrays.d_value.shape(), "d_v", call.value.shape(), "v");
  auto const apart = [&](auto const& written, char const* written_name, auto const& other, char const* other_name) {
    attend::detail::check_apart(name, written, written_name, other, other_name);
  };
  using Number = typename Call::Number;
  std::array<std::pair<Heads<Number>, char const*>, 6> const written{{{arrays.d_query, "d_q"},
                                                                      {arrays.d_key, "d_k"},
                                                                      {arrays.d_value, "d_v"},
                                                                      {arrays.d_decay, "d_decay"},
                                                                      {arrays.d_rate, "d_rate"},
                                                                      {arrays.d_before, "StateGradients::before"}}};
  for (std::size_t i = 0; i < written.size(); ++i) {
    auto const& [heads, heads_name] = written[i];
    apart(heads, heads_name, call.query, "q");
    apart(heads, heads_name, call.key, "k");
    apart(heads, heads_name, call.value, "v");
    apart(heads, heads_name, call.decay, "decay");
    apart(heads, heads_name, call.rate, "rate");
    apart(heads, heads_name, arrays.d_output, "d_output");
    apart(heads, heads_name, arrays.before, "the state");
    apart(heads, heads_name, arrays.d_after, "StateGradients::after");
    for (std::size_t j = i + 1; j < written.size(); ++j) apart(heads, heads_name, written[j].first, written[j].second);
  }
}

/// Calls use(call, executor, workspace) with those of the arguments, or with a serial executor and memory of its own.
template <class Call, class Use, class... Given>
void use_with_resources(Call const& call, Use const& use, Given&... given) {
  static_assert(is_kernel_scalar<typename Call::Number>,
                "attend: linear attention is computed in float or double, or stored as half or bfloat16; for another "
                "scalar use attend::reference.");
  Serial serial;
  Workspace own;
  use(call, attend::detail::find<is_executor>(serial, given...), attend::detail::find<is_workspace>(own, given...));
}

}  // namespace linear_detail
}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
