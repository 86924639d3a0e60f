#include "catalogue.hpp"
#include "define_gradient.hpp"

namespace laws {

std::vector<GradientVariant<double>> gradients_of_weights() {
  return {
      define_gradient<double>("scaled dot, softmax with a sink", attend::ScaledDot{0.8},
                              attend::Softmax{.temperature = 0.7, .sinks = {0.4}}),
      define_gradient<double>("additive, softmax", additive<double>(3, 3), attend::Softmax{.temperature = 1.3}),
      define_gradient<double>("dot, sigmoid", attend::Dot{}, attend::Sigmoid{}),
      define_gradient<double>("bilinear, normalised sigmoid",
                              attend::Bilinear<double>(random_matrix<double>(3, 3, 15, 0.7)),
                              attend::NormalizedSigmoid{.bias = -0.5}),
      define_gradient<double>("Euclidean, softplus", attend::Euclidean{0.4}, attend::Softplus{}),
      define_gradient<double>("location, normalised softplus",
                              attend::Location<double>(random_matrix<double>(320, 3, 18, 0.7)),
                              attend::NormalizedSoftplus{}),
  };
}

}  // namespace laws
