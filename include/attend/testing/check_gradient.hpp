#pragma once

#include <attend/core/random.hpp>
#include <attend/testing/compare_gradient.hpp>

#include <cstdint>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace attend::testing {

namespace detail {

/// "Additive" of attend::Additive<double>, as the compiler spells it.
template <class Type>
[[nodiscard]] std::string_view name_of() {
  std::string_view name = __PRETTY_FUNCTION__;
  name.remove_prefix(name.find("Type = ") + 7);
  name = name.substr(0, name.find_first_of("<;]"));
  if (std::size_t const scope = name.rfind("::"); scope != name.npos) name.remove_prefix(scope + 2);
  return name;
}

/// Numbers between −1 and 1 of a seed.
[[nodiscard]] inline Matrix<double> random_matrix(Index rows, Index columns, std::uint64_t seed) {
  Matrix<double> numbers(rows, columns);
  for (Index i = 0; i < rows; ++i)
    for (Index j = 0; j < columns; ++j) numbers(i, j) = 2 * uniform(seed, 0, 0, i, j) - 1;
  return numbers;
}

/// How many policies before number `index` are learned.
template <class Policies, std::size_t index>
inline constexpr std::size_t learned_before =
    learned_before<Policies, index - 1> + (Learned<std::tuple_element_t<index - 1, Policies>> ? 1 : 0);
template <class Policies>
inline constexpr std::size_t learned_before<Policies, 0> = 0;

/// The policies' tuple with element `index` replaced.
template <std::size_t index, class Policies, class Policy>
[[nodiscard]] Policies with(Policies policies, Policy const& policy) {
  std::get<index>(policies) = policy;
  return policies;
}

}  // namespace detail

/// Are op.backward's gradients those of L = Σ d_output ∘ op.forward(q, k, v).output, for queries, keys, values and
/// every parameter of each learned policy? Compared entry by entry with central differences in double.
///
/// ```
/// auto report = at::testing::check_gradient(at::Attention{at::Causal{}, my_score}, q, k, v);
/// if (!report.passed()) std::cout << report << "\n";   // The worst of 84 entries is key(3, 1): 0.21 by the gradient,
/// …
/// ```
///
/// Shapes   q (n, d)  k (m, d)  v (m, e), of double
/// Edge     at a kink (equal scores under Argmax, a score of 0 under Relu) there is no derivative to compare with
/// Cost     4 to 8 forward passes an entry: sizes of 5 to 10 are plenty
template <class Op, class Query, class Key, class Value>
[[nodiscard]] GradientReport check_gradient(Op const& op, Eigen::MatrixBase<Query> const& q,
                                            Eigen::MatrixBase<Key> const& k, Eigen::MatrixBase<Value> const& v,
                                            std::uint64_t seed = 1) {
  static_assert(std::is_same_v<typename Query::Scalar, double>,
                "attend: check_gradient takes differences, for which only double has digits enough: give q, k and v of "
                "double (and policies with parameters of double).");
  using Policies = std::remove_cvref_t<decltype(op.policies())>;
  Matrix<double> const query = q, key = k, value = v;
  Matrix<double> const d_output = detail::random_matrix(query.rows(), value.cols(), seed);
  auto const loss = [&d_output](Op const& which, Matrix<double> const& x, Matrix<double> const& y,
                                Matrix<double> const& z) {
    auto const output = which.forward(x, y, z).output;
    using Number = typename std::remove_cvref_t<decltype(output)>::Scalar;
    return output.cwiseProduct(d_output.template cast<Number>()).sum();
  };

  auto const gradient = op.backward(query, key, value, op.forward(query, key, value), d_output);
  GradientReport report;
  report.add(compare_gradient("query", query, gradient.query,
                              [&](Matrix<double> const& x) { return loss(op, x, key, value); }));
  report.add(
      compare_gradient("key", key, gradient.key, [&](Matrix<double> const& x) { return loss(op, query, x, value); }));
  report.add(compare_gradient("value", value, gradient.value,
                              [&](Matrix<double> const& x) { return loss(op, query, key, x); }));

  // gradient.policies holds the learned ones alone, in the order given.
  auto const compare_policy = [&]<std::size_t index>() {
    using Policy = std::tuple_element_t<index, Policies>;
    if constexpr (Learned<Policy>)
      report.add(compare_parameters(
          detail::name_of<Policy>(), std::get<index>(op.policies()),
          std::get<detail::learned_before<Policies, index>>(gradient.policies), [&](Policy const& policy) {
            return loss(std::make_from_tuple<Op>(detail::with<index>(op.policies(), policy)), query, key, value);
          }));
  };
  [&]<std::size_t... index>(std::index_sequence<index...>) {
    (compare_policy.template operator()<index>(), ...);
  }(std::make_index_sequence<std::tuple_size_v<Policies>>());
  return report;
}

}  // namespace attend::testing
