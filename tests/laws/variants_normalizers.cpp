#include "catalogue.hpp"
#include "define.hpp"

namespace laws {

Variant<float> normalized_by(attend::Softmax const& softmax) {
  return define<float, Extras{.adjusters = true, .weights = true}>("adjusted softmax", attend::ScaledDot{}, softmax);
}

Variant<float> normalized_by(attend::LogSoftmax const& softmax) {
  return define<float, Extras{.weights = true, .output = false}>("log-softmax", attend::ScaledDot{}, softmax);
}

Variant<float> normalized_by(attend::Sigmoid const& sigmoid) {
  return define<float, Extras{.adjusters = true, .announces = true}>("sigmoid", attend::ScaledDot{}, sigmoid);
}

Variant<float> normalized_by(attend::GumbelMax const& gumbel) {
  return define<float, Extras{.adjusters = true, .weights = true}>("Gumbel-max", attend::ScaledDot{}, gumbel);
}

Variant<float> normalized_by(attend::Sparsemax const& sparsemax) {
  return define<float, Extras{.adjusters = true, .weights = true, .announces = true}>("sparsemax", attend::ScaledDot{},
                                                                                      sparsemax);
}

}  // namespace laws
