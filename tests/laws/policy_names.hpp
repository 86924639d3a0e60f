#pragma once

#include "catalogue.hpp"

/// What the laws call a policy.

namespace laws {

inline char const* name_of(attend::ScaledDot const&) { return "scaled dot"; }
inline char const* name_of(attend::Cosine const&) { return "cosine"; }
inline char const* name_of(attend::Euclidean const&) { return "Euclidean"; }
inline char const* name_of(attend::L1 const&) { return "L1"; }
inline char const* name_of(ClippedL1 const&) { return "clipped L1"; }
template <class Number>
char const* name_of(attend::Bilinear<Number> const&) {
  return "bilinear";
}
template <class Number>
char const* name_of(attend::Additive<Number> const&) {
  return "additive";
}
template <class Number>
char const* name_of(attend::Concat<Number> const&) {
  return "concat";
}
template <class Number>
char const* name_of(attend::Location<Number> const&) {
  return "location";
}

inline char const* name_of(attend::Softmax const&) { return "softmax"; }
inline char const* name_of(attend::Sparsemax const&) { return "sparsemax"; }
inline char const* name_of(attend::Sigmoid const&) { return "sigmoid"; }

}  // namespace laws
