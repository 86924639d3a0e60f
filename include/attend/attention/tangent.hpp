#pragma once

#include <attend/attention/call.hpp>
#include <attend/kernel/tangent/run.hpp>

/// From what a person hands to jvp to one run of the kernel.

namespace attend {
inline namespace ATTEND_UNIT_NAME {
namespace call_detail {

template <class Query, class Key, class Value, class Output, class... Given>
void tangent_heads(Heads<Query const> const& q, Heads<Key const> const& k, Heads<Value const> const& v,
                   kernel::TangentArrays<compute_t<Query>, Output> const& arrays, Given&... given) {
  using Number = compute_t<Query>;
  check_values(k.shape(), v.shape());
  auto const check_direction = [](HeadsShape const& direction, char const* name, HeadsShape const& moved,
                                  char const* moved_name) {
    check_same(direction == moved, "a direction must have the sizes of what it moves.", direction, name, moved,
               moved_name);
  };
  check_direction(arrays.d_query.shape(), "d_q", q.shape(), "q");
  check_direction(arrays.d_key.shape(), "d_k", k.shape(), "k");
  check_direction(arrays.d_value.shape(), "d_v", v.shape(), "v");
  HeadsShape const expected{q.batch(), q.heads(), q.length(), v.dim()};
  check_same(arrays.d_output.shape() == expected, "d_output must have the sizes of the output.",
             arrays.d_output.shape(), "d_output", expected, "the result");
  check_kept(arrays.output.shape(), arrays.log_sum_exp.shape(), expected);
  auto const apart = [&](auto const& read, char const* name) { check_apart(arrays.d_output, "d_output", read, name); };
  apart(q, "q"), apart(k, "k"), apart(v, "v");
  apart(arrays.d_query, "d_q"), apart(arrays.d_key, "d_k"), apart(arrays.d_value, "d_v");
  apart(arrays.output, "the kept output"), apart(arrays.log_sum_exp, "the kept log-sum-exp");
  with_call<kernel::Purpose::output, Query, Key, Value, Number>(
      q, k, v, no_heads<Number>, no_heads<Number>, no_heads<Number>, nullptr, 0,
      [&](auto const& call, Index segments, auto const& segment_of, auto& executor, Workspace& workspace) {
        using Call = std::remove_cvref_t<decltype(call)>;
        using Arrays = std::remove_cvref_t<decltype(arrays)>;
        static_assert(!Call::scales_tokens, "attend: TokenScales are for forward calls; jvp takes numbers.");
        kernel::TangentCall<Call, Arrays> const tangent{call, arrays};
        kernel::run_tangent(tangent, segments, segment_of, executor, workspace);
      },
      given...);
}

}  // namespace call_detail
}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
