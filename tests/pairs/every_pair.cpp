#include "check.hpp"

#include "laws/policies.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace {

using namespace pairs;

using AnySimilarity = std::variant<DotProducts, FeaturePairs, TableOfKeys, OneOfYourOwn>;
using AnyNormalizer = std::variant<Exponential, Pointwise, NormalizedPointwise, Pick, WholeRow>;

constexpr Index features = 3, most_keys = 6;

attend::Matrix<double> random(Index rows, Index columns, std::uint64_t seed) {
  return laws::random_matrix<double>(rows, columns, seed, 0.7);
}

Projected projected(bool to_unit_length, double scale) {
  Projected result;
  result.to_unit_length = to_unit_length;
  result.scale = scale;
  result.w = random(4, features, 9);
  result.u = random(4, features, 10);
  result.bias = random(4, 1, 11);
  return result;
}

std::vector<std::pair<std::string, AnySimilarity>> every_similarity() {
  using namespace attend;
  Index const d = features, hidden = 4;
  return {{"dot", DotProducts(Dot{})},
          {"scaled dot", DotProducts(ScaledDot{0.8})},
          {"bilinear", DotProducts(Bilinear<double>(random(d, d, 1)))},
          {"cosine", DotProducts(Cosine{3})},
          {"projected cosine", DotProducts(projected(true, 1.5))},
          {"projected dot", DotProducts(projected(false, 0.8))},
          {"additive", FeaturePairs(Additive<double>(random(hidden, d, 2), random(hidden, d, 3), random(hidden, 1, 4),
                                                     random(hidden, 1, 5)))},
          {"concat", FeaturePairs(Concat<double>(random(hidden, 2 * d, 6), random(hidden, 1, 7)))},
          {"Euclidean", FeaturePairs(Euclidean{0.4})},
          {"L1", FeaturePairs(L1{0.5})},
          {"location", TableOfKeys(random(most_keys, d, 8))},
          {"clipped L1", laws::clipped_l1()}};
}

std::vector<std::pair<std::string, AnyNormalizer>> every_normalizer() {
  using namespace attend;
  return {{"softmax", Softmax{.temperature = 0.7, .sinks = {0.4}}},
          {"sigmoid", Pointwise(Sigmoid{-0.5})},
          {"softplus", Pointwise(Softplus{})},
          {"relu", Pointwise(Relu{})},
          {"normalised sigmoid", NormalizedPointwise(NormalizedSigmoid{.bias = -0.5})},
          {"normalised softplus", NormalizedPointwise(NormalizedSoftplus{})},
          {"normalised relu", NormalizedPointwise(NormalizedRelu{})},
          {"argmax", Pick(Argmax{})},
          {"Gumbel-max", Pick(GumbelMax{.seed = 5, .temperature = 1.5})},
          {"sparsemax", WholeRow(Sparsemax{})},
          {"1.5-entmax", WholeRow(Entmax15{})},
          {"α-entmax", WholeRow(Entmax{1.3})},
          {"top-k", WholeRow(TopK{3})}};
}

Checked checked(AnySimilarity const& similarity, AnyNormalizer const& normalizer, Draw const& draw) {
  return std::visit([&](auto const& s, auto const& w) { return check(s, w, draw); }, similarity, normalizer);
}

std::string scientific(double x) {
  std::ostringstream text;
  text << x;
  return text.str();
}

}  // namespace

/// 12 similarities × 13 normalisers × every mask, each once through the public gradient check: queries, keys, values
/// and all parameters of both; forward mode is its transpose. Sizes, adjusters and the place of the first query at
/// random.
TEST(EveryPair, HasTheGradientOfItsOutput) {
  laws::Random random(7);
  Index checks = 0, entries = 0;
  double worst = 0, worst_tangent = 0;
  for (auto const& [similarity_name, similarity] : every_similarity())
    for (auto const& [normalizer_name, normalizer] : every_normalizer()) {
      std::size_t const masks = laws::every_mask({}).size();
      for (std::size_t mask = 0; mask < masks; ++mask, ++checks) {
        laws::Shape const shape{
            .n = random.between(1, 4), .m = random.between(1, most_keys), .d = features, .e = random.between(1, 3)};
        auto const adjusters = laws::every_adjuster(shape);
        auto const& [adjuster_name, adjuster] =
            adjusters[static_cast<std::size_t>(random.below(std::ssize(adjusters)))];
        attend::QueryStart const start(random.below(4) == 0 ? random.between(-2, 5) : 0);
        Draw const draw{shape, laws::every_mask(shape)[mask], adjuster, start, random.bits() >> 1};
        Checked const found = checked(similarity, normalizer, draw);
        std::string const name =
            similarity_name + ", " + normalizer_name + ", " + draw.mask.name() + ", " + adjuster_name;
        EXPECT_TRUE(found.gradient.passed(1e-6)) << name << ", " << shape << "\n" << found.gradient;
        EXPECT_LE(found.tangent, 1e-12) << name << ", " << shape;
        entries += found.gradient.entries;
        worst = std::max(worst, found.gradient.error);
        worst_tangent = std::max(worst_tangent, found.tangent);
      }
    }
  RecordProperty("checks", std::to_string(checks));
  RecordProperty("entries", std::to_string(entries));
  RecordProperty("largest relative error", scientific(worst));
  RecordProperty("largest error of forward mode", scientific(worst_tangent));
}

/// A scale of 0 takes all scores to 0, and still has a gradient.
TEST(EveryPair, LearnsAScaleThatIsZero) {
  Draw const draw{{.n = 3, .m = 5, .d = features, .e = 2}, laws::causal(), laws::AnyAdjuster(), {}, 11};
  for (AnyNormalizer const& normalizer :
       {AnyNormalizer(attend::Softmax{}), AnyNormalizer(Pointwise(attend::Sigmoid{}))})
    EXPECT_TRUE(checked(DotProducts(projected(false, 0)), normalizer, draw).gradient.passed());
}
