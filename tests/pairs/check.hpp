#pragma once

#include "one_of.hpp"

#include "laws/any_policy.hpp"
#include "laws/catalogue.hpp"

#include <attend/testing/gradient_report.hpp>

/// check_gradient for every pair of a similarity and a normaliser; compiled in kernels_*.cpp.

namespace pairs {

using DotProducts = DotProductOf<attend::Dot, attend::ScaledDot, attend::Bilinear<double>, attend::Cosine, Projected>;
using FeaturePairs = FeaturePairsOf<attend::Additive<double>, attend::Concat<double>, attend::Euclidean, attend::L1>;
using TableOfKeys = attend::Location<double>;
using OneOfYourOwn = laws::ClippedL1;

using Exponential = attend::Softmax;
using Pointwise = PointwiseOf<attend::Sigmoid, attend::Softplus, attend::Relu>;
using NormalizedPointwise = PointwiseOf<attend::NormalizedSigmoid, attend::NormalizedSoftplus, attend::NormalizedRelu>;
using Pick = PickOf<attend::Argmax, attend::GumbelMax>;
using WholeRow = WholeRowOf<attend::Sparsemax, attend::Entmax15, attend::Entmax, attend::TopK>;

/// Sizes, mask and adjusters of one check; its numbers are drawn from the seed.
struct Draw {
  laws::Shape shape;
  laws::AnyMask mask;
  laws::AnyAdjuster adjuster;
  attend::QueryStart start;
  std::uint64_t seed = 0;
};

struct Checked {
  attend::testing::GradientReport gradient;
  double tangent = 0;  // how far Σ d_output ∘ jvp(steps) is from Σ gradient ∘ steps, relative to their terms
};

template <class Similarity, class Normalizer>
[[nodiscard]] Checked check(Similarity const& similarity, Normalizer const& normalizer, Draw const& draw);

}  // namespace pairs
