#pragma once

#include "catalogue.hpp"
#include "gradient_variant.hpp"

#include <cstdlib>
#include <string>
#include <vector>

/// The kernels whose gradients the laws are tried on.

namespace laws {

/// Compiled in gradient_*.cpp for the pairs of the lists below.
template <class Storage, class Similarity, class Normalizer>
[[nodiscard]] GradientVariant<Storage> gradient_of(std::string name, Similarity const& similarity,
                                                   Normalizer const& normalizer);

/// Every sort of similarity and of normaliser at least once, in double; tests/pairs tries every pair of them. The
/// parameters fit d = 3 and up to 320 keys. What is compiled for one instruction set is tried once, not for each.
[[nodiscard]] inline std::vector<GradientVariant<double>> every_gradient() {
  using namespace attend;
  Bilinear<double> const bilinear(random_matrix<double>(3, 3, 15, 0.7));
  Location<double> const location(random_matrix<double>(320, 3, 18, 0.7));
  std::vector<GradientVariant<double>> all = {
      gradient_of<double>("scaled dot, softmax with a sink", ScaledDot{0.8},
                          Softmax{.temperature = 0.7, .sinks = {0.4}}),
      gradient_of<double>("scaled dot, argmax", ScaledDot{}, Argmax{}),
      gradient_of<double>("scaled dot, Gumbel-max", ScaledDot{}, GumbelMax{.seed = 5, .temperature = 1.5}),
      gradient_of<double>("dot, sigmoid", Dot{}, Sigmoid{}),
      gradient_of<double>("bilinear, normalised sigmoid", bilinear, NormalizedSigmoid{.bias = -0.5}),
      gradient_of<double>("location, normalised softplus", location, NormalizedSoftplus{}),
      gradient_of<double>("additive, normalised relu", additive<double>(3, 3), NormalizedRelu{}),
      gradient_of<double>("L1, sparsemax", L1{0.5}, Sparsemax{}),
      gradient_of<double>("clipped L1, top-k", clipped_l1(), TopK{4})};
  char const* const forced = std::getenv("ATTEND_ISA");
  if (forced != nullptr && forced != std::string("baseline"))
    std::erase_if(all, [](GradientVariant<double> const& variant) { return variant.is_for_one_set; });
  return all;
}

[[nodiscard]] inline std::vector<GradientVariant<float>> gradients_in_float() {
  return {gradient_of<float>("float scaled dot, softmax", attend::ScaledDot{}, attend::Softmax{}),
          gradient_of<float>("float scaled dot, sparsemax", attend::ScaledDot{}, attend::Sparsemax{}),
          gradient_of<float>("float additive, softmax", additive<float>(3, 3), attend::Softmax{})};
}
[[nodiscard]] inline GradientVariant<Eigen::half> gradient_in_half() {
  return gradient_of<Eigen::half>("half", attend::ScaledDot{}, attend::Softmax{});
}
[[nodiscard]] inline GradientVariant<Eigen::bfloat16> gradient_in_bfloat16() {
  return gradient_of<Eigen::bfloat16>("bfloat16", attend::ScaledDot{}, attend::Softmax{});
}

}  // namespace laws
