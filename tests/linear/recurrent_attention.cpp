#include <attend/linear.hpp>

#include "core/allocations.hpp"
#include "core/sentence.hpp"
#include "linear/problem.hpp"

#include <attend/core/thread_pool.hpp>
#include <attend/reference/linear_attention.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <utility>

namespace recurrent_attention_tests {

namespace at = attend;
using namespace linear_problem;

/// The tokens of one head and what its rule asks for.
template <class Number>
struct Tokens {
  Matrix<Number> q, k, v, decay, rate;

  /// rule: 1 decays for each feature, 2 rates, 4 decays for all features together
  Tokens(Index n, Index d, Index e, int rule)
      : q(random_matrix<Number>(n, d, 1)),
        k(random_matrix<Number>(n, d, 2)),
        v(random_matrix<Number>(n, e, 3)),
        decay(random_matrix<Number>(rule & 5 ? n : 0, rule & 5 ? (rule & 4 ? 1 : d) : 0, 4, -0.5, 0)),
        rate(random_matrix<Number>(rule & 2 ? n : 0, rule & 2 ? 1 : 0, 5, 0, 1)) {
    for (Index i = 0; i < n && d > 0; ++i) k.row(i).normalize();
  }
  [[nodiscard]] at::Gates<Number> gates(Index first, Index count) const {
    at::Gates<Number> g;
    if (decay.size() > 0)
      g.decay = at::heads(decay.data() + first * decay.cols(), HeadsShape{1, 1, count, decay.cols()});
    if (rate.size() > 0) g.rate = at::heads(rate.data() + first, HeadsShape{1, 1, count, 1});
    return g;
  }
  [[nodiscard]] at::Gates<Number> gates() const { return gates(0, q.rows()); }
};
constexpr int rules[] = {0, 1, 2, 3, 4, 6};

template <class Number>
void expect_close(Index n, Index d, Index e, int rule) {
  SCOPED_TRACE(testing::Message() << n << " tokens, d " << d << ", e " << e << ", rule " << rule);
  Tokens<Number> const t(n, d, e, rule);
  at::LinearState<Number> state(d, e);
  auto const out = at::recurrent_attention(t.q, t.k, t.v, t.gates(), state);
  using Wide = long double;
  Matrix<Wide> wide_state = Matrix<Wide>::Zero(d, e);
  Wide const scale = d == 0 ? Wide(1) : 1 / std::sqrt(static_cast<Wide>(d));
  auto const wanted = at::reference::recurrent_attention<Wide>(
      t.q.template cast<Wide>(), t.k.template cast<Wide>(), t.v.template cast<Wide>(), scale,
      t.decay.template cast<Wide>(), t.rate.template cast<Wide>(), wide_state);
  // S sums n tokens of at most 1, and an output d rows of it.
  double const unit = std::numeric_limits<Number>::epsilon() / 2;
  double const bound = unit * (16 + static_cast<double>(n)) * (4 + std::sqrt(static_cast<double>(n)));
  for (Index i = 0; i < n; ++i)
    for (Index c = 0; c < e; ++c)
      ASSERT_NEAR(static_cast<double>(out(i, c)), static_cast<double>(wanted(i, c)), bound) << i << ", " << c;
  for (Index f = 0; f < d; ++f)
    for (Index c = 0; c < e; ++c)
      ASSERT_NEAR(static_cast<double>(state.matrices()(0, 0, f, c)), static_cast<double>(wide_state(f, c)), bound)
          << "state " << f << ", " << c;
}

TEST(RecurrentAttention, AgreesWithTheStepsOfTheFormula) {
  for (int const rule : rules)
    for (auto const& [n, d, e] : {std::tuple<Index, Index, Index>{1, 1, 1},
                                  {7, 3, 5},
                                  {16, 16, 64},
                                  {40, 65, 31},
                                  {33, 130, 70},
                                  {0, 3, 2},
                                  {5, 0, 2}}) {
      expect_close<float>(n, d, e, rule);
      expect_close<double>(n, d, e, rule);
    }
}

/// Without the delta rule the walk is a sum over pairs:  out_i = scale · Σ_{j ≤ i} (Σ_f q_f k_f exp(G_i − G_j)) v_j,
/// G the sum of decays so far.
TEST(RecurrentAttention, IsTheParallelFormula) {
  for (int const rule : {0, 1, 4}) {
    Index const n = 30, d = 7, e = 9;
    Tokens<double> const t(n, d, e, rule);
    Matrix<double> total = Matrix<double>::Zero(n, d), wanted = Matrix<double>::Zero(n, e);
    for (Index i = 0; i < n; ++i)
      for (Index f = 0; f < d && t.decay.size() > 0; ++f)
        total(i, f) = (i > 0 ? total(i - 1, f) : 0) + t.decay(i, rule == 4 ? 0 : f);
    for (Index i = 0; i < n; ++i)
      for (Index j = 0; j <= i; ++j) {
        double weight = 0;
        for (Index f = 0; f < d; ++f) weight += t.q(i, f) * t.k(j, f) * std::exp(total(i, f) - total(j, f));
        wanted.row(i) += weight * t.v.row(j);
      }
    Matrix<double> const found = at::RecurrentAttention(0.7).forward(t.q, t.k, t.v, t.gates());
    EXPECT_LT((found - 0.7 * wanted).cwiseAbs().maxCoeff(), 1e-13) << "rule " << rule;
  }
}

/// The delta rule with rate 1 stores what it is told: asked with the key of the last token, S answers its value.
TEST(RecurrentAttention, DeltaRuleAnswersAKeyWithItsLastValue) {
  Index const n = 20, d = 8, e = 5;
  Tokens<double> t(n, d, e, 2);
  t.rate.setOnes();
  Matrix<double> const out = at::RecurrentAttention(1.0).forward(t.k, t.k, t.v, t.gates());
  EXPECT_LT((out - t.v).cwiseAbs().maxCoeff(), 1e-14);
}

TEST(RecurrentAttention, HasTheSameBitsHoweverASequenceIsCut) {
  for (int const rule : rules) {
    Index const n = 40, d = 20, e = 70;
    Tokens<float> const t(n, d, e, rule);
    Matrix<float> const whole = at::recurrent_attention(t.q, t.k, t.v, t.gates());
    for (Index const step : {1, 16, 39}) {
      at::LinearState<float> state(d, e);
      for (Index first = 0; first < n; first += step) {
        Index const count = std::min<Index>(step, n - first);
        Matrix<float> const part = at::recurrent_attention(t.q.middleRows(first, count), t.k.middleRows(first, count),
                                                           t.v.middleRows(first, count), t.gates(first, count), state);
        ASSERT_EQ(part, whole.middleRows(first, count)) << "rule " << rule << ", " << step << " at a time";
      }
    }
  }
}

/// Groups of query heads, one rate for all heads, and threads: each head has the bits that it has alone.
TEST(RecurrentAttention, HeadsHaveTheBitsThatTheyHaveAlone) {
  Batch<float> const q({2, 4, 21, 12}, 1), k({2, 2, 21, 12}, 2, -0.4, 0.4), v({2, 2, 21, 40}, 3),
      decay({2, 2, 21, 12}, 4, -1, 0), rate({2, 1, 21, 1}, 5, 0, 1);
  at::Gates<float> const gates{decay.heads(), at::heads(rate.numbers.data(), HeadsShape{2, 2, 21, 1}, {21, 0, 1, 1})};
  for (Index const threads : {1, 2, 7}) {
    at::ThreadPool pool(threads);
    Batch<float> out({2, 4, 21, 40}, 6);
    at::LinearState<float> state(2, 2, 12, 40);
    at::RecurrentAttention{}.forward_into(out.heads(), q.heads(), k.heads(), v.heads(), pool, gates, state);
    for (Index b = 0; b < 2; ++b)
      for (Index h = 0; h < 4; ++h) {
        Matrix<float> const g = decay.matrix(b, h / 2), r = rate.matrix(b, 0);
        at::LinearState<float> alone(12, 40);
        Matrix<float> const wanted =
            at::recurrent_attention(q.matrix(b, h), k.matrix(b, h / 2), v.matrix(b, h / 2),
                                    at::Gates<float>{at::heads(g.data(), HeadsShape{1, 1, 21, 12}),
                                                     at::heads(r.data(), HeadsShape{1, 1, 21, 1})},
                                    alone);
        ASSERT_EQ(out.matrix(b, h), wanted) << threads << " threads, head " << h;
        for (Index f = 0; f < 12; ++f)
          for (Index c = 0; c < 40; ++c)
            ASSERT_EQ(state.matrices()(b, h / 2, f, c), alone.matrices()(0, 0, f, c)) << f << ", " << c;
      }
  }
}

TEST(RecurrentAttention, PaddingIsNotRead) {
  Tokens<float> const t(12, 5, 6, 3);
  Tokens<float> padded = t;
  padded.k.bottomRows(4).setConstant(std::numeric_limits<float>::quiet_NaN());
  padded.v.bottomRows(4).setConstant(std::numeric_limits<float>::infinity());
  padded.decay.bottomRows(4).setConstant(std::numeric_limits<float>::quiet_NaN());
  padded.rate.bottomRows(4).setConstant(std::numeric_limits<float>::quiet_NaN());
  at::LinearState<float> state(5, 6), short_state(5, 6);
  auto const out = at::recurrent_attention(padded.q, padded.k, padded.v, padded.gates(), at::Lengths{8}, state);
  auto const wanted =
      at::recurrent_attention(t.q.topRows(8), t.k.topRows(8), t.v.topRows(8), t.gates(0, 8), short_state);
  EXPECT_EQ(out.topRows(8), wanted);
  EXPECT_TRUE(out.array().isFinite().all());
  for (Index f = 0; f < 5; ++f)
    for (Index c = 0; c < 6; ++c) EXPECT_EQ(state.matrices()(0, 0, f, c), short_state.matrices()(0, 0, f, c));
  at::RecurrentAttention const op;
  auto const g = op.backward(padded.q, padded.k, padded.v, t.v, padded.gates(), at::Lengths{8});
  EXPECT_TRUE(g.query.allFinite() && g.key.allFinite());
  EXPECT_TRUE(g.key.bottomRows(4).isZero(0) && g.value.bottomRows(4).isZero(0));
  EXPECT_TRUE(g.decay.bottomRows(4).isZero(0) && g.rate.bottomRows(4).isZero(0));
}

TEST(RecurrentAttention, TouchesNoHeapWithAWorkspace) {
  Batch<float> const q({1, 2, 37, 20}, 1), k({1, 2, 37, 20}, 2), v({1, 2, 37, 30}, 3);
  Batch<float> out({1, 2, 37, 30}, 4), d_q({1, 2, 37, 20}, 5), d_k = d_q, d_v({1, 2, 37, 30}, 6);
  at::Workspace workspace;
  at::RecurrentAttention const op;
  auto const call = [&] {
    op.forward_into(out.heads(), q.heads(), k.heads(), v.heads(), workspace);
    op.backward_into(at::RecurrentGradientHeads<float>{d_q.heads(), d_k.heads(), d_v.heads()}, q.heads(), k.heads(),
                     v.heads(), std::as_const(out).heads(), workspace);
  };
  call();
  long const before = allocations();
  call();
  EXPECT_EQ(allocations(), before);
}

TEST(RecurrentAttention, RefusesWhatDoesNotFit) {
  Tokens<float> const t(6, 3, 2, 3), longer(7, 3, 2, 3);
  auto const refused = [](auto const& call, std::vector<std::string> const& words) {
    sentences::expect_sentence(call, words);
  };
  at::RecurrentAttention const op;
  refused([&] { (void)op.forward(t.q, longer.k, longer.v); }, {"recurrent_attention", "6", "7", "token"});
  refused([&] { (void)op.forward(t.q, t.k, t.v, longer.gates()); }, {"decay", "6", "7"});
  at::Gates<float> rate_only{{}, longer.gates().rate};
  refused([&] { (void)op.forward(t.q, t.k, t.v, rate_only); }, {"rate", "6", "7"});
  at::LinearState<float> wrong(2, 3);
  refused([&] { (void)op.forward(t.q, t.k, t.v, wrong); }, {"state", "2", "3"});
  Matrix<float> q = t.q;
  auto const read = at::heads(std::as_const(q).data(), HeadsShape{1, 1, 6, 3});
  auto const d_v = random_matrix<float>(6, 2, 9);
  Matrix<float> d_k(6, 3), d_values(6, 2);
  refused(
      [&] {
        op.backward_into(at::RecurrentGradientHeads<float>{at::heads(q.data(), HeadsShape{1, 1, 6, 3}),
                                                           at::heads(d_k.data(), HeadsShape{1, 1, 6, 3}),
                                                           at::heads(d_values.data(), HeadsShape{1, 1, 6, 2})},
                         read, read, at::heads(t.v.data(), HeadsShape{1, 1, 6, 2}),
                         at::heads(d_v.data(), HeadsShape{1, 1, 6, 2}));
      },
      {"d_q shares memory with q"});
  EXPECT_EQ(q, t.q);
  auto const heads_of = [](Matrix<float>& m) { return at::heads(m.data(), HeadsShape{1, 1, m.rows(), m.cols()}); };
  Matrix<float> d_q(6, 3);
  refused(
      [&] {
        op.backward_into(
            at::RecurrentGradientHeads<float>{heads_of(d_q), heads_of(d_k), heads_of(d_values), heads_of(d_k)}, read,
            read, at::heads(t.v.data(), HeadsShape{1, 1, 6, 2}), at::heads(d_v.data(), HeadsShape{1, 1, 6, 2}),
            t.gates());
      },
      {"d_k shares memory with d_decay"});
}

}  // namespace recurrent_attention_tests
