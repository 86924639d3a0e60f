#include "define_gradient.hpp"

namespace laws {

template GradientVariant<double> gradient_of(std::string, attend::Location<double> const&,
                                             attend::NormalizedSoftplus const&);

}  // namespace laws
