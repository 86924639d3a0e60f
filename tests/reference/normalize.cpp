#include <attend/reference/normalize.hpp>

#include <attend/normalize.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace normalize_tests {

namespace at = attend;
namespace reference = attend::reference;
using at::Index;
using reference::ScoreRow;
using reference::WeightRow;

template <class T>
ScoreRow<T> row_of(Index keys, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  ScoreRow<T> row{at::Vector<T>(keys), {}};
  for (T& score : row.scores) score = random() % 4 == 0 ? -reference::infinity<T> : static_cast<T>(normal(random));
  return row;
}

/// A normaliser that is not known by its name: the reference then uses the functions that the kernel would.
template <class Known>
struct Unknown : Known {
  using kind = at::NormalizerKind;
};

template <class Known>
void expect_own_functions_agree(Known const& known) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    ScoreRow<double> const row = row_of<double>(1 + seed, seed);
    WeightRow<double> const wanted = reference::normalize(known, row);
    WeightRow<double> const found = reference::normalize(Unknown<Known>{known}, row);
    EXPECT_TRUE(wanted.weights.isApprox(found.weights, 1e-13)) << seed;
    if (wanted.log_sum_exp != found.log_sum_exp) {  // both may be −∞
      EXPECT_NEAR(wanted.log_sum_exp, found.log_sum_exp, 1e-13);
    }
  }
}

TEST(ReferenceNormalize, AnyOtherRunsByItsOwnFunctions) {
  expect_own_functions_agree(at::Softmax{.temperature = 0.7, .sinks = {0.3}});
  expect_own_functions_agree(at::Sigmoid{});
  expect_own_functions_agree(at::NormalizedSigmoid{0.5});
  expect_own_functions_agree(at::Softplus{});
  expect_own_functions_agree(at::NormalizedSoftplus{});
  expect_own_functions_agree(at::Relu{});
  expect_own_functions_agree(at::NormalizedRelu{});
  expect_own_functions_agree(at::Argmax{});
  expect_own_functions_agree(at::GumbelMax{5, 0.5});
  expect_own_functions_agree(at::Sparsemax{});
  expect_own_functions_agree(at::Entmax15{});
  expect_own_functions_agree(at::Entmax{1.4});
  expect_own_functions_agree(at::TopK{3});
}

template <class Normalizer>
void expect_sum_of_one(Normalizer const& normalizer) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    ScoreRow<double> const row = row_of<double>(1 + seed, seed);
    auto const weights = reference::normalize(normalizer, row).weights;
    bool const empty = row.seen().empty();
    EXPECT_NEAR(weights.sum(), empty ? 0 : 1, 1e-14) << seed;
    EXPECT_GE(weights.minCoeff(), 0);
    for (Index j = 0; j < row.size(); ++j) EXPECT_TRUE(reference::is_seen(row.scores(j)) || weights(j) == 0);
  }
}

TEST(ReferenceNormalize, SumsToOne) {
  expect_sum_of_one(at::Softmax{});
  expect_sum_of_one(at::NormalizedSigmoid{});
  expect_sum_of_one(at::NormalizedSoftplus{});
  expect_sum_of_one(at::Argmax{});
  expect_sum_of_one(at::GumbelMax{3});
  expect_sum_of_one(at::Sparsemax{});
  expect_sum_of_one(at::Entmax15{});
  expect_sum_of_one(at::TopK{4});
}

TEST(ReferenceNormalize, LogSumExpMakesTheWeightsAgain) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    ScoreRow<double> const row = row_of<double>(5 + seed, seed);
    auto const check = [&](auto const& normalizer, auto const& weight) {
      auto const result = reference::normalize(normalizer, row);
      for (Index const j : row.seen()) EXPECT_NEAR(result.weights(j), weight(row.scores(j), result.log_sum_exp), 1e-13);
    };
    check(at::Softmax{.temperature = 2, .sinks = {1}}, [](double s, double lse) { return std::exp(s / 2 - lse); });
    check(at::NormalizedRelu{}, [](double s, double lse) { return s > 0 ? s / std::exp(lse) : 0; });
    check(at::Relu{}, [](double s, double lse) { return lse == 0 && s > 0 ? s : 0; });
    check(at::Argmax{}, [](double s, double lse) { return s == lse ? 1 : 0; });
    check(at::Sparsemax{}, [](double s, double tau) { return std::max(s - tau, 0.0); });
    check(at::Entmax15{}, [](double s, double tau) { return std::pow(std::max(s / 2 - tau, 0.0), 2); });
    check(at::TopK{1000}, [](double s, double lse) { return std::exp(s - lse); });
  }
}

TEST(ReferenceNormalize, EntmaxLiesBetweenSoftmaxAndSparsemax) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    ScoreRow<double> const row = row_of<double>(30, seed);
    auto const zeros = [&](auto const& normalizer) {
      return (reference::normalize(normalizer, row).weights.array() == 0).count();
    };
    EXPECT_LE(zeros(at::Softmax{}), zeros(at::Entmax15{}));
    EXPECT_LE(zeros(at::Entmax15{}), zeros(at::Sparsemax{}));
  }
}

}  // namespace normalize_tests
