#pragma once

#include <attend/core/dual_math.hpp>
#include <attend/core/math.hpp>
#include <attend/simd/math.hpp>

namespace attend {

/// φ(x) = elu(x) + 1: x + 1 where x > 0, exp(x) elsewhere. Positive, so that weights φ(q)·φ(k) are, too.
///
/// Source   Katharopoulos 2020, equation 7 (arXiv 2006.16236)
struct EluPlusOne {
  template <class Number>
  ATTEND_INLINE Number operator()(Number const& x) const {
    using std::exp;
    return select(x > Number(0), x + Number(1), exp(x));
  }
};

}  // namespace attend
