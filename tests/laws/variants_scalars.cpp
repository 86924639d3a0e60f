#include "catalogue.hpp"
#include "define.hpp"
#include "policy_names.hpp"

namespace laws {

template <class Similarity, class Normalizer>
Variant<double> in_double(Similarity const& similarity, Normalizer const& normalizer) {
  return define<double, Extras{}>(
      std::string("double ") + name_of(similarity) + " " + name_of(normalizer), similarity, normalizer);
}

template Variant<double> in_double(attend::ScaledDot const&, attend::Softmax const&);
template Variant<double> in_double(attend::ScaledDot const&, attend::Sparsemax const&);
template Variant<double> in_double(attend::Additive<double> const&, attend::Softmax const&);
template Variant<double> in_double(attend::Additive<double> const&, attend::Sigmoid const&);

Variant<Eigen::half> in_half() {
  return define<Eigen::half, Extras{}>("half", attend::ScaledDot{}, attend::Softmax{});
}
Variant<Eigen::bfloat16> in_bfloat16() {
  return define<Eigen::bfloat16, Extras{}>("bfloat16", attend::ScaledDot{}, attend::Softmax{});
}

}  // namespace laws
