#include <attend/linear.hpp>

#include "core/allocations.hpp"
#include "core/sentence.hpp"
#include "linear/problem.hpp"

#include <attend/core/thread_pool.hpp>
#include <attend/reference/linear_attention.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace linear_attention_tests {

namespace at = attend;
using namespace linear_problem;

/// φ of the paper, by the formula of elu.
template <class Number>
Number elu_plus_one(Number const& x) {
  return (x > Number(0) ? x : std::exp(x) - Number(1)) + Number(1);
}

struct Sizes {
  Index n, m, d, e;
};
Sizes const all_sizes[] = {{1, 1, 1, 1},     {7, 7, 3, 5},     {16, 16, 16, 16}, {17, 33, 31, 63},
                           {64, 40, 64, 64}, {33, 33, 65, 70}, {5, 130, 130, 9}, {0, 4, 3, 2},
                           {4, 0, 3, 2},     {3, 5, 0, 2},     {3, 5, 2, 0},     {200, 200, 8, 40}};

/// The largest error against long double, of the row's magnitude: weights are positive, so a row is a mean of values.
template <class Number, class Sees, class... Policies>
void expect_close(Sizes const& s, Sees const& sees, Policies const&... policies) {
  SCOPED_TRACE(testing::Message() << s.n << " queries, " << s.m << " keys, d " << s.d << ", e " << s.e);
  Matrix<Number> const q = random_matrix<Number>(s.n, s.d, 1, -3, 3), k = random_matrix<Number>(s.m, s.d, 2, -3, 3),
                       v = random_matrix<Number>(s.m, s.e, 3);
  Matrix<Number> const out = at::linear_attention(q, k, v, policies...);
  auto const wanted = at::reference::linear_attention<long double>(
      q.template cast<long double>(), k.template cast<long double>(), v.template cast<long double>(), sees,
      [](long double x) { return elu_plus_one(x); });
  ASSERT_EQ(out.rows(), s.n);
  ASSERT_EQ(out.cols(), s.e);
  // Sums of m keys and of d features, each a chain: half a unit a step, and values are at most 1.
  double const unit = std::numeric_limits<Number>::epsilon() / 2;
  double const bound = unit * (16 + static_cast<double>(s.m + std::min<Index>(s.d, 64)) / 2);
  for (Index i = 0; i < out.rows(); ++i)
    for (Index c = 0; c < out.cols(); ++c)
      ASSERT_NEAR(static_cast<double>(out(i, c)), static_cast<double>(wanted(i, c)), bound) << i << ", " << c;
}

template <class Number>
void expect_close_for_every_sight(Sizes const& s) {
  expect_close<Number>(s, [](Index, Index) { return true; });
  expect_close<Number>(s, [&](Index i, Index j) { return j <= i + s.m - s.n; }, at::Causal{});
  expect_close<Number>(s, [](Index i, Index j) { return j <= i; }, at::Causal::top_left());
  expect_close<Number>(s, [](Index i, Index j) { return j <= i - 3; }, at::Causal::from(-3));
  expect_close<Number>(s, [](Index i, Index j) { return j <= i + 9; }, at::Causal::from(9));
  Index const length = s.m / 2;
  expect_close<Number>(s, [&](Index, Index j) { return j < length; }, at::Lengths{length});
  expect_close<Number>(
      s, [&](Index i, Index j) { return j < length && j <= i + s.m - s.n; }, at::Lengths{length}, at::Causal{});
}

TEST(LinearAttention, AgreesWithTheFormulaInFloat) {
  for (Sizes const& s : all_sizes) expect_close_for_every_sight<float>(s);
}
TEST(LinearAttention, AgreesWithTheFormulaInDouble) {
  for (Sizes const& s : all_sizes) expect_close_for_every_sight<double>(s);
}

TEST(LinearAttention, TakesAFeatureMapOfOnesOwn) {
  Matrix<double> const q = random_matrix<double>(9, 5, 1), k = random_matrix<double>(9, 5, 2),
                       v = random_matrix<double>(9, 4, 3);
  auto const wanted = at::reference::linear_attention<double>(
      q, k, v, [](Index i, Index j) { return j <= i; }, [](double x) { return std::exp(x); });
  auto const found = at::linear_attention(q, k, v, [](auto x) { return at::exp(x); }, at::Causal{});
  EXPECT_LT((found - wanted).cwiseAbs().maxCoeff(), 1e-14);
}

