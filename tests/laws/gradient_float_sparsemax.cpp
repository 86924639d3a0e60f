#include "define_gradient.hpp"

namespace laws {

template GradientVariant<float> gradient_of(std::string, attend::ScaledDot const&, attend::Sparsemax const&);

}  // namespace laws
