#include <attend/core/thread_pool.hpp>
#include <attend/hard/hard_attention.hpp>
#include <attend/hard/leave_one_out.hpp>
#include <attend/hard/reinforce.hpp>
#include <attend/mask.hpp>
#include <attend/score.hpp>

#include "hard/enumerate.hpp"
#include "hard/gradients.hpp"

#include <tuple>
#include <vector>

/// Kernels take long to compile, those of backward above all, so that two serve nearly all tests: scaled dot product
/// under Causal, which with an offset hides nothing, and one call with policies of every kind.

namespace hard_attention_backward_tests {

using attend::Causal;
using attend::HardAttention;
using attend::Index;
using attend::Picked;
using gradients::Matrix;
using gradients::Vector;

/// Hides nothing.
Causal const everything = Causal::from(1000);

using Additive = attend::Additive<double>;

/// A learned similarity and adjuster of d features, adjusters and masks of one's own, and a temperature. The bias has a
/// number for each pair.
[[nodiscard]] auto policies(Index d, attend::Grid<double> bias) {
  return std::make_tuple(
      Additive(gradients::normal(4, d, 96), gradients::normal(4, d, 97), gradients::normal(4, 98)),
      [](auto score, auto p) { return score * score - 0.125 * (p.query - p.key); },
      attend::Bias<double>(std::move(bias)), [](auto p) { return p.key != 1; }, attend::Softmax{.temperature = 0.6});
}
[[nodiscard]] auto policies(Index d, Matrix const& bias) { return policies(d, attend::Grid<double>(bias)); }

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
  template <class... Policies>
  [[nodiscard]] Picked<double> picked(Matrix const& keys, Policies const&... policies) const {
    auto const found = attend::reference::forward(q, k, v, policies...);
    Matrix const w = attend::reference::weights(q, k, policies...);
    Picked<double> result{
        {}, keys.cast<Index>(), {}, Vector::Zero(n), attend::SparseWeights<double>(m), found.log_sum_exp};
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
    auto const g = op.backward(q, k, v, game.picked(keys, policies...), Matrix::Zero(n, 2),
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
    expect_unbiased(game, everything);
    expect_unbiased(game, Causal{});
    std::apply([&](auto const&... policy) { expect_unbiased(game, policy...); },
               policies(3, gradients::normal(3, 4, seed + 9)));
  }
}

/// M = 2 with leave-one-out: all pairs of picks of one query.
TEST(HardAttentionBackward, SamplesOfARowAddUp) {
  Game const game(1, 5, 7);
  HardAttention const op{everything};
  Matrix const w = attend::reference::weights(game.q, game.k, everything);
  Matrix d_query = Matrix::Zero(1, 3);
  enumerate::for_each_tuple(5, 2, [&](std::vector<Index> const& picks) {
    Vector const rewards = game.rewards(picks);
    Matrix const keys{{static_cast<double>(picks[0]), static_cast<double>(picks[1])}};
    Vector const c = attend::Reinforce<double>::coefficients(rewards, attend::LeaveOneOut::values(rewards));
    auto const g =
        op.backward(game.q, game.k, game.v, game.picked(keys, everything), Matrix::Zero(1, 2), c.transpose());
    d_query += w(0, picks[0]) * w(0, picks[1]) * g.query;
  });
  gradients::expect_gradient(
      d_query, game.q,
      [&](Matrix const& moved) { return game.expected(attend::reference::weights(moved, game.k, everything)); }, "q");
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
}

TEST(HardAttentionBackward, DerivativesByLogProbabilitiesAndEntropies) {
  expect_derivatives(5, 7, everything);
  expect_derivatives(20, 13, Causal{});  // 7 queries see nothing
  expect_derivatives(12, 12, attend::Documents{std::vector<Index>{5, 7}}, Causal{});
  std::apply([&](auto const&... policy) { expect_derivatives(13, 20, policy...); },
             policies(4, gradients::normal(13, 20, 9)));
}

TEST(HardAttentionBackward, TheSameForAnyNumberOfThreads) {
  Matrix const q = gradients::normal(70, 4, 1), k = gradients::normal(90, 4, 2), v = gradients::normal(90, 3, 3);
  Matrix const c = gradients::normal(70, 2, 4), d_output = gradients::normal(70, 3, 5);
  HardAttention const op{Causal{}};
  auto const picked = op.sample(q, k, v, {.seed = 8, .samples = 2});
  auto const alone = op.backward(q, k, v, picked, d_output, c);
  attend::ThreadPool pool(3);
  auto const again = op.backward(q, k, v, picked, d_output, c, pool);
  EXPECT_EQ(again.query, alone.query);
  EXPECT_EQ(again.key, alone.key);
  EXPECT_EQ(again.value, alone.value);
}

TEST(HardAttentionBackward, LearnedPoliciesHaveGradientsToo) {
  Index const n = 4, m = 6;
  Matrix const q = gradients::normal(n, 3, 1), k = gradients::normal(m, 3, 2), v = gradients::normal(m, 2, 3);
  Matrix const c = gradients::normal(n, 1, 4), bias = gradients::normal(n, m, 9);
  Vector const bonus = gradients::normal(n, 5);
  auto const given = policies(3, bias);
  auto const loss = [&](Additive const& additive, Matrix const& moved_bias, attend::KeyMatrix const& keys) {
    auto moved = policies(3, moved_bias);
    std::get<0>(moved) = additive;
    Matrix const w =
        std::apply([&](auto const&... policy) { return Matrix(attend::reference::weights(q, k, policy...)); }, moved);
    double sum = 0;
    for (Index i = 0; i < n; ++i) {
      for (Index j = 0; j < m; ++j) sum -= w(i, j) > 0 ? bonus(i) * w(i, j) * std::log(w(i, j)) : 0;
      sum += c(i, 0) * std::log(w(i, keys(i, 0)));
    }
    return sum;
  };
  auto const op = std::apply([](auto const&... policy) { return HardAttention{policy...}; }, given);
  auto const picked = op.sample(q, k, v, {.seed = 8});
  auto const g = op.backward(q, k, v, picked, Matrix::Zero(n, 2), c, bonus);
  Additive const &additive = std::get<0>(given), &found = std::get<Additive>(g.policies);
  gradients::expect_gradient(
      found.w, additive.w,
      [&](Matrix const& w) { return loss(Additive{w, additive.u, additive.a}, bias, picked.keys); }, "w");
  gradients::expect_gradient(
      found.u, additive.u,
      [&](Matrix const& u) { return loss(Additive{additive.w, u, additive.a}, bias, picked.keys); }, "u");
  gradients::expect_gradient(
      Vector(found.a), Vector(additive.a),
      [&](Vector const& a) { return loss(Additive{additive.w, additive.u, a}, bias, picked.keys); }, "a");
  auto const numbers = std::get<attend::Bias<double>>(g.policies).grid().numbers();
  gradients::expect_gradient(
      Matrix(Eigen::Map<Matrix const>(numbers.data(), n, m)), bias,
      [&](Matrix const& moved) { return loss(additive, moved, picked.keys); }, "bias");
}

TEST(HardAttentionBackward, ABiasOfMinusInfinityHides) {
  Matrix bias = Matrix::Zero(4, 6);
  bias.col(2).setConstant(-std::numeric_limits<double>::infinity());
  bias.row(1).setConstant(-std::numeric_limits<double>::infinity());
  std::apply([&](auto const&... policy) { expect_derivatives(4, 6, policy...); }, policies(4, bias));
}

/// Heads of a batch, side by side.
struct Batch {
  attend::HeadsShape shape;
  Vector numbers;

