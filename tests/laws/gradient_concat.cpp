#include "define_gradient.hpp"

namespace laws {

template GradientVariant<double> gradient_of(std::string, attend::Concat<double> const&, attend::Relu const&);

}  // namespace laws
