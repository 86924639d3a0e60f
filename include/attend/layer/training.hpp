#pragma once

#include <attend/core/config.hpp>
#include <attend/core/random.hpp>
#include <attend/layer/dropout.hpp>

#include <cstdint>
#include <type_traits>

namespace attend {
inline namespace ATTEND_UNIT_NAME {

/// Handed to forward and to backward of blocks, stacks and models in training: numbers are dropped from what each
/// sublayer makes before it is added to what it read, and from the sum of words and positions. Without it nothing is
/// dropped, as a model is used.
///
///   at::Training const training{.dropout = 0.1, .seed = step};   // another seed a step, the same for both calls
///   auto const kept = model.forward(tokens, batch, training);
///   model.backward(tokens, kept, d_logits, gradient, training);
///
/// Every sublayer draws from a seed of its own, and what is dropped is a function of seed and place: the same bits for
/// any number of threads, and nothing is kept. Weights of attention are not dropped.
///
/// Units    dropout as the p of Dropout
/// Throws   when p is not in [0, 1)
/// Source   Vaswani 2017, section 5.4 (arXiv 1706.03762)
struct Training {
  double dropout = 0.1;
  std::uint64_t seed = 0;

  /// That of part i of a layer.
  [[nodiscard]] Training part(Index i) const {
    return {dropout, attend::detail::mix(seed + 0x9e3779b97f4a7c15u * (static_cast<std::uint64_t>(i) + 1))};
  }
};

namespace layer_detail {

template <class Type>
inline constexpr bool is_training = std::is_same_v<std::remove_cvref_t<Type>, Training>;

/// What part i of a layer is handed of an argument.
template <class Argument>
[[nodiscard]] decltype(auto) part_of(Argument& argument, [[maybe_unused]] Index i) {
  if constexpr (is_training<Argument>)
    return argument.part(i);
  else
    return (argument);
}

/// What part `inner` of part i is handed.
template <class Argument>
[[nodiscard]] decltype(auto) part_of(Argument& argument, [[maybe_unused]] Index i, [[maybe_unused]] Index inner) {
  if constexpr (is_training<Argument>)
    return argument.part(i).part(inner);
  else
    return (argument);
}

/// x, or where `Training` is among the arguments what it leaves of x; of a derivative, the same.
template <class Scalar, class... Given>
void drop(Matrix<Scalar>& x, Given const&... given) {
  [[maybe_unused]] auto const one = [&](auto& argument) {
    if constexpr (is_training<decltype(argument)>)
      if (argument.dropout != 0) x = Dropout{argument.dropout}.forward(x, argument.seed);
  };
  (one(given), ...);
}

/// Embeddings are no sublayer; this is their part.
inline constexpr Index embedded = -1;

}  // namespace layer_detail
}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
