#pragma once

#include <attend/core/parameters.hpp>

#include <utility>

namespace attend {

/// A policy that does what it did and learns nothing: see `frozen`.
template <Learned Policy>
struct Frozen : Policy {
  Frozen() = default;
  explicit Frozen(Policy policy) : Policy(std::move(policy)) {}

  /// Hides the policy's own, so that it is not Learned.
  static void each_parameter() = delete;
};

/// A similarity, adjuster or normaliser whose parameters stay as they are: backward computes no gradients for them,
/// keeps no sums for them, and `gradients.policies` leaves them out.
///
///   at::Attention op{at::frozen(at::Bias{mask}), at::Additive<float>{w, u, a}};   // g.policies: Additive alone
///
/// Worth it above all for a Bias that is only a mask: its gradient has a number for each pair.
template <Learned Policy>
[[nodiscard]] Frozen<Policy> frozen(Policy policy) {
  return Frozen<Policy>(std::move(policy));
}

}  // namespace attend
