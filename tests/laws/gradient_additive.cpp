#include "define_gradient.hpp"

namespace laws {

template GradientVariant<double> gradient_of(std::string, attend::Additive<double> const&,
                                             attend::NormalizedRelu const&);

}  // namespace laws
