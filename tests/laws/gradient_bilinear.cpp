#include "define_gradient.hpp"

namespace laws {

template GradientVariant<double> gradient_of(std::string, attend::Bilinear<double> const&,
                                             attend::NormalizedSigmoid const&);

}  // namespace laws
