#pragma once

#include <attend/core/gradient_place.hpp>
#include <attend/kernel/backward/call.hpp>
#include <attend/kernel/scratch.hpp>

#include <array>
#include <utility>

namespace attend {
inline namespace ATTEND_UNIT_NAME {
namespace kernel {

/// Whether the gradient of a similarity needs its numbers for each feature.
template <class Similarity>
inline constexpr bool learns_weights = !is_dot_product<Similarity> && Learned<Similarity>;

template <class Normalizer>
inline constexpr bool learns_of_scores =
    Learned<Normalizer> &&
    requires(Normalizer const& normalizer, Normalizer& gradient) { normalizer.add_gradient(gradient, 0.0); };

/// What one task sums up for the parameters of the policies, from 0. Tasks' sums are joined in their order.
template <class T, class Call>
struct PolicySums {
  using Number = typename Call::Number;
  static constexpr std::size_t adjuster_count = std::tuple_size_v<decltype(Call::adjusters)>;

  Number* normalizer = nullptr;                         // [lanes]
  Number* weights = nullptr;                            // [features][lanes]
  std::array<Number*, adjuster_count + 1> adjusters{};  // by place among the adjusters; null where nothing is learned
  std::size_t bytes = 0;
  std::byte* begin = nullptr;

  PolicySums(Carver& carver, Call const& call, GradientPlace const& place) {
    std::size_t const before = carver.used();
    begin = carver.take<std::byte>(0);
    if constexpr (learns_of_scores<typename Call::Normalizer>) normalizer = carver.take<Number>(T::lanes);
    if constexpr (learns_weights<typename Call::Similarity>)
      weights = carver.take<Number>(call.features.count * T::lanes);
    [&]<std::size_t... index>(std::index_sequence<index...>) {
      [[maybe_unused]] auto const take = [&](auto const& adjuster, Number*& sums) {
        if constexpr (Learned<decltype(adjuster)>) sums = carver.take<Number>(adjuster.gradient_size(place));
      };
      (take(std::get<index>(call.adjusters), adjusters[index]), ...);
    }(std::make_index_sequence<adjuster_count>());
    bytes = carver.used() - before;
  }
};

}  // namespace kernel
}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
