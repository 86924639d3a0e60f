#pragma once

#include "any_policy.hpp"
#include "problem.hpp"

#include <attend/mask.hpp>
#include <attend/score.hpp>

#include <string>
#include <utility>
#include <vector>

/// The masks and adjusters that the laws are tried on.

namespace laws {

// Asked with seven kinds of positions each, so compiled once.
extern template AnyMask::AnyMask(std::string, attend::Causal);
extern template AnyMask::AnyMask(std::string, attend::SlidingWindow);
extern template AnyMask::AnyMask(std::string, attend::Dilated);
extern template AnyMask::AnyMask(std::string, attend::Chunked);
extern template AnyMask::AnyMask(std::string, attend::Summaries);
extern template AnyMask::AnyMask(std::string, attend::GlobalTokens);
extern template AnyMask::AnyMask(std::string, attend::Prefix);
extern template AnyMask::AnyMask(std::string, attend::Lengths);
extern template AnyMask::AnyMask(std::string, attend::Keep);
extern template AnyMask::AnyMask(std::string, attend::Drop);
extern template AnyMask::AnyMask(std::string, attend::BlockSparse);
extern template AnyAdjuster AnyAdjuster::then(attend::SoftCap) const;
extern template AnyAdjuster AnyAdjuster::then(attend::Alibi) const;
extern template AnyAdjuster AnyAdjuster::then(attend::Bias<float>) const;
extern template AnyAdjuster AnyAdjuster::then(attend::Gaussian) const;
extern template AnyAdjuster AnyAdjuster::then(attend::RelativeBias<float>) const;
extern template AnyAdjuster AnyAdjuster::then(attend::T5Bias<float>) const;

/// True for a share of the entries.
[[nodiscard]] attend::Matrix<bool> random_bools(Index rows, Index columns, std::uint64_t seed, double share);

[[nodiscard]] AnyMask causal();
[[nodiscard]] AnyMask keep(attend::Matrix<bool> const& matrix);

/// Masks that say from positions alone which pairs meet, so that they fit calls of any size.
[[nodiscard]] std::vector<AnyMask> masks_by_position();
/// Those among them that never look ahead.
[[nodiscard]] std::vector<AnyMask> masks_of_the_past();
/// All kinds of masks, of the right sizes.
[[nodiscard]] std::vector<AnyMask> every_mask(Shape const& shape);
/// The same mask, but it does not say which tiles it empties or fills.
[[nodiscard]] AnyMask without_coverage(AnyMask const& mask);

using NamedAdjusters = std::vector<std::pair<std::string, AnyAdjuster>>;

/// Adjusters that know positions only.
[[nodiscard]] NamedAdjusters adjusters_by_position();
/// All kinds of adjusters, of the right sizes.
[[nodiscard]] NamedAdjusters every_adjuster(Shape const& shape);
/// −∞ for some of the pairs, a number for the others.
[[nodiscard]] AnyAdjuster bias_that_forbids(Index rows, Index columns);

}  // namespace laws
