#include "catalogue.hpp"
#include "define_gradient.hpp"

namespace laws {

std::vector<GradientVariant<float>> gradients_in_float() {
  return {define_gradient<float>("float scaled dot, softmax", attend::ScaledDot{}, attend::Softmax{}),
          define_gradient<float>("float additive, softmax", additive<float>(3, 3), attend::Softmax{}),
          define_gradient<float>("float cosine, sigmoid", attend::Cosine{4}, attend::Sigmoid{.bias = -1}),
          define_gradient<float>("float scaled dot, sparsemax", attend::ScaledDot{}, attend::Sparsemax{})};
}
GradientVariant<Eigen::half> gradient_in_half() {
  return define_gradient<Eigen::half>("half", attend::ScaledDot{}, attend::Softmax{});
}
GradientVariant<Eigen::bfloat16> gradient_in_bfloat16() {
  return define_gradient<Eigen::bfloat16>("bfloat16", attend::ScaledDot{}, attend::Softmax{});
}

}  // namespace laws
