#pragma once

#include <attend/core/config.hpp>
#include <attend/core/parameters.hpp>

#include <string>
#include <tuple>
#include <utility>

/// What layers that keep policies share: which of them learn.

namespace attend {
inline namespace ATTEND_UNIT_NAME {
namespace layer_detail {

/// The learned ones among policies, to be changed.
template <class Policy>
[[nodiscard]] auto learned(Policy& policy) {
  if constexpr (Learned<Policy>)
    return std::tie(policy);
  else
    return std::tuple<>();
}
template <class... Policies>
[[nodiscard]] auto learned_of(std::tuple<Policies...>& policies) {
  return std::apply([](auto&... policy) { return std::tuple_cat(learned(policy)...); }, policies);
}

/// gradient += what backward gave for the learned policies. Those that a layer keeps come first in `found`.
template <class... Policies, class Found>
void add_policy_gradients(std::tuple<Policies...>& gradient, Found const& found) {
  auto sums = learned_of(gradient);
  [&]<std::size_t... index>(std::index_sequence<index...>) {
    (add_parameters(std::get<index>(sums), std::get<index>(found)), ...);
  }(std::make_index_sequence<std::tuple_size_v<decltype(sums)>>());
}

/// Walks over the parameters of the learned policies: "policy.…".
template <class Policies, class Function>
void each_policy_parameter(Policies& policies, Function& function) {
  auto const walk = [&](auto& policy) {
    if constexpr (Learned<decltype(policy)>) attend::each_parameter(policy, "policy", function);
  };
  std::apply([&](auto&... policy) { (walk(policy), ...); }, policies);
}

}  // namespace layer_detail
}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
