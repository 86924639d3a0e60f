#pragma once

#include <attend/linear/backward.hpp>
#include <attend/linear/front.hpp>

#include <cmath>
#include <optional>
#include <utility>

namespace attend {
inline namespace ATTEND_UNIT_NAME {

/// ∂loss/∂ what RecurrentAttention reads. decay and rate are empty where the call had none.
template <class Number>
struct RecurrentGradients {
  Matrix<Number> query, key;  // (n, d)
  Matrix<Number> value;       // (n, e)
  Matrix<Number> decay;       // (n, d) or (n, 1)
  Matrix<Number> rate;        // (n, 1)
};

/// The same in memory of the caller's, with any strides; decay and rate may be left out.
template <class Number>
struct RecurrentGradientHeads {
  Heads<Number> query, key, value;
  Heads<Number> decay = {}, rate = {};
};

/// What the loss says of the memory, for sequences that are cut into calls: ∂loss/∂ the state that forward left, and
/// where ∂loss/∂ the state that it began with is to go. Both are (b, h_kv, d, e) and may be left out.
template <class Number>
struct StateGradients {
  Heads<Number const> after = {};
  Heads<Number> before = {};
};

template <class Type>
inline constexpr bool is_state_gradients = false;
template <class Number>
inline constexpr bool is_state_gradients<StateGradients<Number>> = true;

namespace linear_detail {

template <class Type>
struct is_state_gradient : std::bool_constant<is_state_gradients<std::remove_const_t<Type>>> {};

template <class Number>
void check_gates(char const* call, Gates<Number> const& gates, HeadsShape const& k) {
  HeadsShape const of_head{k.batch, k.heads, k.length, 1};
  if (gates.decay.data() != nullptr)
    check_same(call, gates.decay.shape() == k || gates.decay.shape() == of_head,
               "decay must have one number for each feature of a key, or one for each key.", gates.decay.shape(),
               "decay", k, "k");
  if (gates.rate.data() != nullptr)
    check_same(call, gates.rate.shape() == of_head, "rate must be one number for each key.", gates.rate.shape(), "rate",
               of_head, "one number a key");
}

}  // namespace linear_detail

/// Attention whose memory is one matrix a head, S (d, e), however long the sequence:
///
///   S ← diag(exp(decay_t)) · S        where Gates have decays
///   S ← S + k_t · u_tᵀ                u_t = v_t, or with rates the delta rule: u_t = rate_t · (v_t − Sᵀ k_t)
///   out_t = scale · Sᵀ q_t
///
/// Without gates this is linear attention without a normaliser; then gated linear attention, the delta rule, the gated
/// delta rule (see Gates). Every query sees the tokens up to its own. After q, k and v come, in any order: Gates,
/// Lengths (padding at the end), a LinearState that the call begins with and leaves behind, an executor, a Workspace.
///
/// Shapes   q (n, d)  k (n, d)  v (n, e)  →  out (n, e)
/// Throws   Error, before anything is written, when sizes do not fit each other
/// Edge     S sums over all tokens, so NaN in a key or value reaches every later query of its head, and rounding errors
///          add up over the sequence where nothing decays. A row's bits do not depend on how a sequence is cut into
///          calls, on the batch or on threads
/// Cost     2·n·d·e multiply-adds a head and as many again for the delta rule: linear in n. Extra memory 16 tokens and
///          S a worker
/// Source   see reference/linear_attention.hpp, which is the formula
class RecurrentAttention {
 public:
  /// scale 1/√d
  RecurrentAttention() = default;
  explicit RecurrentAttention(double scale) : scale_(scale) {}

  template <class Query, class Key, class Value, class... Given>
  [[nodiscard]] auto forward(Eigen::DenseBase<Query> const& q, Eigen::DenseBase<Key> const& k,
                             Eigen::DenseBase<Value> const& v, Given&&... given) const {
    return linear_detail::forward_of_matrices(*this, q.derived(), k.derived(), v.derived(), given...);
  }

  /// Heads of q that share a head of k are neighbours, as in attention_into.
  ///
  /// Shapes   Q (b, h, n, d)  K (b, h_kv, n, d)  V (b, h_kv, n, e)  →  out (b, h, n, e)
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

  /// The gradients of a loss by all that forward read, from the loss's gradient by the output. A LinearState is the one
  /// that forward began with, not the one it left; StateGradients say what the loss makes of both.
  ///
  /// Shapes   d_output (n, e)
  /// Cost     five to eight times forward; extra memory n·(3d + 2e) and √n memories S for each head in flight. A head
  ///          is one task
  template <class Query, class Key, class Value, class OutputGradient, class... Given>
  [[nodiscard]] auto backward(Eigen::DenseBase<Query> const& q, Eigen::DenseBase<Key> const& k,
                              Eigen::DenseBase<Value> const& v, Eigen::DenseBase<OutputGradient> const& d_output,
                              Given&&... given) const {
    using Number = compute_t<typename Query::Scalar>;
    decltype(auto) q_memory = detail::readable(q.derived());
    decltype(auto) k_memory = detail::readable(k.derived());
    decltype(auto) v_memory = detail::readable(v.derived());
    decltype(auto) d_output_memory = detail::readable(d_output.derived());
    Gates<Number> const gates = gates_of<Number>(given...);
    RecurrentGradients<Number> g{
        Matrix<Number>(q.rows(), q.cols()), Matrix<Number>(k.rows(), k.cols()), Matrix<Number>(v.rows(), v.cols()),
        Matrix<Number>(gates.decay.length(), gates.decay.dim()), Matrix<Number>(gates.rate.length(), gates.rate.dim())};
    backward_into(RecurrentGradientHeads<Number>{detail::as_mutable_heads(g.query), detail::as_mutable_heads(g.key),
                                                 detail::as_mutable_heads(g.value), detail::as_mutable_heads(g.decay),
                                                 detail::as_mutable_heads(g.rate)},
                  detail::as_heads(q_memory), detail::as_heads(k_memory), detail::as_heads(v_memory),
                  detail::as_heads(d_output_memory), given...);
    return g;
  }

  template <class Number, class Query, class Key, class Value, class OutputGradient, class... Given>
  void backward_into(RecurrentGradientHeads<Number> const& gradients, Heads<Query> const& q, Heads<Key> const& k,
                     Heads<Value> const& v, Heads<OutputGradient> const& d_output, Given&&... given) const {
    static_assert(std::is_same_v<Number, compute_t<Query>>,
                  "attend: gradients must be of the type that the call computes in.");
    LinearState<Number> const* const before = linear_detail::taken_as<LinearState<Number> const>(
        linear_detail::find_given<linear_detail::is_state>(given...));
    StateGradients<Number> const* const states = linear_detail::taken_as<StateGradients<Number> const>(
        linear_detail::find_given<linear_detail::is_state_gradient>(given...));
    with_call(
        q, k, v,
        [&](auto const& call, auto& executor, Workspace& workspace) {
          linear_detail::check_state(name, before, k.shape(), v.shape());
          linear_detail::GradientArrays<Number, std::remove_const_t<OutputGradient>> arrays{
              d_output, {}, {}, gradients.query, gradients.key, gradients.value, gradients.decay, gradients.rate, {}};
          if (before != nullptr) arrays.before = before->matrices();
          if (states != nullptr) {
            arrays.d_after = states->after;
            arrays.d_before = states->before;
          }
          check_gradients(call, arrays);
          linear_detail::run_backward(call, arrays, executor, workspace);
        },
        given...);
  }

 private:
  static constexpr char const* name = "recurrent_attention";

  template <class Number, class... Given>
  [[nodiscard]] static Gates<Number> gates_of(Given&... given) {
    Gates<Number> const* const gates =
        linear_detail::taken_as<Gates<Number> const>(linear_detail::find_given<linear_detail::is_gate>(given...));
    return gates == nullptr ? Gates<Number>{} : *gates;
  }

  /// Checks the inputs and hands use(call, executor, workspace) what the kernels take.
  template <class Query, class Key, class Value, class Use, class... Given>
  void with_call(Heads<Query> const& q, Heads<Key> const& k, Heads<Value> const& v, Use const& use,
                 Given&... given) const {
    using Number = compute_t<Query>;
    static_assert(
        ((is_linear_state<std::remove_const_t<Given>> || is_gates<std::remove_const_t<Given>> ||
          is_state_gradients<std::remove_const_t<Given>> || linear_detail::is_lengths<Given>::value ||
          linear_detail::is_executor<Given>::value || linear_detail::is_workspace<Given>::value) &&
         ...),
        "attend: an argument after q, k and v means nothing to RecurrentAttention; it takes Gates, Lengths, a "
        "LinearState, an executor and a Workspace, and backward StateGradients.");
    linear_detail::check_inputs(name, q.shape(), k.shape(), v.shape());
    detail::check_same(name, q.length() == k.length(), "both must have one row for each token.", q.shape(), "q",
                       k.shape(), "k");
    Gates<Number> const gates = gates_of<Number>(given...);
    linear_detail::check_gates(name, gates, k.shape());
    Lengths const* const lengths =
        linear_detail::taken_as<Lengths const>(linear_detail::find_given<linear_detail::is_lengths>(given...));
    Causal const causal;
    linear_detail::check_masks(&causal, lengths, q.shape(), k.shape());
    double const scale = scale_.has_value() ? *scale_
                         : q.dim() == 0     ? 1.0
                                            : 1.0 / std::sqrt(static_cast<double>(q.dim()));
    linear_detail::Call<Number, std::remove_const_t<Query>, std::remove_const_t<Key>, std::remove_const_t<Value>,
                        linear_detail::AsTheyAre, false> const call{
        q, k, v, gates.decay, gates.rate, {}, static_cast<Number>(scale), &causal, lengths};
    linear_detail::use_with_resources(call, use, given...);
  }

  /// Sizes of what backward reads and writes, and that nothing it writes is read.
  template <class Call, class Arrays>
  static void check_gradients(Call const& call, Arrays const& arrays) {
    linear_detail::check_gradients(name, call, arrays);
    HeadsShape const& k = call.key.shape();
    HeadsShape const state{k.batch, k.heads, k.dim, call.value.dim()};
    if (arrays.d_decay.data() != nullptr)
      detail::check_same(name, arrays.d_decay.shape() == call.decay.shape(), "both must have the same sizes.",
                         arrays.d_decay.shape(), "d_decay", call.decay.shape(), "decay");
    if (arrays.d_rate.data() != nullptr)
      detail::check_same(name, arrays.d_rate.shape() == call.rate.shape(), "both must have the same sizes.",
                         arrays.d_rate.shape(), "d_rate", call.rate.shape(), "rate");
    if (arrays.d_after.data() != nullptr)
      detail::check_same(name, arrays.d_after.shape() == state, "they must be (batch, heads of k, d, e).",
                         arrays.d_after.shape(), "StateGradients::after", state, "the state");
    if (arrays.d_before.data() != nullptr)
      detail::check_same(name, arrays.d_before.shape() == state, "they must be (batch, heads of k, d, e).",
                         arrays.d_before.shape(), "StateGradients::before", state, "the state");
  }

  std::optional<double> scale_;
};

/// RecurrentAttention{}.forward(q, k, v, given…)
template <class Query, class Key, class Value, class... Given>
[[nodiscard]] auto recurrent_attention(Eigen::DenseBase<Query> const& q, Eigen::DenseBase<Key> const& k,
                                       Eigen::DenseBase<Value> const& v, Given&&... given) {
  return RecurrentAttention{}.forward(q, k, v, given...);
}

}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
