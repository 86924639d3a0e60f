#include <attend/linear.hpp>

#include "linear/problem.hpp"

#include <attend/core/thread_pool.hpp>
#include <attend/testing/central_difference.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <utility>

/// Gradients against central differences in double: every number of every input.

namespace linear_gradients_tests {

namespace at = attend;
using namespace linear_problem;

/// Expects that `gradient` is that of loss() by the numbers of x.
template <class Loss>
void expect_slopes(std::vector<double>& x, std::vector<double> const& gradient, Loss const& loss, char const* name) {
  ASSERT_EQ(x.size(), gradient.size()) << name;
  for (std::size_t i = 0; i < x.size(); ++i) {
    double const was = x[i];
    double const slope = at::testing::central_difference(
        [&](double h) {
          x[i] = was + h;
          return loss();
        },
        was);
    x[i] = was;
    ASSERT_NEAR(gradient[i], slope, 1e-6 * std::max(1.0, std::abs(slope))) << name << " " << i;
  }
}

[[nodiscard]] double dot(std::vector<double> const& a, std::vector<double> const& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

template <class Op>
void expect_gradients_of_linear(Op const& op, Index n, Index m, char const* what) {
  SCOPED_TRACE(testing::Message() << what << ", " << n << " queries, " << m << " keys");
  Batch<double> q({2, 2, n, 5}, 1), k({2, 1, m, 5}, 2), v({2, 1, m, 7}, 3);
  Batch<double> const d_output({2, 2, n, 7}, 4);
  Batch<double> d_q(q.shape, 5), d_k(k.shape, 6), d_v(v.shape, 7), out(d_output.shape, 8);
  at::ThreadPool pool(2);
  op.backward_into(d_q.heads(), d_k.heads(), d_v.heads(), q.heads(), k.heads(), v.heads(), d_output.heads(), pool);
  auto const loss = [&] {
    op.forward_into(out.heads(), q.heads(), k.heads(), v.heads());
    return dot(out.numbers, d_output.numbers);
  };
  expect_slopes(q.numbers, d_q.numbers, loss, "d_q");
  expect_slopes(k.numbers, d_k.numbers, loss, "d_k");
  expect_slopes(v.numbers, d_v.numbers, loss, "d_v");
}

TEST(LinearGradients, OfLinearAttentionAreThoseOfDifferences) {
  for (auto const& [n, m] : {std::pair<Index, Index>{9, 9}, {3, 12}, {12, 5}, {1, 1}, {70, 70}}) {
    if (n == 70) {
      expect_gradients_of_linear(at::LinearAttention{at::Causal{}}, 20, 50, "causal");  // more than one stretch
      continue;
    }
    expect_gradients_of_linear(at::LinearAttention{}, n, m, "all");
    expect_gradients_of_linear(at::LinearAttention{at::Causal{}}, n, m, "causal");
    expect_gradients_of_linear(
        at::LinearAttention{at::Causal::from(std::vector<Index>{2, -2}),
                            at::Lengths{std::vector<Index>{(m + 1) / 2, m}}, [](auto x) { return at::exp(x) + x * x; }},
        n, m, "offsets, lengths and a map of one's own");
  }
}

/// rule: 1 decays for each feature, 2 rates, 4 decays for all features together
void expect_gradients_of_rule(int rule, Index n) {
  SCOPED_TRACE(testing::Message() << "rule " << rule << ", " << n << " tokens");
  Index const d = 5, e = 19;
  Batch<double> q({1, 2, n, d}, 1), k({1, 1, n, d}, 2, -0.5, 0.5), v({1, 1, n, e}, 3);
  Batch<double> decay({1, 1, n, rule & 4 ? 1 : d}, 4, -1, 0), rate({1, 1, n, 1}, 5, 0, 1);
  Batch<double> before({1, 1, d, e}, 6);
  Batch<double> const d_output({1, 2, n, e}, 7), d_after({1, 1, d, e}, 8);
  Batch<double> d_q(q.shape, 9), d_k(k.shape, 10), d_v(v.shape, 11), d_decay(decay.shape, 12), d_rate(rate.shape, 13),
      d_before(before.shape, 14), out(d_output.shape, 15);
  bool const decays = (rule & 5) != 0, corrects = (rule & 2) != 0;
  auto const gates = [&] {
    at::Gates<double> g;
    if (decays) g.decay = std::as_const(decay).heads();
    if (corrects) g.rate = std::as_const(rate).heads();
    return g;
  };
  auto const begin = [&] {
    at::LinearState<double> state(d, e);
    std::copy(before.numbers.begin(), before.numbers.end(), state.matrices().data());
    return state;
  };
  at::RecurrentAttention const op(0.8);
  at::RecurrentGradientHeads<double> gradients{d_q.heads(), d_k.heads(), d_v.heads()};
  if (decays) gradients.decay = d_decay.heads();
  if (corrects) gradients.rate = d_rate.heads();
  at::LinearState<double> const state_before = begin();
  op.backward_into(gradients, q.heads(), k.heads(), v.heads(), d_output.heads(), gates(), state_before,
                   at::StateGradients<double>{d_after.heads(), d_before.heads()});
  auto const loss = [&] {
    at::LinearState<double> state = begin();
    op.forward_into(out.heads(), q.heads(), k.heads(), v.heads(), gates(), state);
    std::vector<double> const after(state.matrices().data(), state.matrices().data() + d * e);
    return dot(out.numbers, d_output.numbers) + dot(after, d_after.numbers);
  };
  expect_slopes(q.numbers, d_q.numbers, loss, "d_q");
  expect_slopes(k.numbers, d_k.numbers, loss, "d_k");
  expect_slopes(v.numbers, d_v.numbers, loss, "d_v");
  expect_slopes(before.numbers, d_before.numbers, loss, "d_before");
  if (decays) expect_slopes(decay.numbers, d_decay.numbers, loss, "d_decay");
  if (corrects) expect_slopes(rate.numbers, d_rate.numbers, loss, "d_rate");
}

TEST(LinearGradients, OfEveryRuleAreThoseOfDifferences) {
  for (int const rule : {0, 1, 2, 3, 4, 6})
    for (Index const n : {1, 7, 20}) expect_gradients_of_rule(rule, n);
}

/// A sequence in two calls: the gradient by the state between them is what joins their gradients.
TEST(LinearGradients, OfASequenceInTwoCallsAreThoseOfOne) {
  Index const n = 30, cut = 13, d = 6, e = 8;
  Matrix<double> const q = random_matrix<double>(n, d, 1), k = random_matrix<double>(n, d, 2, -0.5, 0.5),
                       v = random_matrix<double>(n, e, 3), d_output = random_matrix<double>(n, e, 4),
                       decay = random_matrix<double>(n, d, 5, -1, 0), rate = random_matrix<double>(n, 1, 6, 0, 1);
  at::RecurrentAttention const op;
  auto const gates = [&](Index first, Index count) {
    return at::Gates<double>{at::heads(decay.data() + first * d, HeadsShape{1, 1, count, d}),
                             at::heads(rate.data() + first, HeadsShape{1, 1, count, 1})};
  };
  auto const whole = op.backward(q, k, v, d_output, gates(0, n));
  at::LinearState<double> between(d, e), d_between(d, e);
  (void)op.forward(q.topRows(cut), k.topRows(cut), v.topRows(cut), gates(0, cut), between);
  Index const rest = n - cut;
  auto const second =
      op.backward(q.bottomRows(rest), k.bottomRows(rest), v.bottomRows(rest), d_output.bottomRows(rest),
                  gates(cut, rest), std::as_const(between), at::StateGradients<double>{{}, d_between.matrices()});
  auto const first = op.backward(q.topRows(cut), k.topRows(cut), v.topRows(cut), d_output.topRows(cut), gates(0, cut),
                                 at::StateGradients<double>{std::as_const(d_between).matrices()});
  auto const joined = [](Matrix<double> const& a, Matrix<double> const& b) {
    Matrix<double> both(a.rows() + b.rows(), a.cols());
    both << a, b;
    return both;
  };
  EXPECT_LT((joined(first.query, second.query) - whole.query).cwiseAbs().maxCoeff(), 1e-13);
  EXPECT_LT((joined(first.key, second.key) - whole.key).cwiseAbs().maxCoeff(), 1e-13);
  EXPECT_LT((joined(first.value, second.value) - whole.value).cwiseAbs().maxCoeff(), 1e-13);
  EXPECT_LT((joined(first.decay, second.decay) - whole.decay).cwiseAbs().maxCoeff(), 1e-13);
  EXPECT_LT((joined(first.rate, second.rate) - whole.rate).cwiseAbs().maxCoeff(), 1e-13);
}

/// Into memory full of NaN with features apart from each other, on threads: the same bits.
TEST(LinearGradients, GoToAnyStridesWithTheSameBits) {
  Batch<float> const q({2, 2, 20, 9}, 1), k({2, 2, 20, 9}, 2), v({2, 2, 20, 6}, 3), d_output({2, 2, 20, 6}, 4);
  at::LinearAttention const op{at::Causal{}};
  Batch<float> d_q(q.shape, 5), d_k(k.shape, 6), d_v(v.shape, 7);
  op.backward_into(d_q.heads(), d_k.heads(), d_v.heads(), q.heads(), k.heads(), v.heads(), d_output.heads());
  at::ThreadPool pool(3);
  struct Across {
    HeadsShape shape;
    std::vector<float> numbers;
    explicit Across(HeadsShape const& s)
        : shape(s), numbers(static_cast<std::size_t>(s.batch * s.heads * s.length * s.dim), std::nanf("")) {}
    [[nodiscard]] Heads<float> heads() {
      Index const head = shape.length * shape.dim;
      return at::heads(numbers.data(), shape, {shape.heads * head, head, 1, shape.length});
    }
  };
  Across across_q(q.shape), across_k(k.shape), across_v(v.shape);
  op.backward_into(across_q.heads(), across_k.heads(), across_v.heads(), q.heads(), k.heads(), v.heads(),
                   d_output.heads(), pool);
  auto const expect_same = [](Across& found, Batch<float> const& wanted) {
    HeadsShape const& s = wanted.shape;
    for (Index b = 0; b < s.batch; ++b)
      for (Index h = 0; h < s.heads; ++h)
        for (Index i = 0; i < s.length; ++i)
          for (Index f = 0; f < s.dim; ++f) ASSERT_EQ(found.heads()(b, h, i, f), wanted.heads()(b, h, i, f));
  };
  expect_same(across_q, d_q);
  expect_same(across_k, d_k);
  expect_same(across_v, d_v);
}

}  // namespace linear_gradients_tests
