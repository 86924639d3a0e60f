#pragma once

#include <attend/attention.hpp>

#include <cstddef>
#include <type_traits>
#include <utility>
#include <variant>

/// Similarities and normalisers chosen at run time, so that a few kernels serve every pair of them. Which of them may
/// share a kernel is what the kernel distinguishes when it is compiled: dot products, a table of keys, similarities
/// that say their derivative, those that do not; the families of normalisers.

namespace pairs {

using attend::Index;

/// Holds one of several policies, by number, and calls functions with it. Everything is inlined: packs may not be
/// handed over in memory here.
template <class... Held>
class OneOf {
 public:
  OneOf() = default;
  template <class One>
    requires(std::is_same_v<One, Held> || ...)
  explicit OneOf(One one) : held_(std::move(one)) {}

  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    std::visit(
        [&](auto& one) {
          if constexpr (attend::Learned<decltype(one)>) attend::each_parameter(one, function);
        },
        self.held_);
  }

  template <class Function>
  [[nodiscard]] ATTEND_INLINE decltype(auto) ask(Function const& function) const {
    return ask_from<0>(function);
  }
  template <class One>
  [[nodiscard]] One& as() {
    return std::get<One>(held_);
  }

 private:
  template <std::size_t number, class Function>
  [[nodiscard]] ATTEND_INLINE decltype(auto) ask_from(Function const& function) const {
    if constexpr (number + 1 < sizeof...(Held))
      if (held_.index() != number) return ask_from<number + 1>(function);
    return function(*std::get_if<number>(&held_));
  }

  std::variant<Held...> held_;
};

/// Similarities of one sort.
template <class... Held>
struct SimilarityOf : OneOf<Held...> {
  using kind = attend::SimilarityKind;
  using OneOf<Held...>::OneOf;

  void check_sizes(Index d_query, Index d_key, Index keys) const {
    this->ask([&](auto const& one) { one.check_sizes(d_query, d_key, keys); });
  }
  template <class Scalar>
  [[nodiscard]] attend::FeatureMap<Scalar> query_map(Index d) const {
    return this->ask([&](auto const& one) -> attend::FeatureMap<Scalar> { return one.template query_map<Scalar>(d); });
  }
  template <class Scalar>
  [[nodiscard]] attend::FeatureMap<Scalar> key_map(Index d) const {
    return this->ask([&](auto const& one) -> attend::FeatureMap<Scalar> { return one.template key_map<Scalar>(d); });
  }
};

/// Those that compare mapped features by a dot product.
template <class... Held>
struct DotProductOf : SimilarityOf<Held...> {
  using SimilarityOf<Held...>::SimilarityOf;
  static constexpr bool is_dot_product = true;

  template <class Number>
  [[nodiscard]] static ATTEND_INLINE Number combine(Number const& q, Number const& k, Number const& weight,
                                                    Number const& sum) {
    return attend::Dot::combine(q, k, weight, sum);
  }
  template <class Number>
  [[nodiscard]] ATTEND_INLINE Number finish(Number const& sum) const {
    return sum;
  }
  template <class Number>
  [[nodiscard]] DotProductOf gradient(attend::FeatureGradient<Number> const& sums) const {
    return this->ask([&](auto const& one) {
      if constexpr (requires { one.gradient(sums); })
        return DotProductOf(one.gradient(sums));
      else
        return *this;
    });
  }
};

/// scale · unit(w q + bias) · unit(u k), or without `unit`: a dot product of one's own that asks for all that a feature
/// map can do.
struct Projected : attend::Dot {
  bool to_unit_length = true;
  double scale = 1.5;
  attend::Matrix<double> w, u;  // (features, d_q), (features, d_k)
  attend::Vector<double> bias;

  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    function("scale", attend::parameter_span(self.scale));
    function("w", attend::parameter_span(self.w));
    function("u", attend::parameter_span(self.u));
    function("bias", attend::parameter_span(self.bias));
  }
  [[nodiscard]] Projected gradient(attend::FeatureGradient<double> const& sums) const {
    Projected result = *this;
    result.scale = sums.query_scale;
    result.w = sums.query_matrix;
    result.u = sums.key_matrix;
    result.bias = sums.query_bias;
    return result;
  }
  template <class Scalar>
  [[nodiscard]] attend::FeatureMap<Scalar> query_map(Index) const {
    return {.matrix = attend::view_of(w), .bias = bias.data(), .to_unit_length = to_unit_length, .scale = scale};
  }
  template <class Scalar>
  [[nodiscard]] attend::FeatureMap<Scalar> key_map(Index) const {
    return {.matrix = attend::view_of(u), .to_unit_length = to_unit_length};
  }
  static void check_sizes(Index, Index, Index) {}
};

/// Those that are no dot product and say their derivative feature by feature.
template <class... Held>
struct FeaturePairsOf : SimilarityOf<Held...> {
  using SimilarityOf<Held...>::SimilarityOf;

