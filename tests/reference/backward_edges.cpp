#include "reference/backward_problem.hpp"

#include "core/sentence.hpp"

#include <attend/mask.hpp>
#include <attend/normalize.hpp>
#include <attend/score.hpp>

#include <limits>
#include <tuple>

namespace backward_edges_tests {

using namespace attend_test;
using Matrix = Eigen::MatrixXd;
using Vector = Eigen::VectorXd;
using sentences::sentence_of;

double const nan = std::numeric_limits<double>::quiet_NaN();
double const infinity = std::numeric_limits<double>::infinity();

/// Everything that a gradient says, in one row.
template <class Gradient>
Vector flat(Gradient const& gradient) {
  std::vector<double> all;
  for (auto const* part : {&gradient.query, &gradient.key, &gradient.value})
    all.insert(all.end(), part->data(), part->data() + part->size());
  std::apply(
      [&](auto const&... policy) {
        (at::each_parameter(policy, [&](auto, auto numbers) { all.insert(all.end(), numbers.begin(), numbers.end()); }),
         ...);
      },
      gradient.policies);
  return Eigen::Map<Vector>(all.data(), std::ssize(all));
}

/// Key 2 and query 4 meet nobody: NaN there must not be read.
template <class... Policies>
void expect_hidden(std::string const& name, Policies const&... policies) {
  SCOPED_TRACE(name);
  auto const mask = [](auto p) { return p.key != 2 && p.row != 4; };
  BackwardProblem clean, spoilt;
  spoilt.k.row(2).setConstant(nan);
  spoilt.v.row(2).setConstant(infinity);
  spoilt.q.row(4).setConstant(nan);
  spoilt.d_output.row(4).setConstant(nan);
  auto const expected = at::reference::backward(clean.q, clean.k, clean.v, clean.d_output, mask, policies...);
  auto const found = at::reference::backward(spoilt.q, spoilt.k, spoilt.v, spoilt.d_output, mask, policies...);
  EXPECT_EQ(flat(found), flat(expected));
  EXPECT_TRUE(flat(found).allFinite());
  EXPECT_TRUE((found.query.row(4).array() == 0).all());
  EXPECT_TRUE((found.key.row(2).array() == 0).all());
  EXPECT_TRUE((found.value.row(2).array() == 0).all());
  EXPECT_GT(found.value.norm(), 0);

  auto const blind = [](auto p) { return p.key < 0; };
  auto const nothing = at::reference::backward(spoilt.q, spoilt.k, spoilt.v, spoilt.d_output, blind, policies...);
  EXPECT_TRUE((flat(nothing).array() == 0).all());
}

TEST(ReferenceBackward, WhatIsHiddenGivesNothing) {
  expect_hidden("default");
  expect_hidden("Additive",
                at::Additive<double>{random(4, 3, 22), random(4, 3, 23), random(4, 1, 24), random(4, 1, 25)});
  expect_hidden("Concat", at::Concat<double>{random(4, 6, 26), random(4, 1, 27)});
  expect_hidden("Bilinear", at::Bilinear<double>{random(3, 3, 21)}, at::SoftCap{2}, at::Bias{random(5, 7, 31)});
  expect_hidden("Location", at::Location<double>{random(7, 3, 29)}, at::Gaussian{2, 2});
  expect_hidden("Cosine", at::Cosine{2}, at::Alibi{0.2}, at::NormalizedSigmoid{0.2});
  expect_hidden("L1", at::L1{2}, at::RelativeBias{random(1, 5, 32)}, at::Sigmoid{.bias = 0.3});
  expect_hidden("Euclidean", at::Euclidean{2}, at::Softmax{.temperature = 2, .sinks = {0.1}});
  expect_hidden("Sparsemax", at::Sparsemax{});
  expect_hidden("Entmax15", at::Entmax15{});
  expect_hidden("Entmax", at::Entmax{1.3});
  expect_hidden("TopK", at::TopK{2});
  expect_hidden("NormalizedRelu", at::NormalizedRelu{});
  expect_hidden("NormalizedSoftplus", at::NormalizedSoftplus{});
  expect_hidden("Argmax", at::Argmax{});
}

TEST(ReferenceBackward, NaNThatIsSeenReachesTheRowsThatSeeIt) {
  BackwardProblem x;
  x.k(5, 1) = nan;
  auto const g = at::reference::backward(x.q, x.k, x.v, x.d_output, at::Causal{});  // query i sees keys up to i + 2
  for (at::Index i = 0; i < 5; ++i) EXPECT_EQ(g.query.row(i).hasNaN(), i >= 3) << i;
}

TEST(ReferenceBackward, APickPassesItsValueAlone) {
  BackwardProblem const x;
  auto const g = at::reference::backward(x.q, x.k, x.v, x.d_output, at::Argmax{}, at::Bias{random(5, 7, 31)});
  Matrix const weights = at::reference::weights(x.q, x.k, at::Argmax{}, at::Bias{random(5, 7, 31)});
  EXPECT_EQ(Matrix(g.value), Matrix(weights.transpose() * x.d_output));
  EXPECT_EQ(g.query.norm(), 0);
  EXPECT_EQ(g.key.norm(), 0);
  for (double const number : std::get<0>(g.policies).grid().numbers()) EXPECT_EQ(number, 0);
}

TEST(ReferenceBackward, SparseWeightsPassGradientsOnTheirSupport) {
  BackwardProblem const x;
  at::Bias<double> const bias{random(5, 7, 31)};
  auto const check = [&](auto const& normalizer) {
    auto const g = at::reference::backward(x.q, x.k, x.v, x.d_output, normalizer, bias);
    Matrix const weights = at::reference::weights(x.q, x.k, normalizer, bias);
    auto const slopes = std::get<0>(g.policies).grid().numbers();
    int zeros = 0;
    for (at::Index i = 0; i < 5; ++i) {
      double sum = 0;
      for (at::Index j = 0; j < 7; ++j) {
        double const slope = slopes[static_cast<std::size_t>(i * 7 + j)];
        sum += slope;
        if (weights(i, j) == 0) {
          EXPECT_EQ(slope, 0);
          ++zeros;
        }
      }
      EXPECT_NEAR(sum, 0, 1e-15);  // weights do not change when all scores of a row are moved together
    }
    EXPECT_GT(zeros, 0);
  };
  check(at::Sparsemax{});
  check(at::Entmax15{});
  check(at::TopK{3});
}

TEST(ReferenceBackward, ScoresOfMinusInfinityAreNotSeen) {
  BackwardProblem const x;
  Matrix numbers = random(5, 7, 31);
  numbers.col(3).setConstant(-infinity);
  auto const g = at::reference::backward(x.q, x.k, x.v, x.d_output, at::Bias{numbers}, at::Softmax{.temperature = 2});
  auto const masked = [](auto p) { return p.key != 3; };
  auto const expected = at::reference::backward(x.q, x.k, x.v, x.d_output, at::Bias{Matrix(random(5, 7, 31))}, masked,
                                                at::Softmax{.temperature = 2});
  EXPECT_EQ(flat(g), flat(expected));
}

TEST(ReferenceBackward, AZeroVectorHasNoDirection) {
  BackwardProblem x;
  x.q.row(1).setZero();
  x.k.row(2).setZero();
  auto const g = at::reference::backward(x.q, x.k, x.v, x.d_output, at::Cosine{2});
  EXPECT_TRUE(flat(g).allFinite());
  EXPECT_EQ(g.query.row(1).norm(), 0);
  EXPECT_EQ(g.key.row(2).norm(), 0);
}

TEST(ReferenceBackward, OfTheLogSumExp) {
  BackwardProblem const x;
  Vector const d_lse = random(5, 1, 15);
  at::Softmax const softmax{.temperature = 1.7, .sinks = {0.4}};
  at::Additive<double> const additive{random(4, 3, 22), random(4, 3, 23), random(4, 1, 24)};
  auto const loss = [&](Matrix const& q, Matrix const& k, Matrix const& v, at::Softmax const& soft,
                        at::Additive<double> const& score) {
    auto const kept = at::reference::forward(q, k, v, at::Causal{}, soft, score);
    return kept.output.cwiseProduct(x.d_output).sum() + kept.log_sum_exp.dot(d_lse);
  };
  auto const g = at::reference::backward(x.q, x.k, x.v, x.d_output, d_lse, at::Causal{}, softmax, additive);
  at::testing::GradientReport report;
  report.add(at::testing::compare_gradient("query", x.q, g.query,
                                           [&](Matrix const& q) { return loss(q, x.k, x.v, softmax, additive); }));
  report.add(at::testing::compare_gradient("key", x.k, g.key,
                                           [&](Matrix const& k) { return loss(x.q, k, x.v, softmax, additive); }));
  report.add(at::testing::compare_gradient("value", x.v, g.value,
                                           [&](Matrix const& v) { return loss(x.q, x.k, v, softmax, additive); }));
  report.add(at::testing::compare_parameters("Softmax", softmax, std::get<0>(g.policies), [&](at::Softmax const& soft) {
    return loss(x.q, x.k, x.v, soft, additive);
  }));
  report.add(at::testing::compare_parameters(
      "Additive", additive, std::get<1>(g.policies),
      [&](at::Additive<double> const& score) { return loss(x.q, x.k, x.v, softmax, score); }));
  EXPECT_TRUE(report.passed()) << report;

  // A row that sees nothing has a log-sum-exp that does not change.
  auto const blind =
      at::reference::backward(x.q, x.k, x.v, x.d_output, d_lse, softmax, [](auto p) { return p.key < 0; });
  EXPECT_TRUE((flat(blind).array() == 0).all());
}

TEST(ReferenceBackward, InLongDoubleItIsTheSame) {
  BackwardProblem const x;
  auto const bias = at::Bias{random(5, 7, 31)};
  auto const found = at::reference::backward(x.q, x.k, x.v, x.d_output, bias, at::Cosine{2}, at::Sigmoid{.bias = 0.2});
  auto const fine =
      at::reference::backward<long double>(x.q, x.k, x.v, x.d_output, bias, at::Cosine{2}, at::Sigmoid{.bias = 0.2});
  static_assert(std::is_same_v<decltype(fine.query)::Scalar, long double>);
  EXPECT_LT((found.query.cast<long double>() - fine.query).norm(), 1e-15L);
  EXPECT_NEAR(std::get<2>(found.policies).bias.value(), std::get<2>(fine.policies).bias.value(), 1e-15);
  auto const of_floats =
      at::reference::backward(x.q.cast<float>(), x.k.cast<float>(), x.v.cast<float>(), x.d_output.cast<float>(), bias,
                              at::Cosine{2}, at::Sigmoid{.bias = 0.2});
  EXPECT_LT((found.query.cast<float>() - of_floats.query).norm(), 1e-6F);
}

TEST(ReferenceBackward, EmptySizes) {
  Matrix const q = random(4, 3, 1), k(0, 3), v(0, 2), d_output = random(4, 2, 2);
  auto const no_keys = at::reference::backward(q, k, v, d_output);
  EXPECT_EQ(no_keys.query, at::Matrix<double>(Matrix::Zero(4, 3)));
  EXPECT_EQ(no_keys.key.rows(), 0);
  auto const no_queries =
      at::reference::backward(Matrix(0, 3), q, random(4, 2, 3), Matrix(0, 2), at::Bilinear<double>{random(3, 3, 4)});
  EXPECT_EQ(no_queries.key, at::Matrix<double>(Matrix::Zero(4, 3)));
  EXPECT_EQ(std::get<0>(no_queries.policies).w, at::Matrix<double>(Matrix::Zero(3, 3)));
}

TEST(ReferenceBackward, WrongSizesAreRefused) {
  BackwardProblem const x;
  EXPECT_EQ(sentence_of([&] { (void)at::reference::backward(x.q, x.k, x.v, Matrix(5, 3)); }),
            "attention: d_output is (5, 3) but the output is (5, 2).");
  EXPECT_EQ(sentence_of([&] { (void)at::reference::backward(x.q, x.k, x.v, x.d_output, Vector(4)); }),
            "attention: d_log_sum_exp has 4 numbers but there are 5 queries.");
  EXPECT_EQ(sentence_of([&] { (void)at::reference::backward(x.q, x.k, x.q, x.d_output); }),
            "attention: k has 7 rows but v has 5; both must have one row for each key.");
}

}  // namespace backward_edges_tests
