#include "define_gradient.hpp"

namespace laws {

template GradientVariant<double> gradient_of(std::string, attend::ScaledDot const&, attend::Entmax const&);

}  // namespace laws
