#include "agree.hpp"
#include "catalogue.hpp"
#include "policies.hpp"

#include <attend/mask/causal.hpp>
#include <attend/mask/keep.hpp>
#include <attend/mask/lengths.hpp>

#include <sstream>

namespace agrees_with_reference_tests {

using namespace laws;

std::string text_of(Shape const& shape) {
  std::ostringstream text;
  text << shape;
  return text.str();
}

/// Shares of a bound that were used; a bound that nothing comes near would hide faults.
void report(Tally const& tally) {
  EXPECT_GT(tally.compared, 0);
  EXPECT_LE(static_cast<double>(tally.undecided), 0.01 * static_cast<double>(tally.compared));
  ::testing::Test::RecordProperty("numbers compared", std::to_string(tally.compared));
  ::testing::Test::RecordProperty("largest share of a bound", std::to_string(tally.largest_share));
}

template <class Storage>
void try_variants(std::vector<Variant<Storage>> const& variants, Problem<Storage> const& problem, Policies const& policies,
                  Tally& tally) {
  for (Variant<Storage> const& variant : variants) {
    expect_agreement(variant, problem.inputs(), policies, text_of(problem.shape), tally);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

/// 0, 1, 2, primes, two blocks of 48 queries and a tile of 256 keys, give or take one.
constexpr Index sizes[] = {0, 1, 2, 13, 31, 95, 96, 97, 255, 256, 257};

TEST(TheKernel, AgreesWithTheReferenceForEveryMask) {
  Tally tally;
  for (Shape const& shape : {Shape{.n = 13, .m = 31, .d = 16, .e = 3}, Shape{.n = 31, .m = 13, .d = 4, .e = 16},
                             Shape{.n = 29, .m = 270, .d = 3, .e = 5}}) {
    Problem<float> const problem(shape, 1);
    auto const variants = every_kernel(shape);
    for (AnyMask const& mask : every_mask(shape)) {
      try_variants(variants, problem, {.mask = mask}, tally);
      if (HasFatalFailure()) return;
    }
  }
  report(tally);
}

TEST(TheKernel, AgreesWithTheReferenceForEverySizeOfQueriesAndKeys) {
  Tally tally;
  auto const softmax = scored_by(attend::ScaledDot{});
  Index number = 0;
  for (Index const n : sizes)
    for (Index const m : sizes) {
      constexpr Index features[] = {1, 3, 4, 16, 33};
      Shape const shape{.n = n, .m = m, .d = features[number % 5], .e = features[number % 4]};
      Problem<float> const problem(shape, static_cast<std::uint64_t>(n * 1000 + m));
      AnyMask const mask = number++ % 2 == 0 ? AnyMask() : causal();
      try_variants<float>({softmax}, problem, {.mask = mask}, tally);
      if (HasFatalFailure()) return;
    }
  report(tally);
}

TEST(TheKernel, AgreesWithTheReferenceForEveryKernelAtTheHardSizes) {
  Tally tally;
  for (auto const& [n, m] : std::vector<std::pair<Index, Index>>{
           {0, 5}, {5, 0}, {1, 1}, {1, 257}, {2, 256}, {97, 13}, {7, 600}, {96, 31}}) {
    Shape const shape{.n = n, .m = m, .d = 4, .e = 3};
    Problem<float> const problem(shape, static_cast<std::uint64_t>(n * 1000 + m));
    auto const variants = every_kernel(shape);
    for (AnyMask const& mask : {AnyMask(), causal()}) {
      try_variants(variants, problem, {.mask = mask}, tally);
      if (HasFatalFailure()) return;
    }
  }
  report(tally);
}

TEST(TheKernel, AgreesWithTheReferenceForEveryCountOfFeatures) {
  Tally tally;
  for (Index const d : {0, 1, 3, 4, 16, 33, 64})
    for (Index const e : {0, 1, 3, 4, 16, 33, 64}) {
      if (d > 4 && e > 4 && d != e) continue;
      Shape const shape{.n = 15, .m = 37, .d = d, .e = e};
      try_variants(every_kernel(shape), Problem<float>(shape, 3), {.mask = causal()}, tally);
      if (HasFatalFailure()) return;
    }
  for (auto const& [d, d_key] : std::vector<std::pair<Index, Index>>{{3, 5}, {16, 1}, {1, 33}, {70, 20}}) {
    Shape const shape{.n = 15, .m = 37, .d = d, .e = 4, .d_key = d_key};
    try_variants(every_similarity(shape), Problem<float>(shape, 4), {}, tally);
    if (HasFatalFailure()) return;
  }
  report(tally);
}

TEST(TheKernel, AgreesWithTheReferenceForEveryAdjuster) {
  Tally tally;
  for (Shape const& shape : {Shape{.n = 21, .m = 50, .d = 4, .e = 5}, Shape{.n = 3, .m = 300, .d = 16, .e = 4}}) {
    Problem<float> const problem(shape, 5);
    for (auto const& [name, adjusters] : every_adjuster(shape))
      for (AnyMask const& mask : {AnyMask(), causal(),
                                  keep(random_bools(shape.n, shape.m, 6, 0.7))})
        for (Variant<float> const& variant : every_normalizer()) {
          if (!variant.adjusts) continue;
          expect_agreement(variant, problem.inputs(), {.mask = mask, .adjusters = adjusters},
                           name + ", " + text_of(shape), tally);
          if (HasFatalFailure()) return;
        }
  }
  report(tally);
}

TEST(TheKernel, AgreesWithTheReferenceExactlyOnTies) {
  Tally tally;
  for (Index const d : {1, 4, 16})
    for (Index const m : {13, 64, 300}) {
      Shape const shape{.n = 14, .m = m, .d = d, .e = 4};
      Problem<float> const problem(shape, static_cast<std::uint64_t>(d), Fill::lattice);
      for (AnyMask const& mask : every_mask(shape)) {
        try_variants(every_normalizer(), problem, {.mask = mask, .exact_scores = true}, tally);
        if (HasFatalFailure()) return;
      }
    }
  // Ties are decided, not left open: only Gumbel's noise and what is divided by a small sum have no bound.
  EXPECT_LE(static_cast<double>(tally.undecided), 0.001 * static_cast<double>(tally.compared));
  report(tally);
}

TEST(TheKernel, AgreesWithTheReferenceWhereAllScoresAreEqual) {
  Tally tally;
  Shape const shape{.n = 9, .m = 261, .d = 4, .e = 3};
  Problem<float> problem(shape, 7);
  std::fill(problem.q.begin(), problem.q.end(), 0.f);
  try_variants(every_normalizer(), problem, {.exact_scores = true}, tally);
  std::fill(problem.q.begin(), problem.q.end(), 1.f);
  std::fill(problem.k.begin(), problem.k.end(), -2.f);
  try_variants(every_normalizer(), problem, {.exact_scores = true}, tally);
  std::fill(problem.k.begin(), problem.k.end(), 2.f);
  try_variants(every_normalizer(), problem, {.mask = causal(), .exact_scores = true}, tally);
  report(tally);
}

TEST(TheKernel, AgreesWithTheReferenceOnScoresOfTenThousand) {
  Tally tally;
  for (Index const m : {40, 300}) {
    Shape const shape{.n = 20, .m = m, .d = 16, .e = 4};
    Problem<float> const problem(shape, 8, Fill::large);
    for (AnyMask const& mask : {AnyMask(), causal()}) {
      try_variants(every_kernel(shape), problem, {.mask = mask}, tally);
      if (HasFatalFailure()) return;
    }
  }
  report(tally);
}

TEST(TheKernel, AgreesWithTheReferenceInDouble) {
  Tally tally;
  for (Shape const& shape : {Shape{.n = 13, .m = 31, .d = 4, .e = 5}, Shape{.n = 98, .m = 20, .d = 3, .e = 16},
                             Shape{.n = 2, .m = 257, .d = 33, .e = 9}}) {
    Problem<double> const problem(shape, 9);
    for (AnyMask const& mask : every_mask(shape)) {
      try_variants(every_kernel_in_double(shape), problem, {.mask = mask}, tally);
      if (HasFatalFailure()) return;
    }
  }
  for (Index const n : {0, 1, 2})
    for (Index const m : {0, 1, 2, 255, 256, 257}) {
      Shape const shape{.n = n, .m = m, .d = 3, .e = 3};
      try_variants(every_kernel_in_double(shape), Problem<double>(shape, 10), {}, tally);
    }
  Shape const shape{.n = 12, .m = 40, .d = 16, .e = 4};
  try_variants(every_kernel_in_double(shape), Problem<double>(shape, 11, Fill::large), {}, tally);
  report(tally);
}

template <class Storage>
void try_storage(Variant<Storage> const& variant, Tally& tally) {
  for (Shape const& shape : {Shape{.n = 13, .m = 31, .d = 4, .e = 5}, Shape{.n = 97, .m = 130, .d = 33, .e = 16},
                             Shape{.n = 1, .m = 513, .d = 64, .e = 64}, Shape{.n = 3, .m = 257, .d = 17, .e = 33}}) {
    for (AnyMask const& mask : every_mask(shape)) {
      try_variants<Storage>({variant}, Problem<Storage>(shape, 12), {.mask = mask}, tally);
      if (::testing::Test::HasFatalFailure()) return;
    }
    try_variants<Storage>({variant}, Problem<Storage>(shape, 13, Fill::large), {}, tally);
  }
}

TEST(TheKernel, AgreesWithTheReferenceInHalfPrecision) {
  Tally tally;
  try_storage(in_half(), tally);
  report(tally);
}

TEST(TheKernel, AgreesWithTheReferenceInBfloat16) {
  Tally tally;
  try_storage(in_bfloat16(), tally);
  report(tally);
}

TEST(TheKernel, AgreesWithTheReferenceForBatchesAndGroupedHeads) {
  Tally tally;
  for (Shape const& shape : {Shape{.n = 5, .m = 17, .d = 4, .e = 5, .batch = 2, .heads = 3, .kv_heads = 3},
                             Shape{.n = 1, .m = 40, .d = 4, .e = 5, .batch = 2, .heads = 4, .kv_heads = 2},
                             Shape{.n = 13, .m = 9, .d = 4, .e = 5, .batch = 2, .heads = 6, .kv_heads = 1},
                             Shape{.n = 3, .m = 270, .d = 4, .e = 5, .batch = 2, .heads = 2, .kv_heads = 1}}) {
    Index const n = shape.n, m = shape.m, heads = shape.heads;
    Problem<float> const problem(shape, 14);
    auto const variants = every_kernel(shape);
    attend::Matrix<bool> const kept = random_bools(2 * heads * n, m, 15, 0.6);
    for (AnyMask const& mask :
         {AnyMask("lengths", attend::Lengths{std::vector<Index>{m / 2, m}}),
          AnyMask("causal, an offset a sequence", attend::Causal::from(std::vector<Index>{2, -1})),
          AnyMask("keep, a matrix a head", attend::Keep(kept.data(), {2, heads, n, m}))}) {
      try_variants(variants, problem, {.mask = mask}, tally);
      if (HasFatalFailure()) return;
    }
    // What differs from head to head, from sequence to sequence.
    std::vector<double> sinks;
    for (Index h = 0; h < heads; ++h) sinks.push_back(0.5 * static_cast<double>(h) - 1);
    expect_agreement(normalized_by(attend::Softmax{.temperature = 2, .sinks = sinks}), problem.inputs(),
                     {.mask = causal(),
                      .adjusters = AnyAdjuster().then(attend::Alibi::for_heads(heads)),
                      .start = attend::QueryStart(std::vector<Index>{3, m - n})},
                     text_of(shape), tally);
    if (HasFatalFailure()) return;
  }
  report(tally);
}

TEST(TheKernel, AgreesWithTheReferenceForDocuments) {
  Tally tally;
  for (auto const& [queries, keys] : std::vector<std::pair<std::vector<Index>, std::vector<Index>>>{
           {{5, 3, 7}, {5, 3, 7}}, {{1, 0, 4, 20}, {300, 6, 0, 2}}, {{0, 0}, {3, 0}}, {{97}, {13}}}) {
    attend::Documents const documents(queries, keys);
    Shape const shape{.n = documents.queries(), .m = documents.keys(), .d = 4, .e = 3, .batch = 2, .heads = 2};
    Problem<float> const problem(shape, 16);
    for (AnyMask const& mask :
         {AnyMask(), causal(),
          keep(random_bools(shape.n, shape.m, 17, 0.7))}) {
      try_variants(every_kernel(shape), problem, {.mask = mask, .documents = documents}, tally);
      if (HasFatalFailure()) return;
    }
  }
  report(tally);
}

TEST(TheKernel, AgreesWithTheReferenceOnLogarithmsOfWeights) {
  Tally tally;
  for (Shape const& shape : {Shape{.n = 13, .m = 31, .d = 16, .e = 0}, Shape{.n = 3, .m = 300, .d = 4, .e = 0}})
    for (AnyMask const& mask : every_mask(shape)) {
      try_variants<float>({normalized_by(attend::LogSoftmax{})}, Problem<float>(shape, 18), {.mask = mask}, tally);
      try_variants<float>({normalized_by(attend::LogSoftmax{{.temperature = 0.5, .sinks = {1}}})},
                          Problem<float>(shape, 18, Fill::large), {.mask = mask}, tally);
      if (HasFatalFailure()) return;
    }
  report(tally);
}

}  // namespace agrees_with_reference_tests
