#include <attend/reference/attention.hpp>

#include <attend/mask.hpp>
#include <attend/normalize.hpp>
#include <attend/score.hpp>

#include "core/sentence.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace attention_tests {

namespace at = attend;
namespace reference = attend::reference;
using at::Index;
using Eigen::MatrixXd;
using sentences::sentence_of;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

/// Numbers between −1 and 1 from a seed.
MatrixXd random(Index rows, Index columns, unsigned seed) {
  std::srand(seed);
  return MatrixXd::Random(rows, columns);
}

TEST(ReferenceAttention, ByHand) {
  // Scores (0, log 3) from q · k with d = 1, so √d = 1: weights ¼ and ¾.
  MatrixXd q(1, 1), k(2, 1), v(2, 2);
  q << 1;
  k << 0, std::log(3.0);
  v << 4, 8, 0, 4;
  auto const kept = reference::forward(q, k, v);
  EXPECT_NEAR(kept.output(0, 0), 1, 1e-15);
  EXPECT_NEAR(kept.output(0, 1), 5, 1e-15);
  EXPECT_NEAR(kept.log_sum_exp(0), std::log(4.0), 1e-15);
}

TEST(ReferenceAttention, IsTheEquationOfThePaper) {
  MatrixXd const q = random(5, 4, 1), k = random(7, 4, 2), v = random(7, 3, 3);
  MatrixXd const e = (q * k.transpose() / 2.0).array().exp();  // √4
  MatrixXd const w = e.array().colwise() / e.rowwise().sum().array();
  EXPECT_TRUE(reference::weights(q, k).isApprox(w, 1e-14));
  EXPECT_TRUE(reference::attention(q, k, v).isApprox(w * v, 1e-14));
  EXPECT_TRUE(reference::forward(q, k, v).log_sum_exp.isApprox(e.rowwise().sum().array().log().matrix(), 1e-14));
}

TEST(ReferenceAttention, TakesPoliciesInAnyOrder) {
  MatrixXd const q = random(3, 4, 1), k = random(5, 4, 2), v = random(5, 2, 3);
  at::Causal const causal;
  at::Softmax const softmax{.temperature = 2};
  at::Dot const dot;
  MatrixXd const one = reference::attention(q, k, v, causal, softmax, dot);
  EXPECT_EQ(one, MatrixXd(reference::attention(q, k, v, dot, softmax, causal)));
  EXPECT_EQ(one, MatrixXd(reference::attention(q, k, v, softmax, causal, dot)));
}

TEST(ReferenceAttention, AdjustsInTheOrderGivenAndMasksAfterwards) {
  MatrixXd const q = random(2, 3, 1), k = random(4, 3, 2);
  auto const plus_one = [](auto score, auto) { return score + 1; };
  auto const twice = [](auto score, auto) { return score * 2; };
  auto const even = [](auto p) { return p.key % 2 == 0; };
  MatrixXd const s = reference::scores(q, k);
  EXPECT_EQ(MatrixXd(reference::scores(q, k, plus_one, twice)), MatrixXd((s.array() + 1) * 2));
  MatrixXd const masked = reference::scores(q, k, even, twice, plus_one);
  for (Index i = 0; i < 2; ++i)
    for (Index j = 0; j < 4; ++j) EXPECT_EQ(masked(i, j), j % 2 == 0 ? s(i, j) * 2 + 1 : -infinity);
}

TEST(ReferenceAttention, StandsQueriesAtTheEndUnlessToldOtherwise) {
  MatrixXd const q = random(2, 3, 1), k = random(5, 3, 2);
  auto const seen = [&](auto const&... policies) -> std::vector<Index> {
    MatrixXd const w = reference::weights(q, k, at::Causal{}, policies...);
    return {(w.row(0).array() > 0).count(), (w.row(1).array() > 0).count()};
  };
  EXPECT_EQ(seen(), (std::vector<Index>{4, 5}));
  EXPECT_EQ(seen(at::QueryStart{}), (std::vector<Index>{4, 5}));
  EXPECT_EQ(seen(at::QueryStart{1}), (std::vector<Index>{2, 3}));
  EXPECT_EQ(seen(at::QueryStart{-1}), (std::vector<Index>{0, 1}));
}