  Batch(attend::HeadsShape of, unsigned seed)
      : shape(of), numbers(gradients::normal(of.batch * of.heads * of.length * of.dim, seed)) {}
  [[nodiscard]] attend::Heads<double const> view() const { return {numbers.data(), shape, strides()}; }
  [[nodiscard]] Matrix head(Index b, Index h) const { return head_of(numbers.data(), shape, b, h); }
  [[nodiscard]] static Matrix head_of(double const* from, attend::HeadsShape const& of, Index b, Index h) {
    return Eigen::Map<Matrix const>(from + (b * of.heads + h) * of.length * of.dim, of.length, of.dim);
  }

 private:
  [[nodiscard]] attend::HeadsStrides strides() const {
    return {shape.heads * shape.length * shape.dim, shape.length * shape.dim, shape.dim, 1};
  }
};

/// Two sequences of four heads, two to a head of keys, and a bias of each head's own.
TEST(HardAttentionBackward, HeadsAreTheSumOfTheirOwnCalls) {
  Index const n = 5, m = 7, d = 3;
  Batch const q({2, 4, n, d}, 1), k({2, 2, m, d}, 2), v({2, 2, m, 2}, 3), d_output({2, 4, n, 2}, 4);
  Batch const bias({2, 4, n, m}, 5);
  Matrix const c = gradients::normal(2 * 4 * n, 3, 6);
  Vector const bonus = gradients::normal(2 * 4 * n, 7);
  auto const with = [](auto const& given) {
    return std::apply([](auto const&... policy) { return HardAttention{policy...}; }, given);
  };
  auto const op = with(policies(d, attend::Grid<double>(bias.numbers.data(), {2, 4, n, m})));
  auto const picked = op.sample(q.view(), k.view(), v.view(), {.seed = 8, .samples = 3});
  auto const g = op.backward(q.view(), k.view(), v.view(), picked, d_output.view(), c, bonus);
  EXPECT_EQ(g.query_shape, q.shape);
  EXPECT_EQ(g.key_shape, k.shape);
  EXPECT_EQ(g.value_shape, v.shape);
  auto const bias_found = std::get<attend::Bias<double>>(g.policies).grid().numbers();
  Matrix d_w = Matrix::Zero(4, d);
  std::vector<Matrix> d_key(4, Matrix::Zero(m, d)), d_value(4, Matrix::Zero(m, 2));
  for (Index b = 0; b < 2; ++b)
    for (Index h = 0; h < 4; ++h) {
      Index const row = (b * 4 + h) * n;
      auto const alone = with(policies(d, bias.head(b, h)))
                             .backward(q.head(b, h), k.head(b, h / 2), v.head(b, h / 2), picked.head(b, h),
                                       d_output.head(b, h), c.middleRows(row, n), bonus.segment(row, n));
      gradients::expect_close(Batch::head_of(g.query.data(), q.shape, b, h), alone.query, 1e-12, "q");
      auto const wanted = std::get<attend::Bias<double>>(alone.policies).grid().numbers();
      gradients::expect_close(Batch::head_of(bias_found.data(), bias.shape, b, h),
                              Matrix(Eigen::Map<Matrix const>(wanted.data(), n, m)), 1e-12, "bias");
      d_w += std::get<Additive>(alone.policies).w;
      d_key[static_cast<std::size_t>(b * 2 + h / 2)] += alone.key;
      d_value[static_cast<std::size_t>(b * 2 + h / 2)] += alone.value;
    }
  gradients::expect_close(std::get<Additive>(g.policies).w, d_w, 1e-12, "w");
  for (Index b = 0; b < 2; ++b)
    for (Index h = 0; h < 2; ++h) {
      gradients::expect_close(Batch::head_of(g.key.data(), k.shape, b, h), d_key[static_cast<std::size_t>(b * 2 + h)],
                              1e-12, "k");
      gradients::expect_close(Batch::head_of(g.value.data(), v.shape, b, h),
                              d_value[static_cast<std::size_t>(b * 2 + h)], 1e-12, "v");
    }
}

/// Two heads of two queries each over one head of keys: the sum over all picks of the four, weighed by their
/// probabilities, is the gradient of the expected reward.
TEST(HardAttentionBackward, HeadsAreUnbiasedOverAllPicks) {
  Index const n = 2, m = 3, d = 3;
  Batch const q({1, 2, n, d}, 1), k({1, 1, m, d}, 2), v({1, 1, m, 2}, 3), d_output({1, 2, n, 2}, 4);
  Vector const rewards = gradients::normal(81, 5);
  HardAttention const op{everything};
  auto const weights = [&](Vector const& query, Vector const& key) {
    return Matrix(attend::reference::weights(Matrix(Eigen::Map<Matrix const>(query.data(), 2 * n, d)),
                                             Matrix(Eigen::Map<Matrix const>(key.data(), m, d)), everything));
  };
  auto const for_all = [&](Matrix const& w, auto const& use) {  // use(picks, probability, reward)
    enumerate::for_each_tuple(m, 2 * n, [&](std::vector<Index> const& picks) {
      double p = 1;
      Index number = 0;
      for (Index i = 0; i < 2 * n; ++i) {
        p *= w(i, picks[static_cast<std::size_t>(i)]);
        number = number * m + picks[static_cast<std::size_t>(i)];
      }
      use(picks, p, rewards(number));
    });
  };
  auto const expected = [&](Vector const& query, Vector const& key) {
    double sum = 0;
    for_all(weights(query, key), [&](auto const&, double p, double reward) { sum += p * reward; });
    return sum;
  };
  auto picked = op.sample(q.view(), k.view(), v.view(), {});
  Vector d_query = Vector::Zero(q.numbers.size()), d_key = Vector::Zero(k.numbers.size());
  for_all(weights(q.numbers, k.numbers), [&](std::vector<Index> const& picks, double p, double reward) {
    for (Index i = 0; i < 2 * n; ++i) picked.rows.keys(i, 0) = picks[static_cast<std::size_t>(i)];
    auto const g = op.backward(q.view(), k.view(), v.view(), picked, d_output.view(),
                               Matrix::Constant(2 * n, 1, reward - 0.5));  // any baseline
    d_query += p * Eigen::Map<Vector const>(g.query.data(), d_query.size());
    d_key += p * Eigen::Map<Vector const>(g.key.data(), d_key.size());
  });
  gradients::expect_gradient(d_query, q.numbers, [&](Vector const& moved) { return expected(moved, k.numbers); }, "q");
  gradients::expect_gradient(d_key, k.numbers, [&](Vector const& moved) { return expected(q.numbers, moved); }, "k");
}

TEST(HardAttentionBackward, FloatWithoutPoliciesIsNearDouble) {
  Matrix const q = gradients::normal(6, 4, 1), k = gradients::normal(9, 4, 2), v = gradients::normal(9, 3, 3);
  Matrix const d_output = gradients::normal(6, 3, 4), c = gradients::normal(6, 2, 5);
  Vector const bonus = gradients::normal(6, 6);
  HardAttention const op{everything};
  HardAttention const op_float;
  attend::Matrix<float> const q_float = q.cast<float>(), k_float = k.cast<float>(), v_float = v.cast<float>();
  auto const picked = op.sample(q, k, v, {.seed = 8, .samples = 2});
  auto const picked_float = op_float.sample(q_float, k_float, v_float, {.seed = 8, .samples = 2});
  ASSERT_EQ(picked.keys, picked_float.keys);
  auto const wanted = op.backward(q, k, v, picked, d_output, c, bonus);
  auto const found = op_float.backward(q_float, k_float, v_float, picked_float, d_output, c, bonus);
  gradients::expect_close(Matrix(found.query.cast<double>()), wanted.query, 1e-5, "q");
  gradients::expect_close(Matrix(found.key.cast<double>()), wanted.key, 1e-5, "k");
  gradients::expect_close(Matrix(found.value.cast<double>()), wanted.value, 1e-6, "v");
}

TEST(HardAttentionBackward, HiddenNaNHasNoGradient) {
  Matrix const q = gradients::normal(6, 4, 1), v = gradients::normal(6, 3, 3), c = gradients::normal(6, 1, 4);
  Matrix k = gradients::normal(6, 4, 2);
  HardAttention const op{Causal::from(-1)};  // nobody sees the last key
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
  HardAttention const op{everything};
  auto const picked = op.sample(q, k, v, {.samples = 2});
  Matrix const d = Matrix::Zero(3, 2);
  EXPECT_NO_THROW((void)op.backward(q, k, v, picked, d, d));
  EXPECT_THROW((void)op.backward(q.topRows(2), k, v, picked, d, d), attend::Error);
  EXPECT_THROW((void)op.backward(q, k.topRows(4), v.topRows(4), picked, d, d), attend::Error);
  EXPECT_THROW((void)op.backward(q, k, v.topRows(4), picked, d, d), attend::Error);
  EXPECT_THROW((void)op.backward(q, k, v, picked, Matrix::Zero(3, 3), d), attend::Error);
  EXPECT_THROW((void)op.backward(q, k, v, picked, d, Matrix::Zero(3, 1)), attend::Error);
  EXPECT_THROW((void)op.backward(q, k, v, picked, d, d, Vector::Zero(2)), attend::Error);
  Batch const heads({1, 2, 3, 4}, 1), keys({1, 2, 5, 4}, 2), values({1, 2, 5, 2}, 3), d_heads({1, 2, 3, 2}, 4);
  auto const of_heads = op.sample(heads.view(), keys.view(), values.view(), {.samples = 2});
  Matrix const d_rows = Matrix::Zero(6, 2);
  EXPECT_NO_THROW((void)op.backward(heads.view(), keys.view(), values.view(), of_heads, d_heads.view(), d_rows));
  EXPECT_THROW((void)op.backward(heads.view(), keys.view(), values.view(), of_heads, d_heads.view(), d), attend::Error);
  EXPECT_THROW((void)op.backward(heads.view(), keys.view(), values.view(), of_heads, values.view(), d_rows),
               attend::Error);
  EXPECT_THROW((void)op.backward(keys.view(), keys.view(), values.view(), of_heads, d_heads.view(), d_rows),
               attend::Error);
}

}  // namespace hard_attention_backward_tests
