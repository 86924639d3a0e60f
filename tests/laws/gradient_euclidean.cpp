#include "define_gradient.hpp"

namespace laws {

template GradientVariant<double> gradient_of(std::string, attend::Euclidean const&, attend::Softplus const&);

}  // namespace laws
