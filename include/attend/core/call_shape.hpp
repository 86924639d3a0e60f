#pragma once

#include <attend/core/types.hpp>

namespace attend {

/// Sizes of a call. A policy that can serve only some of them offers `void check_sizes(CallShape const&) const`, which
/// is asked before anything is written and fails with a sentence.
struct CallShape {
  Index batch = 1;    ///< sequences
  Index heads = 1;    ///< query heads
  Index queries = 0;  ///< n, of all documents where there are several
  Index keys = 0;     ///< m, likewise

  friend bool operator==(CallShape const&, CallShape const&) = default;
};

/// Asks a policy that has an opinion of sizes; a lambda has none.
template <class Policy>
void check_policy(Policy const& policy, CallShape const& shape) {
  if constexpr (requires { policy.check_sizes(shape); }) policy.check_sizes(shape);
}

}  // namespace attend
