#include "define_gradient.hpp"

namespace laws {

template GradientVariant<double> gradient_of(std::string, ClippedL1 const&, attend::TopK const&);

}  // namespace laws
