#include "catalogue.hpp"
#include "define.hpp"
#include "policy_names.hpp"

namespace laws {

template <class Similarity>
Variant<float> scored_by(Similarity const& similarity) {
  constexpr bool is_default = std::is_same_v<Similarity, attend::ScaledDot>;
  return define<float, Extras{.announces = is_default, .no_documents = is_default}>(name_of(similarity), similarity,
                                                                                    attend::Softmax{});
}

template Variant<float> scored_by(attend::ScaledDot const&);
template Variant<float> scored_by(attend::Cosine const&);
template Variant<float> scored_by(attend::Euclidean const&);
template Variant<float> scored_by(attend::L1 const&);
template Variant<float> scored_by(ClippedL1 const&);
template Variant<float> scored_by(attend::Bilinear<float> const&);
template Variant<float> scored_by(attend::Additive<float> const&);
template Variant<float> scored_by(attend::Concat<float> const&);
template Variant<float> scored_by(attend::Location<float> const&);

}  // namespace laws
