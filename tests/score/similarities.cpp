#include "score/scoring.hpp"

/// Each similarity against its equation, written out in double with plain loops.

namespace similarities_tests {

using namespace attend;
using scoring::expect_scores;
using Row = std::vector<double>;

double dot(Row const& a, Row const& b) {
  double sum = 0;
  for (std::size_t f = 0; f < a.size(); ++f) sum += a[f] * b[f];
  return sum;
}

template <class Scalar>
class Similarities : public ::testing::Test {
 protected:
  void SetUp() override { std::srand(7); }

  static Matrix<Scalar> tokens(Index count, Index d) { return Matrix<Scalar>::Random(count, d); }
};

using Scalars = ::testing::Types<float, double>;
TYPED_TEST_SUITE(Similarities, Scalars);

TYPED_TEST(Similarities, DotAndScaledDot) {
  for (Index const d : {0, 1, 5, 64}) {
    auto const q = this->tokens(3, d), k = this->tokens(37, d);
    double const size = double(d) + 1;
    expect_scores(Dot{}, q, k, [](Row const& x, Row const& y, Index) { return dot(x, y); }, size);
    expect_scores(
        ScaledDot{}, q, k,
        [&](Row const& x, Row const& y, Index) { return d == 0 ? 0 : dot(x, y) / std::sqrt(double(d)); }, size);
    expect_scores(ScaledDot{0.25f}, q, k, [](Row const& x, Row const& y, Index) { return 0.25 * dot(x, y); }, size);
  }
}

TYPED_TEST(Similarities, Bilinear) {
  auto const q = this->tokens(3, 5), k = this->tokens(37, 7);
  Eigen::Matrix<TypeParam, -1, -1> const w = Eigen::Matrix<TypeParam, -1, -1>::Random(5, 7);
  auto const equation = [&](Row const& x, Row const& y, Index) {
    double sum = 0;
    for (Index a = 0; a < 5; ++a)
      for (Index b = 0; b < 7; ++b) sum += x[std::size_t(a)] * double(w(a, b)) * y[std::size_t(b)];
    return sum;
  };
  expect_scores(Bilinear<TypeParam>{w}, q, k, equation, 35);
  expect_scores(Bilinear{w.transpose().eval().transpose()}, q, k, equation, 35);
}

/// aᵀ tanh(w q + u k + bias)
struct AdditiveEquation {
  Eigen::MatrixXd w, u;
  Eigen::VectorXd a, bias;

