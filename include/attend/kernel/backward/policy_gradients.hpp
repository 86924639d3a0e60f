#pragma once

#include <attend/kernel/backward/sums.hpp>
#include <attend/score/feature_gradient.hpp>

#include <tuple>
#include <type_traits>
#include <utility>

namespace attend {
inline namespace ATTEND_UNIT_NAME {
namespace kernel {

/// The gradients of the policies of a call; empty tuples stand for policies that do not learn.
template <class Call>
struct PolicyGradients {
  using Number = typename Call::Number;
  template <class Policy>
  using gradient_t = std::conditional_t<Learned<Policy>, std::remove_cvref_t<Policy>, std::tuple<>>;

  template <class Tuple>
  struct gradients_of;
  template <class... Adjusters>
  struct gradients_of<std::tuple<Adjusters...>> {
    using type = std::tuple<gradient_t<Adjusters>...>;
  };
  using Adjusters = typename gradients_of<std::remove_cvref_t<decltype(Call::adjusters)>>::type;

  FeatureGradient<Number> features;
  gradient_t<typename Call::Normalizer> normalizer;
  Adjusters adjusters;

  explicit PolicyGradients(Call const& call)
      : normalizer(zeros_of(call.normalizer)),
        adjusters(
            std::apply([](auto const&... adjuster) { return Adjusters(zeros_of(adjuster)...); }, call.adjusters)) {
    Index const count = call.features.count;
    if constexpr (learns_weights<typename Call::Similarity>) features.weights = Vector<Number>::Zero(count);
    if constexpr (Call::maps_queries) features.query_bias = Vector<Number>::Zero(count);
    if constexpr (requires { Call::Similarity::keys_are_a_table; })
      features.table = Matrix<Number>::Zero(call.key.length(), count);
  }

  /// Adds what one task has summed up.
  template <class T>
  void join(Call const& call, GradientPlace const& place, PolicySums<T, Call> const& sums) {
    auto const lanes_of = [](Number const* lanes) {
      double sum = 0;
      for (int lane = 0; lane < T::lanes; ++lane) sum += static_cast<double>(lanes[lane]);
      return sum;
    };
    if constexpr (learns_of_scores<typename Call::Normalizer>)
      call.normalizer.add_gradient(normalizer, lanes_of(sums.normalizer));
    if constexpr (learns_weights<typename Call::Similarity>)
      for (Index f = 0; f < features.weights.size(); ++f)
        features.weights(f) += static_cast<Number>(lanes_of(sums.weights + f * T::lanes));
    [&]<std::size_t... index>(std::index_sequence<index...>) {
      [[maybe_unused]] auto const join_one = [&](auto const& adjuster, auto& gradient, Number const* sum) {
        if constexpr (Learned<decltype(adjuster)>) adjuster.join_gradient(gradient, sum, place);
      };
      (join_one(std::get<index>(call.adjusters), std::get<index>(adjusters), sums.adjusters[index]), ...);
    }(std::make_index_sequence<std::tuple_size_v<Adjusters>>());
  }

 private:
  template <class Policy>
  [[nodiscard]] static auto zeros_of(Policy const& policy) {
    if constexpr (Learned<Policy>)
      return zeros_like(policy);
    else
      return std::tuple<>();
  }
};

}  // namespace kernel
}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