TEST(ReferenceAttention, TellsPositions) {
  MatrixXd const q = random(2, 3, 1), k = random(5, 3, 2);
  std::vector<at::Position<>> seen;
  (void)reference::scores(q, k, [&seen](at::Position<> p) {
    seen.push_back(p);
    return true;
  });
  ASSERT_EQ(seen.size(), 10u);
  at::Position<> const p = seen[7];  // query 1, key 2
  EXPECT_EQ(Index(p.query), 4);
  EXPECT_EQ(Index(p.key), 2);
  EXPECT_EQ(Index(p.start), 3);
  EXPECT_EQ(Index(p.row), 1);
  EXPECT_EQ(Index(p.column), 2);
}

TEST(ReferenceAttention, WhatIsMaskedChangesNoBit) {
  MatrixXd const q = random(4, 3, 1);
  MatrixXd k = random(4, 3, 2), v = random(4, 2, 3);
  auto const hidden = [](auto p) { return p.key != 2; };
  auto const run = [&](auto const& normalizer) { return reference::forward(q, k, v, hidden, normalizer); };
  auto const each = [&](auto const& call) {
    call(at::Softmax{});
    call(at::Softmax{.sinks = {0.5}});
    call(at::Sigmoid{});
    call(at::NormalizedSigmoid{});
    call(at::Softplus{});
    call(at::NormalizedSoftplus{});
    call(at::Relu{});
    call(at::NormalizedRelu{});
    call(at::Argmax{});
    call(at::GumbelMax{3});
    call(at::Sparsemax{});
    call(at::Entmax15{});
    call(at::TopK{2});
  };
  std::vector<MatrixXd> outputs;
  each([&](auto const& normalizer) { outputs.push_back(run(normalizer).output); });
  k.row(2).setConstant(nan);
  v.row(2).setConstant(infinity);
  std::size_t number = 0;
  each([&](auto const& normalizer) { EXPECT_EQ(run(normalizer).output, outputs[number++]); });
}

TEST(ReferenceAttention, VisibleNanReachesExactlyTheRowsThatSeeIt) {
  MatrixXd const q = random(4, 3, 1), good_k = random(4, 3, 2), good_v = random(4, 2, 3);
  MatrixXd k = good_k, v = good_v;
  k.row(2).setConstant(nan);
  v.row(2).setConstant(nan);
  auto const check = [&](auto const& normalizer) {
    MatrixXd const good = reference::attention(q, good_k, good_v, normalizer, at::Causal{});
    for (MatrixXd const& out : {MatrixXd(reference::attention(q, k, good_v, normalizer, at::Causal{})),
                                MatrixXd(reference::attention(q, good_k, v, normalizer, at::Causal{}))}) {
      EXPECT_EQ(MatrixXd(out.topRows(2)), MatrixXd(good.topRows(2)));
      EXPECT_TRUE(out.bottomRows(2).array().isNaN().all());
    }
  };
  check(at::Softmax{});
  check(at::Sigmoid{});
  check(at::NormalizedSoftplus{});
  check(at::Sparsemax{});
  check(at::Entmax15{});
  check(at::TopK{4});
}

TEST(ReferenceAttention, APickReadsOneValueOnly) {
  MatrixXd q(1, 1), k(3, 1), v(3, 1);
  q << 1;
  k << 1, 3, 2;
  v << nan, 5, nan;
  EXPECT_EQ(reference::attention(q, k, v, at::Argmax{})(0, 0), 5);
  EXPECT_EQ(reference::forward(q, k, v, at::Argmax{}, at::Dot{}).log_sum_exp(0), 3);
  k(0) = nan;
  EXPECT_TRUE(std::isnan(reference::attention(q, k, v, at::Argmax{})(0, 0)));
}

TEST(ReferenceAttention, AScoreOfMinusInfinityIsNotSeen) {
  MatrixXd const q = random(2, 3, 1), k = random(3, 3, 2);
  MatrixXd v = random(3, 2, 3), bias = MatrixXd::Zero(2, 3);
  v.row(1).setConstant(nan);
  bias.col(1).setConstant(-infinity);
  MatrixXd const out = reference::attention(q, k, v, at::Bias{bias});
  EXPECT_EQ(out, MatrixXd(reference::attention(q, k, v, [](auto p) { return p.key != 1; })));
  EXPECT_TRUE(out.array().isFinite().all());
}