  double operator()(Row const& x, Row const& y, Index) const {
    double score = 0;
    for (Index h = 0; h < a.size(); ++h) {
      double hidden = bias(h);
      for (Index c = 0; c < w.cols(); ++c) hidden += w(h, c) * x[std::size_t(c)];
      for (Index c = 0; c < u.cols(); ++c) hidden += u(h, c) * y[std::size_t(c)];
      score += a(h) * std::tanh(hidden);
    }
    return score;
  }
};

TYPED_TEST(Similarities, AdditiveWithAndWithoutBias) {
  auto const q = this->tokens(3, 5), k = this->tokens(37, 7);
  using Dense = Eigen::Matrix<TypeParam, -1, -1>;
  Dense const w = Dense::Random(11, 5), u = Dense::Random(11, 7);
  Vector<TypeParam> const a = Vector<TypeParam>::Random(11), bias = Vector<TypeParam>::Random(11);
  AdditiveEquation equation{w.template cast<double>(), u.template cast<double>(), a.template cast<double>(),
                            Eigen::VectorXd::Zero(11)};
  expect_scores(Additive<TypeParam>{w, u, a}, q, k, equation, 40);
  expect_scores(Additive{w, u, a.transpose()}, q, k, equation, 40);
  equation.bias = bias.template cast<double>();
  expect_scores(Additive<TypeParam>{w, u, a, bias}, q, k, equation, 40);
  expect_scores(Additive{w, u, a, bias}, q, k, equation, 40);
}

TYPED_TEST(Similarities, AdditiveWithWeightNormalisation) {
  auto const q = this->tokens(3, 5), k = this->tokens(37, 7);
  Matrix<TypeParam> const w = this->tokens(11, 5), u = this->tokens(11, 7);
  Vector<TypeParam> const v = Vector<TypeParam>::Random(11), bias = Vector<TypeParam>::Random(11);
  double squares = 0;
  for (Index h = 0; h < 11; ++h) squares += double(v(h)) * double(v(h));
  AdditiveEquation equation{w.template cast<double>(), u.template cast<double>(),
                            1.5 / std::sqrt(squares) * v.template cast<double>(), Eigen::VectorXd::Zero(11)};
  expect_scores(Additive<TypeParam>::weight_normalized(w, u, v, TypeParam(1.5)), q, k, equation, 40);
  // Only the direction of v matters.
  expect_scores(Additive<TypeParam>::weight_normalized(w, u, TypeParam(8) * v, TypeParam(1.5)), q, k, equation, 40);
  equation.bias = bias.template cast<double>();
  expect_scores(Additive<TypeParam>::weight_normalized(w, u, v, TypeParam(1.5), bias), q, k, equation, 40);
}

TYPED_TEST(Similarities, ConcatIsOneProductWithTheJoinedVector) {
  auto const q = this->tokens(3, 5), k = this->tokens(37, 7);
  Eigen::Matrix<TypeParam, -1, -1> const w = Eigen::Matrix<TypeParam, -1, -1>::Random(11, 12);
  Vector<TypeParam> const v = Vector<TypeParam>::Random(11), bias = Vector<TypeParam>::Random(11);
  auto const equation = [&](bool with_bias) {
    return [&, with_bias](Row const& x, Row const& y, Index) {
      Row joined = x;
      joined.insert(joined.end(), y.begin(), y.end());
      double score = 0;
      for (Index h = 0; h < 11; ++h) {
        double hidden = with_bias ? double(bias(h)) : 0;
        for (Index c = 0; c < 12; ++c) hidden += double(w(h, c)) * joined[std::size_t(c)];
        score += double(v(h)) * std::tanh(hidden);
      }
      return score;
    };
  };
  expect_scores(Concat<TypeParam>{w, v}, q, k, equation(false), 40);
  expect_scores(Concat{w, v, bias}, q, k, equation(true), 40);
}

TYPED_TEST(Similarities, LocationReadsTheQueryAlone) {
  auto const q = this->tokens(3, 5), k = this->tokens(37, 7);
  Matrix<TypeParam> const w = this->tokens(50, 5);
  expect_scores(
      Location{w}, q, k,
      [&](Row const& x, Row const&, Index j) {
        double sum = 0;
        for (Index c = 0; c < 5; ++c) sum += double(w(j, c)) * x[std::size_t(c)];
        return sum;
      },
      5);
}

TYPED_TEST(Similarities, CosineAndItsZeroVectors) {
  auto q = this->tokens(3, 6), k = this->tokens(37, 6);
  q.row(1).setZero();
  k.row(4).setZero();
  expect_scores(
      Cosine{4.0}, q, k,
      [](Row const& x, Row const& y, Index) {
        double const lengths = std::sqrt(dot(x, x) * dot(y, y));
        return lengths == 0 ? 0 : 4 * dot(x, y) / lengths;
      },
      8);
}

TYPED_TEST(Similarities, EuclideanAndL1) {
  auto const q = this->tokens(3, 6), k = this->tokens(37, 6);
  expect_scores(
      Euclidean{0.5f}, q, k,
      [](Row const& x, Row const& y, Index) {
        double sum = 0;
        for (std::size_t f = 0; f < x.size(); ++f) sum += (x[f] - y[f]) * (x[f] - y[f]);
        return -0.5 * sum;
      },
      12);
  expect_scores(
      L1{0.25}, q, k,
      [](Row const& x, Row const& y, Index) {
        double sum = 0;
        for (std::size_t f = 0; f < x.size(); ++f) sum += std::abs(x[f] - y[f]);
        return -0.25 * sum;
      },
      3);
}

/// q·k − ‖k‖²/2 would be wrong by 1 here in float: all of the distance.
TYPED_TEST(Similarities, EuclideanStaysExactFarFromTheOrigin) {
  Matrix<TypeParam> const q = Matrix<TypeParam>::Constant(1, 4, TypeParam(4096));
  Matrix<TypeParam> k = Matrix<TypeParam>::Constant(9, 4, TypeParam(4096));
  for (Index j = 0; j < 9; ++j) k(j, 2) += TypeParam(j) / 8;
  expect_scores(Euclidean{}, q, k, [](Row const&, Row const&, Index j) { return -double(j * j) / 64; }, 0);
}

TYPED_TEST(Similarities, FeatureWiseTakesFunctionsOfOnesOwn) {
  auto const q = this->tokens(3, 6), k = this->tokens(37, 6);
  FeatureWise const chebyshev{[](auto x, auto y, auto sum) { return attend::max(sum, attend::abs(x - y)); },
                              [](auto sum) { return -2.0 * sum; }};
  expect_scores(
      chebyshev, q, k,
      [](Row const& x, Row const& y, Index) {
        double largest = 0;
        for (std::size_t f = 0; f < x.size(); ++f) largest = std::max(largest, std::abs(x[f] - y[f]));
        return -2 * largest;
      },
      4);
  FeatureWise const positive_dot{[](auto x, auto y, auto sum) { return select(x * y > 0, sum + x * y, sum); }};
  expect_scores(
      positive_dot, q, k,
      [](Row const& x, Row const& y, Index) {
        double sum = 0;
        for (std::size_t f = 0; f < x.size(); ++f) sum += std::max(0.0, x[f] * y[f]);
        return sum;
      },
      6);
}

/// One function of plain numbers serves the dense reference.
TEST(FeatureWise, RunsOnPlainNumbersToo) {
  FeatureWise const cubes{[](auto x, auto y, auto sum) { return sum + (x - y) * (x - y) * 0.5; },
                          [](auto sum) { return -sum; }};
  EXPECT_EQ(cubes.combine(3.f, 1.f, 1.f, 4.f), 6.f);
  EXPECT_EQ(cubes.finish(cubes.combine(3.L, 1.L, 1.L, 4.L)), -6.L);
  static_assert(std::is_same_v<decltype(cubes.combine(3.f, 1.f, 1.f, 4.f)), float>);
}

TEST(LearnedScores, TakeAnyExpressionAndTheScalarTheyComputeIn) {
  Eigen::MatrixXf w = Eigen::MatrixXf::Random(4, 6);
  Eigen::VectorXf a = Eigen::VectorXf::Random(4);
  static_assert(std::is_same_v<decltype(Additive{w, w, a}), Additive<float>>);
  auto const wide = w.cast<double>();
  static_assert(std::is_same_v<decltype(Additive{wide, wide, a.cast<double>()}), Additive<double>>);
  static_assert(std::is_same_v<decltype(Bilinear{w.cast<Eigen::half>()}), Bilinear<float>>);
  static_assert(std::is_same_v<decltype(Location{w.cast<Eigen::bfloat16>()}), Location<float>>);
  static_assert(std::is_same_v<decltype(Concat{w, a}), Concat<float>>);
  EXPECT_EQ((Additive{2.f * w, w.array() + 1, a.head(4)}.w), Matrix<float>(2.f * w));
  EXPECT_EQ((Bilinear<double>{w}.w), Matrix<double>(w.cast<double>()));
  EXPECT_EQ((Bilinear{w.topRows(2) * w.transpose()}.w), Matrix<float>(w.topRows(2) * w.transpose()));
  Bilinear const kept{w};
  Matrix<float> const before = w;
  w.setZero();
  EXPECT_EQ(kept.w, before) << "parameters are copied";
}

}  // namespace similarities_tests
