#include "define_gradient.hpp"

namespace laws {

template GradientVariant<double> gradient_of(std::string, attend::Cosine const&, attend::Entmax15 const&);

}  // namespace laws
