#pragma once

#include "policies.hpp"
#include "variant.hpp"

#include <string>

namespace laws {

struct DrawnPolicies {
  Policies policies;
  std::string adjuster_name;
};

/// Adjusters and a mask at random; in some draws the place of the first query, or two documents.
[[nodiscard]] inline DrawnPolicies draw_policies(Random& random, Shape const& shape, Index draw) {
  auto const masks = every_mask(shape);
  auto const adjusters = every_adjuster(shape);
  auto const& [adjuster_name, adjuster] = adjusters[static_cast<std::size_t>(random.below(std::ssize(adjusters)))];
  Policies policies{.mask = masks[static_cast<std::size_t>(random.below(std::ssize(masks)))], .adjusters = adjuster};
  if (draw % 5 == 3) policies.start = attend::QueryStart(random.between(-3, 9));
  if (draw % 5 == 4 && shape.m > 2 && shape.n > 1)
    policies.documents = attend::Documents({1, shape.n - 1}, {2, shape.m - 2});
  return {policies, adjuster_name};
}

}  // namespace laws
