#include <attend/hard/hard_attention.hpp>

#include <attend/core/thread_pool.hpp>
#include <attend/mask.hpp>
#include <attend/normalize.hpp>
#include <attend/score.hpp>

#include "hard/gradients.hpp"

#include <limits>
#include <vector>

/// Kernels take long to compile and one serves many tests: Causal with an offset hides nothing, all, or what causal
/// attention hides, so that one mask stands for most.

namespace hard_attention_tests {

using attend::Causal;
using attend::Draw;
using attend::HardAttention;
using attend::Index;

template <class Scalar>
struct Problem {
  attend::Matrix<Scalar> q, k, v;

  Problem(Index n, Index m, Index d = 8, Index e = 3, unsigned seed = 1)
      : q(gradients::normal(n, d, seed).cast<Scalar>()),
        k(gradients::normal(m, d, seed + 1).cast<Scalar>()),
        v(gradients::normal(m, e, seed + 2).cast<Scalar>()) {}
};

/// What the dense formulas say of a result, in double: every pick lies where its number of the draw falls, its
/// logarithm and the row's entropy are those of the softmax, and the output is the mean of the values picked.
template <class Scalar, class Picked, class... Policies>
void expect_drawn(Problem<Scalar> const& problem, Picked const& found, Draw const& draw, Policies const&... policies) {
  auto const &q = problem.q, &k = problem.k, &v = problem.v;
  double const tolerance = 200 * static_cast<double>(std::numeric_limits<Scalar>::epsilon());
  gradients::Matrix const w = attend::reference::weights<double>(q, k, policies...);
  Index const n = q.rows(), m = k.rows();
  ASSERT_EQ(found.keys.rows(), n);
  ASSERT_EQ(found.keys.cols(), draw.samples);
  ASSERT_EQ(found.weights.rows(), n);
  for (Index i = 0; i < n; ++i) {
    gradients::Vector output = gradients::Vector::Zero(v.cols());
    double entropy = 0;
    for (Index j = 0; j < m; ++j) entropy -= w(i, j) > 0 ? w(i, j) * std::log(w(i, j)) : 0;
    EXPECT_NEAR(static_cast<double>(found.entropy(i)), entropy, tolerance) << i;
    for (Index sample = 0; sample < draw.samples; ++sample) {
      Index const key = found.keys(i, sample);
      if (w.row(i).sum() == 0) {
        EXPECT_EQ(key, -1);
        EXPECT_EQ(found.log_probability(i, sample), Scalar(0));
        continue;
      }
      ASSERT_TRUE(key >= 0 && key < m && w(i, key) > 0);
      double const u = draw.uniform(i + m - n, sample);
      ASSERT_LE(w.row(i).head(key).sum() - tolerance, u);
      ASSERT_GE(w.row(i).head(key + 1).sum() + tolerance, u);
      EXPECT_NEAR(static_cast<double>(found.log_probability(i, sample)), std::log(w(i, key)), tolerance * 10);
      output += v.row(key).transpose().template cast<double>() / static_cast<double>(draw.samples);
    }
    for (Index f = 0; f < v.cols(); ++f)
      EXPECT_NEAR(static_cast<double>(found.output(i, f)), output(f), tolerance) << i;
  }
}

/// Hides nothing.
Causal const everything = Causal::from(1000);

template <class Scalar>
class HardAttentionOf : public testing::Test {};
using Scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(HardAttentionOf, Scalars);

TYPED_TEST(HardAttentionOf, DrawsFromTheDenseWeights) {
  for (Index n : {1, 63, 64, 65, 150})
    for (Index samples : {1, 4}) {
      Problem<TypeParam> const problem(n, 97);
      Draw const draw{.seed = 3, .step = n, .samples = samples};
      expect_drawn(problem, HardAttention{everything}.sample(problem.q, problem.k, problem.v, draw), draw, everything);
    }
}

TYPED_TEST(HardAttentionOf, SeesWhatTheMaskShows) {
  Problem<TypeParam> const problem(70, 50);
  Draw const draw{.seed = 4, .samples = 3};
  for (Causal const& mask : {Causal{}, Causal::from(-1000)})  // the first 20 queries see nothing, and all of them
    expect_drawn(problem, HardAttention{mask}.sample(problem.q, problem.k, problem.v, draw), draw, mask);
  attend::Softmax const sharp{.temperature = 0.3};
  expect_drawn(problem, HardAttention{sharp, Causal{}}.sample(problem.q, problem.k, problem.v, draw), draw, sharp,
               Causal{});
}

/// A similarity, adjusters and masks of every kind, and a temperature, in one call. `w` (8, 8).
[[nodiscard]] auto policies(std::vector<double> slopes, std::vector<Index> lengths) {
  return std::make_tuple(
      attend::Bilinear<double>{gradients::normal(8, 8, 9)}, attend::SoftCap{2}, attend::Alibi(std::move(slopes)),
      attend::Softmax{.temperature = 0.7}, attend::Lengths(std::move(lengths)), attend::SlidingWindow{30, 20},
      [](auto score, auto p) { return score - 0.125 * (p.query - p.key); }, [](auto p) { return p.key % 3 != 1; });
}

TEST(HardAttention, TakesThePoliciesOfAttention) {
  Problem<double> const problem(70, 50);
  Draw const draw{.seed = 4, .samples = 3};
  std::apply(
      [&](auto const&... policy) {
        HardAttention const op{policy...};
        expect_drawn(problem, op.sample(problem.q, problem.k, problem.v, draw), draw, policy...);
      },
      policies({0.5}, {45}));
}

/// Heads of a batch in one buffer, with gaps between the features of a token.
struct Batch {
  attend::HeadsShape shape;
  std::vector<double> numbers;

