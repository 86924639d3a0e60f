#pragma once

#include <attend/core/concepts.hpp>
#include <attend/core/parameters.hpp>
#include <attend/reference/call.hpp>
#include <attend/reference/parameter_gradient.hpp>

#include <array>
#include <cstddef>
#include <tuple>
#include <utility>

namespace attend::reference::detail {

template <class Policy>
auto learned_of(Policy const& policy) {
  if constexpr (Learned<Policy>)
    return std::tuple<Policy>(policy);
  else
    return std::tuple<>();
}
template <class... Given>
using learned_policies = decltype(std::tuple_cat(learned_of(std::declval<Given const&>())...));

/// Sums for the parameters of all policies of a call.
template <class T, class... Given>
struct PolicySums {
  explicit PolicySums(Call<Given...> const& call)
      : similarity(call.similarity()),
        normalizer(call.normalizer()),
        adjusters(
            std::apply([](auto const&... p) { return std::array{ParameterGradient<T>(), ParameterGradient<T>(p)...}; },
                       call.policies())) {}

  ParameterGradient<T> similarity, normalizer;
  std::array<ParameterGradient<T>, 1 + sizeof...(Given)> adjusters;  // from 1: one for each policy given

  [[nodiscard]] learned_policies<Given...> as_policies(Call<Given...> const& call) const {
    auto const one = [this]<class Policy>(Policy const& policy, ParameterGradient<T> const& adjuster) {
      if constexpr (!Learned<Policy>)
        return std::tuple<>();
      else if constexpr (Similarity<Policy>)
        return std::tuple<Policy>(similarity.as(policy));
      else if constexpr (Normalizer<Policy>)
        return std::tuple<Policy>(normalizer.as(policy));
      else
        return std::tuple<Policy>(adjuster.as(policy));
    };
    return [&]<std::size_t... index>(std::index_sequence<index...>) {
      return std::tuple_cat(one(std::get<index>(call.policies()), adjusters[index + 1])...);
    }(std::index_sequence_for<Given...>());
  }
};

}  // namespace attend::reference::detail
