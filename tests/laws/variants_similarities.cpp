#include "catalogue.hpp"
#include "define.hpp"

namespace laws {

namespace {

char const* name_of(attend::ScaledDot const&) { return "scaled dot"; }
char const* name_of(attend::Cosine const&) { return "cosine"; }
char const* name_of(attend::Euclidean const&) { return "Euclidean"; }
char const* name_of(attend::L1 const&) { return "L1"; }
char const* name_of(ClippedL1 const&) { return "clipped L1"; }
char const* name_of(attend::Bilinear<float> const&) { return "bilinear"; }
char const* name_of(attend::Additive<float> const&) { return "additive"; }
char const* name_of(attend::Concat<float> const&) { return "concat"; }
char const* name_of(attend::Location<float> const&) { return "location"; }

}  // namespace

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
