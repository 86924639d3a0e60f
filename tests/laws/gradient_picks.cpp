#include "define_gradient.hpp"

namespace laws {

template GradientVariant<double> gradient_of(std::string, attend::ScaledDot const&, attend::Argmax const&);
template GradientVariant<double> gradient_of(std::string, attend::ScaledDot const&, attend::GumbelMax const&);

}  // namespace laws
