#pragma once

#include <attend/core/config.hpp>
#include <attend/core/parameters.hpp>

#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

namespace attend {
inline namespace ATTEND_UNIT_NAME {

/// A learned policy that several layers share, as it is handed to a layer's calls: every backward adds the derivatives
/// by it to `gradient`, so that it gets the sum over the layers.
///
/// A layer keeps gradients of its own policies alone; of those that are handed to a call, this one says where they go.
///
///   at::T5Bias<float> d_bias = at::zeros_like(bias);
///   stack.backward(x, kept, d_output, gradient, at::Shared{bias, d_bias});
template <Learned Policy>
struct Shared {
  Policy const& policy;
  Policy& gradient;
};
template <class Policy>
Shared(Policy const&, Policy&) -> Shared<Policy>;

namespace layer_detail {

template <class Type>
inline constexpr bool is_shared = false;
template <class Policy>
inline constexpr bool is_shared<Shared<Policy>> = true;

/// What attention is handed of an argument: the policy itself.
template <class Argument>
[[nodiscard]] auto& bare_policy(Argument& argument) {
  if constexpr (is_shared<std::remove_const_t<Argument>>)
    return argument.policy;
  else
    return argument;
}

/// Each learned policy of a model beside the place of its gradient.
template <class... Policies>
[[nodiscard]] auto shared(std::tuple<Policies...> const& policies, std::tuple<Policies...>& gradient) {
  [[maybe_unused]] auto const one = []<class Policy>(Policy const& policy, Policy& sum) {
    if constexpr (Learned<Policy>)
      return Shared<Policy>{policy, sum};
    else
      return policy;
  };
  return [&]<std::size_t... index>(std::index_sequence<index...>) {
    return std::tuple(one(std::get<index>(policies), std::get<index>(gradient))...);
  }(std::index_sequence_for<Policies...>());
}

/// Adds what backward found for the shared ones among the arguments; `next` is the first of `found` that was handed in.
template <std::size_t next, class Found>
void add_shared_gradients(Found const&) {}
template <std::size_t next, class Found, class First, class... Others>
void add_shared_gradients(Found const& found, First& first, Others&... others) {
  constexpr bool shared = is_shared<std::remove_const_t<First>>;
  if constexpr (shared) add_parameters(first.gradient, std::get<next>(found));
  add_shared_gradients<next + (shared || Learned<First> ? 1 : 0)>(found, others...);
}

}  // namespace layer_detail
}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
