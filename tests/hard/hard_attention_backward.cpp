#include <attend/core/thread_pool.hpp>
#include <attend/hard/hard_attention.hpp>
#include <attend/hard/leave_one_out.hpp>
#include <attend/hard/reinforce.hpp>
#include <attend/mask.hpp>
#include <attend/score.hpp>

#include "hard/enumerate.hpp"
#include "hard/gradients.hpp"

namespace {

using attend::HardAttention;
using attend::Index;
using attend::Picked;
using gradients::Matrix;
using gradients::Vector;

/// A few queries and keys whose picks earn together: r (picks of all rows) is one number for each combination.
struct Game {
  Matrix q, k, v;
  Index n, m;
  Vector rewards;  // (mⁿ)

  Game(Index queries, Index keys, unsigned seed)
      : q(gradients::normal(queries, 3, seed)),
        k(gradients::normal(keys, 3, seed + 1)),
        v(gradients::normal(keys, 2, seed + 2)),
        n(queries),
        m(keys),
        rewards(gradients::normal(static_cast<Index>(std::pow(keys, queries)), seed + 3)) {}

  [[nodiscard]] double reward(std::vector<Index> const& picks) const {
    Index number = 0;
    for (Index const pick : picks) number = number * m + pick;
    return rewards(number);
  }
  /// Σ_picks p(picks) r(picks), from the dense weights.
  [[nodiscard]] double expected(Matrix const& w) const {
    double sum = 0;
    enumerate::for_each_tuple(m, n, [&](std::vector<Index> const& picks) {
      double p = 1;
      for (Index i = 0; i < n; ++i) p *= w(i, picks[static_cast<std::size_t>(i)]);
      sum += p * reward(picks);
    });
    return sum;
  }
  /// What a call would have returned, had it drawn these keys.
  [[nodiscard]] Picked<double> picked(Matrix const& w, Matrix const& keys) const {
    Picked<double> result{{}, keys.cast<Index>(), {}, Vector::Zero(n), attend::SparseWeights<double>(m)};
    for (Index i = 0; i < n; ++i) {
      for (Index j = 0; j < m; ++j) result.entropy(i) -= w(i, j) > 0 ? w(i, j) * std::log(w(i, j)) : 0;
      std::vector<attend::KeyWeight<double>> row;
      for (Index s = 0; s < keys.cols(); ++s)
        if (keys(i, s) >= 0) row.push_back({static_cast<Index>(keys(i, s)), 1 / static_cast<double>(keys.cols())});
      result.weights.add_row(row);
    }
    return result;
  }
};

/// Σ_picks p(picks) · backward(picks) is the gradient of the expected reward by q and k.
template <class... Policies>
void expect_unbiased(Game const& game, Policies const&... policies) {
  Matrix const &q = game.q, &k = game.k, &v = game.v;
  Index const n = game.n, m = game.m;
  HardAttention const op{policies...};
  auto const weights = [&](Matrix const& some_q, Matrix const& some_k) {
    return Matrix(attend::reference::weights(some_q, some_k, policies...));
  };
  Matrix const w = weights(q, k);
  Matrix d_query = Matrix::Zero(n, 3), d_key = Matrix::Zero(m, 3);
  enumerate::for_each_tuple(m, n, [&](std::vector<Index> const& picks) {
    double p = 1;
    Matrix keys(n, 1);
    for (Index i = 0; i < n; ++i) {
      p *= w(i, picks[static_cast<std::size_t>(i)]);
      keys(i, 0) = static_cast<double>(picks[static_cast<std::size_t>(i)]);
    }
    if (p == 0) return;
    auto const g = op.backward(q, k, v, game.picked(w, keys), Matrix::Zero(n, 2),
                               Matrix::Constant(n, 1, game.reward(picks) - 0.5));  // any baseline
    d_query += p * g.query;
    d_key += p * g.key;
  });
  gradients::expect_gradient(d_query, q, [&](Matrix const& moved) { return game.expected(weights(moved, k)); }, "q");
  gradients::expect_gradient(d_key, k, [&](Matrix const& moved) { return game.expected(weights(q, moved)); }, "k");
}

TEST(HardAttentionBackward, IsUnbiasedOverAllPicks) {
  for (unsigned seed = 1; seed <= 3; ++seed) {
    Game const game(3, 4, seed);
    expect_unbiased(game);
    expect_unbiased(game, attend::Bilinear<double>{gradients::normal(3, 3, 9)}, attend::SoftCap{1.5},
                    attend::Softmax{.temperature = 0.6}, attend::Lengths{3});
    expect_unbiased(
        game, [](auto score, auto p) { return score * score - 0.125 * (p.query - p.key); },
        [](auto p) { return p.key != 1; });
  }
}

/// M = 2 with leave-one-out: all pairs of picks of one query.
TEST(HardAttentionBackward, SamplesOfARowAddUp) {
  Game const game(1, 5, 7);
  HardAttention const op;
  Matrix const w = attend::reference::weights(game.q, game.k);
  Matrix d_query = Matrix::Zero(1, 3);
  enumerate::for_each_tuple(5, 2, [&](std::vector<Index> const& picks) {
    Vector const rewards = game.rewards(picks);
    Matrix const keys{{static_cast<double>(picks[0]), static_cast<double>(picks[1])}};
    Vector const c = attend::Reinforce<double>::coefficients(rewards, attend::LeaveOneOut::values(rewards));
    auto const g = op.backward(game.q, game.k, game.v, game.picked(w, keys), Matrix::Zero(1, 2), c.transpose());
    d_query += w(0, picks[0]) * w(0, picks[1]) * g.query;
  });
  gradients::expect_gradient(
      d_query, game.q, [&](Matrix const& moved) { return game.expected(attend::reference::weights(moved, game.k)); },
      "q");
}

/// Every row has a coefficient of its own for each of its picks, and an entropy bonus.
template <class... Policies>
void expect_derivatives(Index n, Index m, Policies const&... policies) {
  Matrix const q = gradients::normal(n, 4, 1), k = gradients::normal(m, 4, 2), v = gradients::normal(m, 3, 3);
  Matrix const c = gradients::normal(n, 2, 4), d_output = gradients::normal(n, 3, 5);
  Vector const bonus = gradients::normal(n, 6);
  HardAttention const op{policies...};
  auto const picked = op.sample(q, k, v, {.seed = 8, .samples = 2});
  auto const loss = [&](Matrix const& some_q, Matrix const& some_k) {
    Matrix const w = attend::reference::weights(some_q, some_k, policies...);
    double sum = 0;
    for (Index i = 0; i < n; ++i) {
      for (Index j = 0; j < m; ++j) sum -= w(i, j) > 0 ? bonus(i) * w(i, j) * std::log(w(i, j)) : 0;
      for (Index s = 0; s < 2; ++s)
        if (picked.keys(i, s) >= 0) sum += c(i, s) * std::log(w(i, picked.keys(i, s)));
    }
    return sum;
  };
  auto const g = op.backward(q, k, v, picked, d_output, c, bonus);
  gradients::expect_gradient(g.query, q, [&](Matrix const& moved) { return loss(moved, k); }, "q");
  gradients::expect_gradient(g.key, k, [&](Matrix const& moved) { return loss(q, moved); }, "k");
  gradients::expect_gradient(
      g.value, v,
      [&](Matrix const& moved) { return weighted_values(picked.weights, moved).cwiseProduct(d_output).sum(); }, "v");

  attend::ThreadPool pool(3);
  auto const again = op.backward(q, k, v, picked, d_output, c, bonus, pool);
  EXPECT_EQ(again.query, g.query);
  EXPECT_EQ(again.key, g.key);
}

TEST(HardAttentionBackward, DerivativesByLogProbabilitiesAndEntropies) {
  expect_derivatives(5, 7);
  expect_derivatives(20, 13, attend::Causal{});  // 7 queries see nothing
  expect_derivatives(13, 20, attend::Softmax{.temperature = 1.7}, attend::SlidingWindow{4, 1});
  expect_derivatives(12, 12, attend::Documents{std::vector<Index>{5, 7}});
}

TEST(HardAttentionBackward, LearnedPoliciesHaveGradientsToo) {
  Index const n = 4, m = 6, hidden = 5;
  Matrix const q = gradients::normal(n, 3, 1), k = gradients::normal(m, 2, 2), v = gradients::normal(m, 2, 3);
  Matrix const c = gradients::normal(n, 1, 4);
  Vector const bonus = gradients::normal(n, 5);
  attend::Additive<double> const additive{gradients::normal(hidden, 3, 6), gradients::normal(hidden, 2, 7),
                                          gradients::normal(hidden, 8)};
  HardAttention const op{additive, attend::Causal{}};
  auto const picked = op.sample(q, k, v, {.seed = 8});
  auto const loss = [&](attend::Additive<double> const& moved, Matrix const& some_q) {
    Matrix const w = attend::reference::weights(some_q, k, moved, attend::Causal{});
    double sum = 0;
    for (Index i = 0; i < n; ++i) {
      for (Index j = 0; j < m; ++j) sum -= w(i, j) > 0 ? bonus(i) * w(i, j) * std::log(w(i, j)) : 0;
      sum += c(i, 0) * std::log(w(i, picked.keys(i, 0)));
    }
    return sum;
  };
  auto const g = op.backward(q, k, v, picked, Matrix::Zero(n, 2), c, bonus);
  auto const& found = std::get<attend::Additive<double>>(g.policies);
  gradients::expect_gradient(g.query, q, [&](Matrix const& moved) { return loss(additive, moved); }, "q");
  gradients::expect_gradient(
      found.w, additive.w,
      [&](Matrix const& w) { return loss(attend::Additive<double>{w, additive.u, additive.a}, q); }, "w");
  gradients::expect_gradient(
      found.u, additive.u,
      [&](Matrix const& u) { return loss(attend::Additive<double>{additive.w, u, additive.a}, q); }, "u");
  gradients::expect_gradient(
      Vector(found.a), Vector(additive.a),
      [&](Vector const& a) { return loss(attend::Additive<double>{additive.w, additive.u, a}, q); }, "a");
}

TEST(HardAttentionBackward, ABiasOfMinusInfinityHides) {
  Matrix bias = Matrix::Zero(4, 6);
  bias.col(2).setConstant(-std::numeric_limits<double>::infinity());
  bias.row(1).setConstant(-std::numeric_limits<double>::infinity());
  expect_derivatives(4, 6, attend::Bias{bias});
}

TEST(HardAttentionBackward, FloatIsNearDouble) {
  Matrix const q = gradients::normal(6, 4, 1), k = gradients::normal(9, 4, 2), v = gradients::normal(9, 3, 3);
  Matrix const d_output = gradients::normal(6, 3, 4), c = gradients::normal(6, 2, 5);
  Vector const bonus = gradients::normal(6, 6);
  HardAttention const op;
  attend::Matrix<float> const q_float = q.cast<float>(), k_float = k.cast<float>(), v_float = v.cast<float>();
  auto const picked = op.sample(q, k, v, {.seed = 8, .samples = 2});
  auto const picked_float = op.sample(q_float, k_float, v_float, {.seed = 8, .samples = 2});
  ASSERT_EQ(picked.keys, picked_float.keys);
  auto const wanted = op.backward(q, k, v, picked, d_output, c, bonus);
  auto const found = op.backward(q_float, k_float, v_float, picked_float, d_output, c, bonus);
  gradients::expect_close(Matrix(found.query.cast<double>()), wanted.query, 1e-5, "q");
  gradients::expect_close(Matrix(found.key.cast<double>()), wanted.key, 1e-5, "k");
  gradients::expect_close(Matrix(found.value.cast<double>()), wanted.value, 1e-6, "v");
}

TEST(HardAttentionBackward, HiddenNaNHasNoGradient) {
  Matrix const q = gradients::normal(6, 4, 1), v = gradients::normal(6, 3, 3), c = gradients::normal(6, 1, 4);
  Matrix k = gradients::normal(6, 4, 2);
  HardAttention const op{attend::Lengths{5}};
  auto const picked = op.sample(q, k, v, {.seed = 8});
  auto const wanted = op.backward(q, k, v, picked, Matrix::Zero(6, 3), c);
  k.row(5).setConstant(std::nan(""));
  auto const found = op.backward(q, k, v, picked, Matrix::Zero(6, 3), c);
  EXPECT_EQ(found.query, wanted.query);
  EXPECT_EQ(found.key, wanted.key);
  EXPECT_EQ(found.key.row(5), Matrix::Zero(1, 4).row(0));
}

TEST(HardAttentionBackward, RefusesWhatDoesNotFit) {
  Matrix const q = gradients::normal(3, 4, 1), k = gradients::normal(5, 4, 2), v = gradients::normal(5, 2, 3);
  HardAttention const op;
  auto const picked = op.sample(q, k, v, {.samples = 2});
  Matrix const d = Matrix::Zero(3, 2);
  EXPECT_NO_THROW((void)op.backward(q, k, v, picked, d, d));
  EXPECT_THROW((void)op.backward(q.topRows(2), k, v, picked, d, d), attend::Error);
  EXPECT_THROW((void)op.backward(q, k.topRows(4), v.topRows(4), picked, d, d), attend::Error);
  EXPECT_THROW((void)op.backward(q, k, v.topRows(4), picked, d, d), attend::Error);
  EXPECT_THROW((void)op.backward(q, k, v, picked, Matrix::Zero(3, 3), d), attend::Error);
  EXPECT_THROW((void)op.backward(q, k, v, picked, d, Matrix::Zero(3, 1)), attend::Error);
  EXPECT_THROW((void)op.backward(q, k, v, picked, d, d, Vector::Zero(2)), attend::Error);
}

}  // namespace
