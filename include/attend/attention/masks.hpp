#pragma once

#include <attend/core/policies.hpp>
#include <attend/mask/combine.hpp>
#include <attend/mask/documents.hpp>

#include <tuple>

/// What the masks of a call come to: `a & b` is the same as handing in a and b; documents are taken out, because each
/// is a problem of its own.

namespace attend::detail {

template <class Type>
inline constexpr bool is_and = false;
template <class First, class Second>
inline constexpr bool is_and<And<First, Second>> = true;

/// References to the masks in a policy that the kernel asks pair by pair.
template <class Policy>
auto masks_of(Policy const& policy) {
  if constexpr (is_and<Policy>)
    return std::tuple_cat(masks_of(policy.first), masks_of(policy.second));
  else if constexpr (Mask<Policy> && !std::is_same_v<Policy, Documents>)
    return std::tuple<Policy const&>(policy);
  else
    return std::tuple<>();
}

/// The documents in a policy, or null.
template <class Policy>
Documents const* documents_of(Policy const& policy) {
  if constexpr (std::is_same_v<Policy, Documents>) {
    return &policy;
  } else if constexpr (is_and<Policy>) {
    Documents const* const first = documents_of(policy.first);
    return first != nullptr ? first : documents_of(policy.second);
  } else {
    return nullptr;
  }
}

template <class Policy>
constexpr int count_documents() {
  if constexpr (std::is_same_v<Policy, Documents>)
    return 1;
  else if constexpr (is_and<Policy>)
    return count_documents<decltype(Policy::first)>() + count_documents<decltype(Policy::second)>();
  else
    return 0;
}

}  // namespace attend::detail