TEST(LinearAttention, WhoSeesNothingAndWhoseWeightsSumToNothingGetZeros) {
  Matrix<float> const q = random_matrix<float>(4, 3, 1), k = random_matrix<float>(4, 3, 2),
                      v = random_matrix<float>(4, 2, 3);
  EXPECT_TRUE(at::linear_attention(q, k, v, at::Lengths{0}).isZero(0));
  EXPECT_TRUE(at::linear_attention(q, k, v, at::Causal::from(-2)).topRows(2).isZero(0));
  auto const nothing = [](auto x) { return x * 0.f; };
  EXPECT_TRUE(at::linear_attention(q, k, v, nothing).isZero(0));
  at::LinearAttention const op{nothing};
  auto const g = op.backward(q, k, v, v);
  EXPECT_TRUE(g.query.isZero(0) && g.key.isZero(0) && g.value.isZero(0));
}

TEST(LinearAttention, WhatIsNotSeenChangesNoBit) {
  Matrix<float> const q = random_matrix<float>(6, 5, 1), k = random_matrix<float>(9, 5, 2),
                      v = random_matrix<float>(9, 7, 3);
  float const nan = std::numeric_limits<float>::quiet_NaN();
  Matrix<float> hidden_k = k, hidden_v = v;
  hidden_k.bottomRows(2).setConstant(nan);
  hidden_v.bottomRows(2).setConstant(nan);
  at::LinearAttention const op{at::Lengths{7}, at::Causal{}};
  EXPECT_EQ(op.forward(q, hidden_k, hidden_v), op.forward(q, k, v));
  Matrix<float> const d_output = random_matrix<float>(6, 7, 4);
  auto const g = op.backward(q, k, v, d_output), hidden = op.backward(q, hidden_k, hidden_v, d_output);
  EXPECT_EQ(hidden.query, g.query);
  EXPECT_EQ(hidden.key, g.key);
  EXPECT_EQ(hidden.value, g.value);
  EXPECT_TRUE(g.key.bottomRows(2).isZero(0) && g.value.bottomRows(2).isZero(0));

  // NaN that is seen reaches those that see it and no others.
  Matrix<float> seen = v;
  seen(5, 0) = nan;
  auto const out = op.forward(q, k, seen), clean = op.forward(q, k, v);
  for (Index i = 0; i < 6; ++i) {
    EXPECT_EQ(std::isnan(out(i, 0)), i + 3 >= 5) << i;
    EXPECT_EQ(out.row(i).tail(6), clean.row(i).tail(6)) << i;
  }
}

/// Batches, groups and threads: each head by itself has the same bits.
TEST(LinearAttention, HeadsHaveTheBitsThatTheyHaveAlone) {
  Batch<float> const q({2, 6, 37, 20}, 1), k({2, 3, 37, 20}, 2), v({2, 3, 37, 90}, 3);
  HeadsShape const shape{2, 6, 37, 90};
  at::LinearAttention const op{at::Causal{}};
  for (Index const threads : {1, 2, 5, 64}) {
    at::ThreadPool pool(threads);
    Batch<float> out(shape, 4);
    op.forward_into(out.heads(), q.heads(), k.heads(), v.heads(), pool);
    for (Index b = 0; b < 2; ++b)
      for (Index h = 0; h < 6; ++h)
        ASSERT_EQ(out.matrix(b, h), op.forward(q.matrix(b, h), k.matrix(b, h / 2), v.matrix(b, h / 2)))
            << threads << " threads, sequence " << b << ", head " << h;
  }
}

TEST(LinearAttention, HasTheSameBitsHoweverASequenceIsCut) {
  Matrix<float> const q = random_matrix<float>(40, 20, 1), k = random_matrix<float>(40, 20, 2),
                      v = random_matrix<float>(40, 70, 3);
  at::LinearAttention const op{at::Causal{}};
  Matrix<float> const whole = op.forward(q, k, v);
  at::ThreadPool pool(3);
  for (Index const step : {1, 7, 16, 39}) {
    at::LinearState<float> state(20, 70);
    for (Index first = 0; first < 40; first += step) {
      Index const count = std::min<Index>(step, 40 - first);
      Matrix<float> const part = step == 7 ? op.forward(q.middleRows(first, count), k.middleRows(first, count),
                                                        v.middleRows(first, count), state, pool)
                                           : op.forward(q.middleRows(first, count), k.middleRows(first, count),
                                                        v.middleRows(first, count), state);
      ASSERT_EQ(part, whole.middleRows(first, count)) << "from " << first << ", " << step << " at a time";
    }
  }
}

