#include "catalogue.hpp"
#include "define.hpp"

namespace laws {

Variant<float> normalized_by(attend::NormalizedSigmoid const& sigmoid) {
  return define<float, Extras{}>("normalised sigmoid of dot", attend::Dot{}, sigmoid);
}

Variant<float> normalized_by(attend::Softplus const& softplus) {
  return define<float, Extras{}>("softplus", attend::ScaledDot{}, softplus);
}

Variant<float> normalized_by(attend::NormalizedSoftplus const& softplus) {
  return define<float, Extras{}>("normalised softplus", attend::ScaledDot{}, softplus);
}

Variant<float> normalized_by(attend::Relu const& relu) {
  return define<float, Extras{}>("relu", attend::ScaledDot{}, relu);
}

Variant<float> normalized_by(attend::NormalizedRelu const& relu) {
  return define<float, Extras{.weights = true}>("normalised relu", attend::ScaledDot{}, relu);
}

Variant<float> normalized_by(attend::Argmax const& argmax) {
  return define<float, Extras{}>("argmax", attend::ScaledDot{}, argmax);
}

Variant<float> normalized_by(attend::Entmax15 const& entmax) {
  return define<float, Extras{}>("1.5-entmax", attend::ScaledDot{}, entmax);
}

Variant<float> normalized_by(attend::TopK const& top) {
  return define<float, Extras{.weights = true}>("top-k", attend::ScaledDot{}, top);
}

}  // namespace laws
