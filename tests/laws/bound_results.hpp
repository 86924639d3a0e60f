#pragma once

#include "error_bound.hpp"
#include "variant.hpp"

#include <functional>

namespace laws {

/// What the bounds of a variant rest on.
template <class Storage>
struct BoundRules {
  std::function<Matrix<exact_t<Storage>>(Matrix<exact_t<Storage>> const& q, Matrix<exact_t<Storage>> const& k)> scores;
  std::function<Matrix<double>(Matrix<double> const& q, Matrix<double> const& k)> score_error;  // in units of u
  std::function<void(ErrorRow&)> weight_error;
  attend::Family family;
};

/// The documents of a call; one that holds all where there are none.
template <class Storage>
[[nodiscard]] attend::Documents documents_of(Inputs<Storage> const& in, Policies const& policies) {
  return policies.documents ? *policies.documents : attend::Documents({in.q.length()}, {in.k.length()});
}

/// Fills in the error bounds of a result of the reference.
template <class Storage>
void bound_results(Inputs<Storage> const& in, Policies const& policies, BoundRules<Storage> const& rules,
                   Expected<exact_t<Storage>>& result);

}  // namespace laws