TEST(LinearAttention, ReadsAndWritesAnyLayoutAndHalves) {
  Matrix<float> const q = random_matrix<float>(11, 9, 1), k = random_matrix<float>(11, 9, 2),
                      v = random_matrix<float>(11, 6, 3);
  Matrix<float> const wanted = at::linear_attention(q, k, v);
  EXPECT_EQ(at::linear_attention(Eigen::MatrixXf(q), Eigen::MatrixXf(k), Eigen::MatrixXf(v)), wanted);
  EXPECT_EQ(at::linear_attention(q + q * 0, k, v), wanted);
  Eigen::MatrixXf out = Eigen::MatrixXf::Constant(11, 6, 7.f);
  at::LinearAttention{}.forward_into(
      at::heads(out.data(), HeadsShape{1, 1, 11, 6}, {0, 0, 1, 11}), at::heads(q.data(), HeadsShape{1, 1, 11, 9}),
      at::heads(k.data(), HeadsShape{1, 1, 11, 9}), at::heads(v.data(), HeadsShape{1, 1, 11, 6}));
  EXPECT_EQ(Matrix<float>(out), wanted);

  Matrix<Eigen::half> const q_half = q.cast<Eigen::half>(), k_half = k.cast<Eigen::half>(),
                            v_half = v.cast<Eigen::half>();
  Matrix<Eigen::half> const found = at::linear_attention(q_half, k_half, v_half);
  Matrix<float> const of_halves =
      at::linear_attention(q_half.cast<float>(), k_half.cast<float>(), v_half.cast<float>());
  EXPECT_EQ(found.cast<float>(), of_halves.cast<Eigen::half>().cast<float>());
}

TEST(LinearAttention, TouchesNoHeapWithAWorkspace) {
  Batch<float> const q({1, 2, 37, 20}, 1), k({1, 2, 37, 20}, 2), v({1, 2, 37, 30}, 3);
  Batch<float> out({1, 2, 37, 30}, 4);
  at::Workspace workspace;
  at::LinearState<float> state(1, 2, 20, 30);
  at::LinearAttention const op{at::Causal{}};
  auto const call = [&] { op.forward_into(out.heads(), q.heads(), k.heads(), v.heads(), workspace, state); };
  call();
  long const before = allocations();
  call();
  EXPECT_EQ(allocations(), before);
}

TEST(LinearAttention, RefusesWhatDoesNotFit) {
  Matrix<float> const q = random_matrix<float>(4, 3, 1), k = random_matrix<float>(5, 3, 2),
                      v = random_matrix<float>(5, 2, 3), narrow = random_matrix<float>(5, 2, 4);
  auto const refused = [](auto const& call, std::vector<std::string> const& words) {
    sentences::expect_sentence(call, words);
  };
  at::LinearAttention const op{at::Causal{}};
  refused([&] { (void)op.forward(q, narrow, v); }, {"linear_attention", "3", "2", "features"});
  refused([&] { (void)op.forward(q, k, v.topRows(4)); }, {"linear_attention", "5", "4", "keys"});
  refused([&] { (void)at::linear_attention(q, k, v, at::Lengths{6}); }, {"Lengths", "6", "5"});
  refused([&] { (void)op.backward(q, k, v, q); }, {"d_output", "3", "2"});
  at::LinearState<float> wrong(3, 3);
  refused([&] { (void)op.forward(q, k, v, wrong); }, {"state", "3", "2"});
  refused([] { at::LinearState<float>(-1, 3); }, {"LinearState", "-1"});
  Matrix<float> in_place = random_matrix<float>(5, 3, 5);
  auto const heads = at::heads(in_place.data(), HeadsShape{1, 1, 5, 3});
  refused(
      [&] {
        op.forward_into(heads, at::Heads<float const>(heads), at::Heads<float const>(heads),
                        at::Heads<float const>(heads));
      },
      {"out shares memory with q"});
  EXPECT_EQ(in_place, random_matrix<float>(5, 3, 5));
}

}  // namespace linear_attention_tests
