#pragma once

#include "variant.hpp"

#include <functional>
#include <string>
#include <vector>

/// One kernel's backward behind functions, so that every law of gradients is written once and each kernel is compiled
/// once. Adjusters and masks are chosen at run time.

namespace laws {

/// What a loss asks of the results: L = Σ d_output ∘ output + Σ d_log_sum_exp ∘ log_sum_exp.
template <class Storage>
struct Loss {
  std::vector<Storage> d_output;                               // (b, h, n, e)
  std::vector<attend::compute_t<Storage>> d_log_sum_exp = {};  // (b, h, n), or none
};

template <class Number>
struct Gradient {
  std::vector<Number> query, key, value;  // as the inputs, contiguous
  std::vector<double> parameters;         // of similarity and normaliser, one after another
};

template <class Storage>
struct GradientVariant {
  using Number = attend::compute_t<Storage>;

  std::string name;
  attend::Family family = attend::Family::exponential;
  bool depends_on_place = false;  // GumbelMax draws by batch and head
  bool is_for_one_set = false;    // compiled for one instruction set

  std::function<Result<Storage>(Inputs<Storage> const&, Policies const&)> forward;
  std::function<Gradient<Number>(Inputs<Storage> const&, Loss<Storage> const&, Policies const&)> backward;
  /// How the output moves when the inputs take steps, forward mode.
  std::function<std::vector<Number>(Inputs<Storage> const&, Inputs<Number> const& steps, Policies const&)> tangent;
  /// The dense formulas, in double.
  std::function<Gradient<double>(Inputs<Storage> const&, Loss<Storage> const&, Policies const&)> expected;
};

/// Numbers for d_output, with the sizes of a problem's output.
template <class Storage>
[[nodiscard]] Loss<Storage> loss_of(Shape const& shape, std::uint64_t seed) {
  Random random(seed);
  Loss<Storage> loss{std::vector<Storage>(static_cast<std::size_t>(size_of(shape.output())))};
  for (Storage& x : loss.d_output) x = static_cast<Storage>(random.normal());
  return loss;
}

}  // namespace laws
