#include "define_gradient.hpp"

namespace laws {

template GradientVariant<double> gradient_of(std::string, attend::L1 const&, attend::Sparsemax const&);

}  // namespace laws