  template <class Scalar>
  [[nodiscard]] Scalar const* feature_weights() const {
    return this->ask([](auto const& one) -> Scalar const* {
      if constexpr (requires { one.template feature_weights<Scalar>(); })
        return one.template feature_weights<Scalar>();
      else
        return nullptr;
    });
  }
  template <class Number>
  [[nodiscard]] ATTEND_INLINE Number combine(Number const& q, Number const& k, Number const& weight,
                                             Number const& sum) const {
    return this->ask([&](auto const& one) __attribute__((always_inline)) { return one.combine(q, k, weight, sum); });
  }
  template <class Number>
  [[nodiscard]] ATTEND_INLINE Number finish(Number const& sum) const {
    return this->ask([&](auto const& one) __attribute__((always_inline)) { return one.finish(sum); });
  }
  template <class Number>
  [[nodiscard]] ATTEND_INLINE attend::PairGradient<Number> pair_gradient(Number const& q, Number const& k,
                                                                         Number const& weight,
                                                                         Number const& d_score) const {
    return this->ask([&](auto const& one)
                         __attribute__((always_inline)) { return one.pair_gradient(q, k, weight, d_score); });
  }
  template <class Number>
  [[nodiscard]] FeaturePairsOf gradient(attend::FeatureGradient<Number> const& sums) const {
    return this->ask([&](auto const& one) { return FeaturePairsOf(one.gradient(sums)); });
  }
};

/// Normalisers of one family.
template <class... Held>
struct NormalizerOf : OneOf<Held...> {
  using kind = attend::NormalizerKind;
  using OneOf<Held...>::OneOf;

  void check_sizes(attend::CallShape const& shape) const {
    this->ask([&](auto const& one) { one.check_sizes(shape); });
  }
  void add_gradient(NormalizerOf& gradient, double sum) const {
    this->ask([&]<class One>(One const& one) {
      if constexpr (requires(One& own) { one.add_gradient(own, sum); })
        one.add_gradient(gradient.template as<One>(), sum);
    });
  }
};

template <class... Held>
struct PointwiseOf : NormalizerOf<Held...> {
  using NormalizerOf<Held...>::NormalizerOf;
  static constexpr attend::Family family = attend::Family::pointwise;
  static constexpr bool normalized = (Held::normalized && ...);
  static_assert(normalized == (Held::normalized || ...));

  template <class Scalar>
  [[nodiscard]] Scalar shift(Index keys) const {
    return this->ask([&](auto const& one) { return one.template shift<Scalar>(keys); });
  }
  template <class Number>
  [[nodiscard]] ATTEND_INLINE Number weight(Number const& score) const {
    return this->ask([&](auto const& one) __attribute__((always_inline)) { return one.weight(score); });
  }
};

template <class... Held>
struct PickOf : NormalizerOf<Held...> {
  using NormalizerOf<Held...>::NormalizerOf;
  static constexpr attend::Family family = attend::Family::pick;

  template <class Number, class Place>
  [[nodiscard]] ATTEND_INLINE Number perturb(Number const& score, Place const& p) const {
    return this->ask([&](auto const& one) __attribute__((always_inline)) { return Number(one.perturb(score, p)); });
  }
};

template <class... Held>
struct WholeRowOf : NormalizerOf<Held...> {
  using NormalizerOf<Held...>::NormalizerOf;
  static constexpr attend::Family family = attend::Family::whole_row;

  template <class Scalar, class... States>
  struct State {
    std::variant<States...> held;
    Scalar log_sum_exp;
  };

  template <class Row>
  [[nodiscard]] ATTEND_INLINE auto solve(Row const& row) const {
    using Scalar = decltype(row.largest());
    using All = State<Scalar, typename Held::template State<Scalar>...>;
    return this->ask([&](auto const& one) __attribute__((always_inline)) {
      auto const state = one.solve(row);
      return All{state, state.log_sum_exp};
    });
  }
  template <class Scalar, class... States, class Number, class Column>
  [[nodiscard]] ATTEND_INLINE Number weight(State<Scalar, States...> const& state, Number const& score,
                                            Column const& column) const {
    return this->ask([&]<class One>(One const& one) __attribute__((always_inline)) {
      using Own = typename One::template State<Scalar>;
      return Number(one.weight(*std::get_if<Own>(&state.held), score, column));
    });
  }
  template <class Number>
  [[nodiscard]] ATTEND_INLINE Number gate(Number const& weight) const {
    return this->ask([&](auto const& one) __attribute__((always_inline)) { return Number(one.gate(weight)); });
  }
  template <class Number>
  [[nodiscard]] ATTEND_INLINE Number parameter_gate(Number const& weight) const {
    return this->ask([&](auto const& one) __attribute__((always_inline)) {
      if constexpr (requires { one.parameter_gate(weight); })
        return Number(one.parameter_gate(weight));
      else
        return Number(0);
    });
  }
};

}  // namespace pairs
