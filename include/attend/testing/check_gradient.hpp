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

/// L = Σ d_output ∘ output at one place.
struct OutputLoss {
  Matrix<double> query, key, value, d_output;

  template <class Op>
  [[nodiscard]] double operator()(Op const& op, Matrix<double> const& q, Matrix<double> const& k,
                                  Matrix<double> const& v) const {
    auto const output = op.forward(q, k, v).output;
    using Number = typename std::remove_cvref_t<decltype(output)>::Scalar;
    return static_cast<double>(output.cwiseProduct(d_output.template cast<Number>()).sum());
  }
};

/// `gradients` holds those of the learned policies alone, in the order given.
template <class Op, class Gradients>
[[nodiscard]] GradientReport compare_policies(OutputLoss const& loss, Op const& op, Gradients const& gradients,
                                              double size) {
  using Policies = std::remove_cvref_t<decltype(op.policies())>;
  GradientReport report;
  auto const compare = [&]<std::size_t index>() {
    using Policy = std::tuple_element_t<index, Policies>;
    if constexpr (Learned<Policy>) {
      auto const moved = [&](Policy const& policy) {
        return loss(std::make_from_tuple<Op>(with<index>(op.policies(), policy)), loss.query, loss.key, loss.value);
      };
      report.add(compare_parameters(name_of<Policy>(), std::get<index>(op.policies()),
                                    std::get<learned_before<Policies, index>>(gradients), moved, size));
    }
  };
  [&]<std::size_t... index>(std::index_sequence<index...>) {
    (compare.template operator()<index>(), ...);
  }(std::make_index_sequence<std::tuple_size_v<Policies>>());
  return report;
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
  detail::OutputLoss const loss{q, k, v, detail::random_matrix(q.rows(), v.cols(), seed)};
  auto const kept = op.forward(loss.query, loss.key, loss.value);
  auto const gradient = op.backward(loss.query, loss.key, loss.value, kept, loss.d_output);

  using M = Matrix<double>;
  double const size = kept.output.template cast<double>().cwiseProduct(loss.d_output).cwiseAbs().sum();
  GradientReport report;
  report.add(compare_gradient(
      "query", loss.query, gradient.query, [&](M const& x) { return loss(op, x, loss.key, loss.value); }, size));
  report.add(compare_gradient(
      "key", loss.key, gradient.key, [&](M const& x) { return loss(op, loss.query, x, loss.value); }, size));
  report.add(compare_gradient(
      "value", loss.value, gradient.value, [&](M const& x) { return loss(op, loss.query, loss.key, x); }, size));
  report.add(detail::compare_policies(loss, op, gradient.policies, size));
  return report;
}

}  // namespace attend::testing
