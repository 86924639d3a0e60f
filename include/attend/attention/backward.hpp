#pragma once

#include <attend/attention/call.hpp>
#include <attend/kernel/backward/run.hpp>

#include <tuple>
#include <utility>
#include <vector>

/// From what a person hands to backward to one run of the kernel.

namespace attend {
inline namespace ATTEND_UNIT_NAME {

/// ∂loss/∂q, ∂loss/∂k, ∂loss/∂v, in the type that the call computes in, and for each learned policy, in the order
/// given, an object of its own class whose numbers are derivatives: std::get<Additive<float>>(gradients.policies).w
template <class Number, class Policies>
struct Gradients {
  Matrix<Number> query;  // (n, d)
  Matrix<Number> key;    // (m, d)
  Matrix<Number> value;  // (m, e)
  Policies policies;
};

/// The same for a batch of heads, in contiguous memory.
template <class Number, class Policies>
struct HeadsGradients {
  HeadsShape query_shape, key_shape, value_shape;  // (b, h, n, d)  (b, h_kv, m, d)  (b, h_kv, m, e)
  std::vector<Number> query, key, value;
  Policies policies;
};

namespace call_detail {

/// The gradients of the learned policies among the arguments. `adjuster` counts the adjusters before the first.
template <std::size_t adjuster, class Gradients>
auto learned_gradients(Gradients const&) {
  return std::tuple<>();
}
template <std::size_t adjuster, class Gradients, class First, class... Others>
auto learned_gradients(Gradients const& gradients, First const& first, Others const&... others) {
  auto const own = [&] {
    if constexpr (!Learned<First>)
      return std::tuple<>();
    else if constexpr (Similarity<First>)
      return std::tuple<First>(first.gradient(gradients.features));
    else if constexpr (Normalizer<First>)
      return std::tuple<First>(gradients.normalizer);
    else
      return std::tuple<First>(std::get<adjuster>(gradients.adjusters));
  }();
  return std::tuple_cat(own, learned_gradients<adjuster + (Adjuster<First> ? 1 : 0)>(gradients, others...));
}

template <class Number, class Query, class Key, class Value, class Arrays>
void check_apart_from_all(Heads<Number> const& written, char const* name, Heads<Query> const& q, Heads<Key> const& k,
                          Heads<Value> const& v, Arrays const& arrays) {
  check_apart(written, name, q, "q");
  check_apart(written, name, k, "k");
  check_apart(written, name, v, "v");
  check_apart(written, name, arrays.output, "the kept output");
  check_apart(written, name, arrays.log_sum_exp, "the kept log-sum-exp");
  check_apart(written, name, arrays.d_output, "d_output");
}

template <class Query, class Key, class Value, class Output, class OutputGradient, class... Given>
auto backward_heads(Heads<Query const> const& q, Heads<Key const> const& k, Heads<Value const> const& v,
                    kernel::GradientArrays<compute_t<Query>, Output, OutputGradient> const& arrays, Given&... given) {
  using Number = compute_t<Query>;
  static_assert(is_kernel_scalar<Number>,
                "attend: backward is computed by the kernel, in float, double, half or bfloat16; for another scalar "
                "use attend::reference::backward.");
  check_values(k.shape(), v.shape());
  HeadsShape const expected{q.batch(), q.heads(), q.length(), v.dim()};
  check_kept(arrays.output.shape(), arrays.log_sum_exp.shape(), expected);
  check_same(arrays.d_output.shape() == expected, "d_output must have the sizes of the output.",
             arrays.d_output.shape(), "d_output", expected, "the result");
  HeadsShape const rows{q.batch(), q.heads(), q.length(), 1};
  check_same(arrays.d_log_sum_exp.data() == nullptr || arrays.d_log_sum_exp.shape() == rows,
             "d_log_sum_exp must have one number a query.", arrays.d_log_sum_exp.shape(), "d_log_sum_exp", rows,
             "the log-sum-exp");
  check_apart_from_all(arrays.d_query, "d_q", q, k, v, arrays);
  check_apart_from_all(arrays.d_key, "d_k", q, k, v, arrays);
  check_apart_from_all(arrays.d_value, "d_v", q, k, v, arrays);
  check_apart(arrays.d_query, "d_q", arrays.d_key, "d_k");
  check_apart(arrays.d_query, "d_q", arrays.d_value, "d_v");
  check_apart(arrays.d_key, "d_k", arrays.d_value, "d_v");
  return with_call<kernel::Purpose::output, Query, Key, Value, Number>(
      q, k, v, no_heads<Number>, no_heads<Number>, no_heads<Number>, nullptr, 0,
      [&](auto const& call, Index segments, auto const& segment_of, auto& executor, Workspace& workspace) {
        using Call = std::remove_cvref_t<decltype(call)>;
        using Arrays = std::remove_cvref_t<decltype(arrays)>;
        static_assert(!Call::scales_tokens, "attend: TokenScales are for forward calls; backward takes numbers.");
        kernel::BackwardCall<Call, Arrays> const backward{call, arrays};
        return learned_gradients<0>(kernel::run_backward(backward, segments, segment_of, executor, workspace),
                                    std::as_const(given)...);
      },
      given...);
}

}  // namespace call_detail
}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
