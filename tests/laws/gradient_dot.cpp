#include "define_gradient.hpp"

namespace laws {

template GradientVariant<double> gradient_of(std::string, attend::Dot const&, attend::Sigmoid const&);

}  // namespace laws
