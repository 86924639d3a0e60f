#include "catalogue.hpp"
#include "define_gradient.hpp"

namespace laws {

std::vector<GradientVariant<double>> gradients_of_sparse_weights() {
  return {
      define_gradient<double>(
          "concat, relu",
          attend::Concat<double>(random_matrix<double>(hidden, 6, 16, 0.5), random_matrix<double>(hidden, 1, 17, 1)),
          attend::Relu{}),
      define_gradient<double>("cosine, 1.5-entmax", attend::Cosine{4}, attend::Entmax15{}),
      define_gradient<double>("L1, sparsemax", attend::L1{0.5}, attend::Sparsemax{}),
      define_gradient<double>("clipped L1, top-k", clipped_l1(), attend::TopK{4}),
      define_gradient<double>("dot, normalised relu", attend::Dot{}, attend::NormalizedRelu{}),
      define_gradient<double>("scaled dot, argmax", attend::ScaledDot{}, attend::Argmax{}),
      define_gradient<double>("scaled dot, Gumbel-max", attend::ScaledDot{},
                              attend::GumbelMax{.seed = 5, .temperature = 1.5}),
  };
}

}  // namespace laws