TEST(ReferenceAttention, ARowThatSeesNothingIsZero) {
  MatrixXd const q = random(3, 3, 1), k = random(2, 3, 2), v = MatrixXd::Constant(2, 2, nan);
  auto const check = [&](auto const& normalizer) {
    auto const kept = reference::forward(q, k, v, normalizer, [](auto) { return false; });
    EXPECT_EQ(kept.output, MatrixXd::Zero(3, 2));
    EXPECT_EQ(kept.log_sum_exp, Eigen::Vector3d::Constant(-infinity));
    auto const no_keys = reference::forward(q, k.topRows(0), v.topRows(0), normalizer);
    EXPECT_EQ(no_keys.output, MatrixXd::Zero(3, 2));
    EXPECT_EQ(no_keys.log_sum_exp, Eigen::Vector3d::Constant(-infinity));
  };
  check(at::Softmax{});
  check(at::Softmax{.sinks = {2}});  // a sink alone is nothing to see
  check(at::Sigmoid{});
  check(at::NormalizedRelu{});
  check(at::Softplus{});
  check(at::Argmax{});
  check(at::GumbelMax{1});
  check(at::Sparsemax{});
  check(at::Entmax15{});
  check(at::TopK{1});
}

TEST(ReferenceAttention, TakesEmptySizes) {
  MatrixXd const q = random(2, 3, 1), k = random(4, 3, 2), v = random(4, 2, 3);
  EXPECT_EQ(reference::attention(q.topRows(0), k, v).rows(), 0);
  EXPECT_EQ(reference::attention(q, k, v.leftCols(0)).cols(), 0);
  MatrixXd const mean = reference::attention(q.leftCols(0), k.leftCols(0), v);  // scores of 0
  EXPECT_TRUE(mean.row(0).isApprox(v.colwise().mean(), 1e-15));
}

TEST(ReferenceAttention, TakesAnyEigenExpression) {
  Eigen::MatrixXf const wide = Eigen::MatrixXf::Random(8, 6);
  at::Matrix<float> const q = wide.block(1, 1, 3, 4), k = wide.transpose().topLeftCorner(4, 4), v = k.leftCols(2);
  at::Matrix<float> const wanted = reference::attention(q, k, v);
  EXPECT_EQ(wanted, at::Matrix<float>(reference::attention(wide.block(1, 1, 3, 4), wide.transpose().topLeftCorner(4, 4),
                                                           wide.transpose().topLeftCorner(4, 2))));
  EXPECT_TRUE(wanted.isApprox(reference::attention(q * 1, k + k - k, v * 1), 1e-6f));
}

TEST(ReferenceAttention, ComputesInTheScalarThatIsNamed) {
  Eigen::MatrixXf const q = Eigen::MatrixXf::Random(3, 4), v = Eigen::MatrixXf::Random(3, 2);
  auto const wide = reference::attention<double>(q, q, v);
  static_assert(std::is_same_v<decltype(wide), at::Matrix<double> const>);
  EXPECT_EQ(wide, (reference::attention(q.cast<double>(), q.cast<double>(), v.cast<double>())));
}

TEST(ReferenceAttention, SaysWhatIsWrong) {
  MatrixXd const q = random(2, 64, 1), k = random(3, 32, 2), v = random(4, 2, 3);
  std::string const features =
      "attention: q has 64 columns but k has 32; both must have the same number of features d.";
  EXPECT_EQ(sentence_of([&] { return reference::attention(q, k, v); }), features);
  EXPECT_EQ(sentence_of([&] { return reference::attention(q.leftCols(32), k, v); }),
            "attention: k has 3 rows but v has 4; both must have one row for each key.");
  EXPECT_EQ(sentence_of([&] { return reference::weights(q, k); }), features);
  EXPECT_EQ(sentence_of([&] { return reference::scores(q, k); }), features);
  sentences::expect_sentence([&] { (void)reference::weights(q, q, at::Softmax{.temperature = 0}); }, {"0"});
  sentences::expect_sentence([&] { (void)reference::weights(q, q, at::QueryStart{{1, 2}}); }, {"2", "1"});
}

}  // namespace attention_tests