  Batch(attend::HeadsShape of, unsigned seed) : shape(of) {
    gradients::Vector const x = gradients::normal(2 * of.batch * of.heads * of.length * of.dim, seed);
    numbers.assign(x.begin(), x.end());
  }
  [[nodiscard]] attend::Heads<double const> view() const {
    Index const token = 2 * shape.dim, head = shape.length * token;
    return {numbers.data(), shape, {shape.heads * head, head, token, 2}};
  }
  [[nodiscard]] gradients::Matrix head(Index b, Index h) const {
    gradients::Matrix x(shape.length, shape.dim);
    for (Index i = 0; i < x.rows(); ++i)
      for (Index f = 0; f < x.cols(); ++f) x(i, f) = view()(b, h, i, f);
    return x;
  }
};

template <class Storage>
void expect_same(attend::Picked<Storage> const& found, attend::Picked<Storage> const& wanted) {
  EXPECT_EQ(found.keys, wanted.keys);
  EXPECT_EQ(found.output, wanted.output);
  EXPECT_EQ(found.log_probability, wanted.log_probability);
  EXPECT_EQ(found.entropy, wanted.entropy);
  EXPECT_EQ(found.weights, wanted.weights);
}

/// Two sequences of six heads; three query heads share one of keys. Slopes differ by head, lengths and places by
/// sequence.
TEST(HardAttention, EachHeadOfABatchIsACallOfItsOwn) {
  Batch const q({2, 6, 30, 8}, 1), k({2, 2, 40, 8}, 2), v({2, 2, 40, 3}, 3);
  std::vector<double> const slopes{0.1, 0.2, 0.3, 0.4, 0.5, 0.6};
  std::vector<Index> const starts{10, 4};
  for (bool const sees_nothing : {false, true}) {
    std::vector<Index> const seen{40, sees_nothing ? 0 : 25};
    Draw const draw{.seed = 3, .step = 5, .samples = 4, .batch = 2, .head = 1};
    auto const with = [](auto const& given) {
      return std::apply([](auto const&... policy) { return HardAttention{policy...}; }, given);
    };
    auto const op = with(policies(slopes, seen));
    auto const drawn = op.sample(q.view(), k.view(), v.view(), draw, attend::QueryStart{starts});
    auto const best = op.top_k(q.view(), k.view(), v.view(), 3, attend::QueryStart{starts});
    EXPECT_EQ(drawn.shape, (attend::HeadsShape{2, 6, 30, 3}));
    for (Index b = 0; b < 2; ++b)
      for (Index h = 0; h < 6; ++h) {
        auto const alone = with(policies({slopes[static_cast<std::size_t>(h)]}, {seen[static_cast<std::size_t>(b)]}));
        auto const start = attend::QueryStart{starts[static_cast<std::size_t>(b)]};
        gradients::Matrix const q_one = q.head(b, h), k_one = k.head(b, h / 3), v_one = v.head(b, h / 3);
        Draw mine = draw;
        mine.batch += b;
        mine.head += h;
        auto const wanted = alone.sample(q_one, k_one, v_one, mine, start);
        expect_same(drawn.head(b, h), wanted);
        expect_same(best.head(b, h), alone.top_k(q_one, k_one, v_one, 3, start));
        EXPECT_EQ(drawn.output()(b, h, 29, 2), wanted.output(29, 2));
      }
  }
}

TEST(HardAttention, HeadsAreTheSameForAnyNumberOfThreads) {
  Batch const q({3, 40, 70, 4}, 1), k({3, 40, 50, 4}, 2), v({3, 40, 50, 3}, 3);
  HardAttention const op{Causal{}};
  auto const alone = op.sample(q.view(), k.view(), v.view(), {.seed = 3, .samples = 2});
  attend::ThreadPool pool(3);
  expect_same(op.sample(q.view(), k.view(), v.view(), {.seed = 3, .samples = 2}, pool).rows, alone.rows);
  // 120 heads go through the kernel some rows at a time: the last head is still the one that it is by itself.
  expect_same(op.sample(q.head(2, 39), k.head(2, 39), v.head(2, 39), {.seed = 3, .samples = 2, .batch = 2, .head = 39}),
              alone.head(2, 39));
}

TEST(HardAttention, RefusesHeadsThatDoNotFit) {
  Batch const q({2, 4, 3, 8}, 1), k({2, 2, 5, 8}, 2), v({2, 2, 5, 3}, 3);
  HardAttention const op{Causal{}};
  auto const found = op.argmax(q.view(), k.view(), v.view());
  EXPECT_THROW((void)found.head(2, 0), attend::Error);
  EXPECT_THROW((void)found.head(0, -1), attend::Error);
  EXPECT_THROW((void)op.argmax(q.view(), k.view(), Batch({2, 4, 5, 3}, 3).view()), attend::Error);
  EXPECT_THROW((void)op.argmax(q.view(), k.view(), Batch({2, 2, 4, 3}, 3).view()), attend::Error);
  EXPECT_THROW((void)op.argmax(Batch({2, 3, 3, 8}, 1).view(), k.view(), v.view()), attend::Error);
  EXPECT_THROW((void)op.argmax(Batch({1, 4, 3, 8}, 1).view(), k.view(), v.view()), attend::Error);
  EXPECT_THROW((void)op.argmax(q.view(), k.view(), v.view(), attend::QueryStart{std::vector<Index>{1, 2, 3}}),
               attend::Error);
}

TYPED_TEST(HardAttentionOf, ArgmaxIsThatOfTheNormalizer) {
  Problem<TypeParam> const problem(150, 97);
  auto const &q = problem.q, &k = problem.k, &v = problem.v;
  auto const found = HardAttention{Causal::top_left()}.argmax(q, k, v);
  attend::Matrix<TypeParam> const one_hot = attend::reference::weights(q, k, Causal::top_left(), attend::Argmax{});
  EXPECT_EQ(found.weights.dense(), one_hot);
  EXPECT_EQ(found.output, attend::Matrix<TypeParam>(one_hot * v));
  gradients::Matrix const w = attend::reference::weights<double>(q, k, Causal::top_left());
  for (Index i = 0; i < 150; ++i)
    EXPECT_NEAR(static_cast<double>(found.log_probability(i, 0)), std::log(w.row(i).maxCoeff()), 1e-5);
}

TYPED_TEST(HardAttentionOf, TopKIsThatOfTheNormalizer) {
  Problem<TypeParam> const problem(80, 97);
  auto const &q = problem.q, &k = problem.k, &v = problem.v;
  for (Index count : {1, 5, 200}) {
    auto const found = HardAttention{Causal{}}.top_k(q, k, v, count);
    gradients::Matrix const wanted = attend::reference::weights<double>(q, k, Causal{}, attend::TopK{count});
    gradients::expect_close(gradients::Matrix(found.weights.dense().template cast<double>()), wanted,
                            100 * static_cast<double>(std::numeric_limits<TypeParam>::epsilon()), "weights");
    for (Index i = 0; i < 80; ++i)
      for (Index p = 0; p < count; ++p) {
        Index const key = found.keys(i, p);
        EXPECT_EQ(key < 0, p >= std::min<Index>(count, i + 18));
        if (key < 0) {
          EXPECT_EQ(found.log_probability(i, p), TypeParam(0));
        } else if (p > 0) {
          EXPECT_GE(found.log_probability(i, p - 1), found.log_probability(i, p));
        }
      }
  }
}

/// Keys 0, 1 and 7, 8 are of other documents; the rest have equal scores.
TEST(HardAttention, OfEqualScoresTheFirstIsTaken) {
  Problem<float> problem(3, 9);
  problem.q.setZero();
  attend::Documents const documents(std::vector<Index>{0, 3, 0}, std::vector<Index>{2, 5, 2});
  auto const found = HardAttention{documents, everything}.top_k(problem.q, problem.k, problem.v, 3);
  for (Index i = 0; i < 3; ++i)
    for (Index p = 0; p < 3; ++p) EXPECT_EQ(found.keys(i, p), 2 + p);
}

TEST(HardAttention, TheSameForAnyNumberOfThreads) {
  Problem<float> const problem(300, 200);
  auto const &q = problem.q, &k = problem.k, &v = problem.v;
  HardAttention const op{Causal{}};
  Draw const draw{.seed = 8, .samples = 5};
  auto const alone = op.sample(q, k, v, draw);
  for (int threads : {2, 5}) {
    attend::ThreadPool pool(threads);
    auto const found = op.sample(q, k, v, draw, pool);
    EXPECT_EQ(found.keys, alone.keys);
    EXPECT_EQ(found.output, alone.output);
    EXPECT_EQ(found.log_probability, alone.log_probability);
    EXPECT_EQ(found.entropy, alone.entropy);
  }
}

TEST(HardAttention, DecodingDrawsWhatPrefillDrew) {
  Problem<float> const problem(90, 90);
  auto const &q = problem.q, &k = problem.k, &v = problem.v;
  HardAttention const op{Causal{}};
  Draw const draw{.seed = 9, .samples = 2};
  auto const prefill = op.sample(q, k, v, draw);
  for (Index i = 0; i < 90; i += 7) {
    auto const step = op.sample(q.middleRows(i, 1), k.topRows(i + 1), v.topRows(i + 1), draw);
    EXPECT_EQ(step.keys.row(0), prefill.keys.row(i));
    EXPECT_EQ(step.output.row(0), prefill.output.row(i));
    EXPECT_EQ(step.log_probability.row(0), prefill.log_probability.row(i));
    auto const placed = op.sample(q.middleRows(i, 1), k, v, draw, attend::QueryStart{i});
    EXPECT_EQ(placed.keys.row(0), prefill.keys.row(i));
  }
}

TEST(HardAttention, StepsHeadsAndSamplesDrawAnew) {
  Problem<float> const problem(200, 50);
  auto const &q = problem.q, &k = problem.k, &v = problem.v;
  auto const with = [&](Draw const& draw) { return HardAttention{everything}.sample(q, k, v, draw).keys; };
  auto const first = with({.seed = 1});
  for (Draw const& other :
       {Draw{.seed = 2}, Draw{.seed = 1, .step = 1}, Draw{.seed = 1, .head = 1}, Draw{.seed = 1, .batch = 1}})
    EXPECT_LT((first.array() == with(other).array()).count(), 60);
  auto const two = with({.seed = 1, .samples = 2});
  EXPECT_EQ(two.col(0), first.col(0));
  EXPECT_LT((two.col(0).array() == two.col(1).array()).count(), 60);
}

TEST(HardAttention, TheMeanOverManyDrawsIsSoftAttention) {
  Problem<double> const problem(4, 10);
  auto const &q = problem.q, &k = problem.k, &v = problem.v;
  auto const found = HardAttention{everything}.sample(q, k, v, {.seed = 5, .samples = 40000});
  // Four standard deviations of a frequency are at most 2 / √40000.
  EXPECT_LT((found.weights.dense() - attend::reference::weights(q, k, everything)).cwiseAbs().maxCoeff(), 0.01);
}

TEST(HardAttention, ASampleHasAnOutputOfItsOwn) {
  Problem<double> const problem(30, 20);
  auto const &q = problem.q, &k = problem.k, &v = problem.v;
  auto const found = HardAttention{Causal{}}.sample(q, k, v, {.seed = 5, .samples = 3});
  gradients::Matrix sum = gradients::Matrix::Zero(30, 3);
  for (Index sample = 0; sample < 3; ++sample) {
    auto const output = weighted_values(found.sample(sample), v);
    for (Index i = 10; i < 30; ++i) EXPECT_EQ(output.row(i), v.row(found.keys(i, sample)));
    EXPECT_EQ(output.topRows(10), gradients::Matrix::Zero(10, 3));
    sum += output;
  }
  gradients::expect_close(found.output, gradients::Matrix(sum / 3), 1e-15, "mean of samples");
  EXPECT_THROW((void)found.sample(3), attend::Error);
  for (Index i = 0; i < 30; ++i)  // a key drawn twice is one entry
    for (std::size_t p = 1; p < found.weights.row(i).size(); ++p)
      EXPECT_LT(found.weights.row(i)[p - 1].key, found.weights.row(i)[p].key);
}

TEST(HardAttention, DocumentsDoNotMeet) {
  Problem<float> const problem(60, 60);
  auto const &q = problem.q, &k = problem.k, &v = problem.v;
  attend::Documents const documents{std::vector<Index>{25, 35}};
  Draw const draw{.seed = 6, .samples = 2};
  HardAttention const op{documents, Causal{}};
  expect_drawn(problem, op.sample(q, k, v, draw), draw, documents, Causal{});
  EXPECT_EQ(HardAttention{Causal{}}.sample(q, k, v, draw, documents).keys, op.sample(q, k, v, draw).keys);
}

TEST(HardAttention, ReadsAnyStorage) {
  Problem<float> const problem(20, 30);
  auto const &q = problem.q, &k = problem.k, &v = problem.v;
  auto const wanted = HardAttention{everything}.argmax(q, k, v);
  Eigen::MatrixXf const columns = q, v_columns = v;
  EXPECT_EQ(HardAttention{everything}.argmax(columns, k * 1.0f, v_columns).output, wanted.output);
  attend::Matrix<Eigen::bfloat16> const narrow = v.cast<Eigen::bfloat16>();
  attend::Matrix<Eigen::half> const q_half = q.cast<Eigen::half>();
  auto const found = HardAttention{}.argmax(q_half, k, narrow);  // without policies: softmax(q·kᵀ/√d)
  static_assert(std::is_same_v<decltype(found.output), attend::Matrix<Eigen::half>>);
  static_assert(std::is_same_v<decltype(found.entropy), attend::Vector<float>>);
  gradients::Matrix const w = attend::reference::weights<double>(q_half, k);
  for (Index i = 0; i < 20; ++i) {
    EXPECT_NEAR(double(found.log_probability(i, 0)), std::log(w.row(i).maxCoeff()), 1e-5);
    EXPECT_NEAR(std::log(w(i, found.keys(i, 0))), std::log(w.row(i).maxCoeff()), 1e-5);
    EXPECT_EQ(float(found.output(i, 0)), float(Eigen::half(float(narrow(found.keys(i, 0), 0)))));
  }
}

TEST(HardAttention, HiddenNaNChangesNothingAndVisibleNaNShows) {
  Problem<float> problem(40, 40);
  auto &q = problem.q, &k = problem.k, &v = problem.v;
  HardAttention const op{Causal{}};
  Draw const draw{.seed = 2, .samples = 3};
  auto const wanted = op.sample(q, k, v, draw);
  float const nan = std::numeric_limits<float>::quiet_NaN();
  k.row(30).setConstant(nan);
  v.row(30).setConstant(nan);
  auto const found = op.sample(q, k, v, draw);
  EXPECT_EQ(found.keys.topRows(30), wanted.keys.topRows(30));
  EXPECT_EQ(found.output.topRows(30), wanted.output.topRows(30));
  EXPECT_EQ(found.keys.bottomRows(10), attend::KeyMatrix::Constant(10, 3, -1));
  EXPECT_TRUE(found.output.bottomRows(10).array().isNaN().all());
  EXPECT_TRUE(found.log_probability.bottomRows(10).array().isNaN().all());
  EXPECT_TRUE(found.entropy.tail(10).array().isNaN().all());
  auto const best = op.top_k(q, k, v, 2);
  EXPECT_EQ(best.keys.bottomRows(10), attend::KeyMatrix::Constant(10, 2, -1));
  EXPECT_TRUE(best.output.topRows(30).allFinite() && best.output.bottomRows(10).array().isNaN().all());
}

TEST(HardAttention, ANaNValueShowsWhereItIsPickedOnly) {
  Problem<float> problem(60, 5);
  auto &q = problem.q, &k = problem.k, &v = problem.v;
  v.row(2).setConstant(std::numeric_limits<float>::quiet_NaN());
  auto const found = HardAttention{everything}.sample(q, k, v, {.seed = 2});
  ASSERT_GT((found.keys.array() == 2).count(), 0);
  for (Index i = 0; i < 60; ++i) EXPECT_EQ(std::isnan(found.output(i, 0)), found.keys(i, 0) == 2);
}

TEST(HardAttention, NoKeysNoQueries) {
  Problem<float> const none(3, 0), nobody(0, 3);
  auto const found = HardAttention{everything}.sample(none.q, none.k, none.v, {.samples = 2});
  EXPECT_EQ(found.keys, attend::KeyMatrix::Constant(3, 2, -1));
  EXPECT_EQ(found.output, attend::Matrix<float>::Zero(3, 3));
  EXPECT_EQ(found.entropy, attend::Vector<float>::Zero(3));
  EXPECT_EQ(HardAttention{everything}.argmax(nobody.q, nobody.k, nobody.v).output.rows(), 0);
}

TEST(HardAttention, RefusesWhatDoesNotFit) {
  Problem<float> const problem(3, 4);
  auto const &q = problem.q, &k = problem.k, &v = problem.v;
  EXPECT_THROW((void)HardAttention{everything}.sample(q, k, v, {.samples = 0}), attend::Error);
  EXPECT_THROW((void)HardAttention{everything}.top_k(q, k, v, 0), attend::Error);
  EXPECT_THROW((void)HardAttention{everything}.argmax(q, k, v.topRows(3)), attend::Error);
  EXPECT_THROW((void)HardAttention{everything}.argmax(q.leftCols(3), k, v), attend::Error);
  EXPECT_THROW((void)HardAttention{everything}.argmax(q.topLeftCorner(0, 3), k, v), attend::Error);
  EXPECT_THROW(((void)HardAttention{attend::Softmax{.sinks = {0.0}}, Causal{}}.argmax(q, k, v)), attend::Error);
  EXPECT_THROW(((void)HardAttention{attend::Softmax{.temperature = 0}, Causal{}}.argmax(q, k, v)), attend::Error);
}

}  // namespace hard_attention_tests
