#include <attend/core/dual.hpp>
#include <attend/normalize/relu.hpp>
#include <attend/normalize/sigmoid.hpp>
#include <attend/normalize/softplus.hpp>
#include <attend/score.hpp>
#include <attend/simd/math.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

namespace dual_tests {

namespace at = attend;
using at::Dual;

/// (f(x + h) − f(x − h)) / 2h with the error of order h² taken away.
template <class Function>
double central_difference(Function const& f, double x) {
  auto const slope = [&](double h) { return (f(x + h) - f(x - h)) / (2 * h); };
  double const h = 1e-3;
  return (4 * slope(h / 2) - slope(h)) / 3;
}

/// First and second derivatives of a generic function against differences, for every kind of number that carries them.
template <class Function>
void check_function(std::string const& name, Function const& f, std::vector<double> const& places) {
  SCOPED_TRACE(name);
  for (double const x : places) {
    SCOPED_TRACE(x);
    double const expected = central_difference([&](double y) { return double(f(y)); }, x);
    double const tolerance = 1e-8 * std::max(1.0, std::abs(expected));
    Dual<double> const first = f(Dual<double>(x, 1.0));
    EXPECT_NEAR(first.value, double(f(x)), 1e-14 * std::max(1.0, std::abs(first.value)));
    EXPECT_NEAR(first.derivative, expected, tolerance);
    EXPECT_NEAR(double(f(Dual<double>(x, -3.0)).derivative), -3 * expected, 3 * tolerance);
    EXPECT_NEAR(double(f(Dual<long double>(static_cast<long double>(x), 1.0L)).derivative), expected, tolerance);
    EXPECT_NEAR(double(f(Dual<float>(float(x), 1.f)).derivative), expected, 1e-5 * std::max(1.0, std::abs(expected)));

    double const second = central_difference([&](double y) { return double(f(Dual<double>(y, 1.0)).derivative); }, x);
    Dual<Dual<double>> const nested = f(Dual<Dual<double>>(Dual<double>(x, 1.0), Dual<double>(1.0)));
    EXPECT_NEAR(nested.derivative.derivative, second, 1e-7 * std::max(1.0, std::abs(second)));
    EXPECT_NEAR(nested.value.derivative, expected, tolerance);
    EXPECT_NEAR(nested.derivative.value, expected, tolerance);
  }
}

TEST(Dual, EveryFunctionHasItsDerivative) {
  std::vector<double> const places = {-2.3, -0.7, 0.4, 1.9}, positive = {0.3, 0.8, 2.5};
  check_function("x + x", [](auto x) { return x + x; }, places);
  check_function("2 - x", [](auto x) { return 2 - x; }, places);
  check_function("x - 2.5", [](auto x) { return x - 2.5; }, places);
  check_function("-x * x", [](auto x) { return -x * x; }, places);
  check_function("3 * x * 0.5f", [](auto x) { return 3 * x * 0.5f; }, places);
  check_function("x / 4", [](auto x) { return x / 4; }, places);
  check_function("4 / x", [](auto x) { return 4 / x; }, places);
  check_function("(x - 1) / (x + 5)", [](auto x) { return (x - 1) / (x + 5); }, places);
  check_function("exp", [](auto x) { return at::exp(x); }, places);
  check_function("log", [](auto x) { return at::log(x); }, positive);
  check_function("tanh", [](auto x) { return at::tanh(x); }, places);
  check_function("sqrt", [](auto x) { return at::sqrt(x); }, positive);
  check_function("abs", [](auto x) { return at::abs(x) * x; }, places);
  check_function("max", [](auto x) { return at::max(x * x, x + 1); }, places);
  check_function("min", [](auto x) { return at::min(1.0, x * x) + at::min(x, 0.f); }, places);
  check_function("sigmoid", [](auto x) { return at::sigmoid(x); }, places);
  check_function("softplus", [](auto x) { return at::softplus(x); }, places);
  check_function("fma", [](auto x) { return at::fma(x, x, x); }, places);
  check_function("fma of constants", [](auto x) { return at::fma(x, 2, 3.f) + at::fma(2.0, x, x); }, places);
  check_function("select", [](auto x) { return at::select(x < 0, x * x, 3 * x) + at::select(x > 0.5, 1, x); }, places);
  check_function(
      "compound",
      [](auto x) {
        auto y = x;
        y += 2;
        y *= x;
        y -= x * x * x;
        y /= 1 + x * x;
        y += at::Ordinal(3) * x;
        return y;
      },
      places);
}

TEST(Dual, TheIndexOfAPositionIsAConstant) {
  at::Ordinal const place = 7;
  Dual<double> const x(2.0, 1.0);
  EXPECT_EQ((x * place).derivative, 7.0);
  EXPECT_EQ((place * x).derivative, 7.0);
  EXPECT_EQ((x - place).value, -5.0);
  EXPECT_EQ((place - x).derivative, -1.0);
  EXPECT_EQ((place / x).derivative, -7.0 / 4.0);
  EXPECT_EQ((x / place).derivative, 1.0 / 7.0);
  EXPECT_TRUE(x < place);
  EXPECT_TRUE(place > x);
  EXPECT_EQ(at::max(x, place).derivative, 0.0);
  EXPECT_EQ(at::min(place, x).derivative, 1.0);
}

TEST(Dual, TiesAreAsStated) {
  Dual<double> const x(0.0, 1.0), y(0.0, 5.0);
  EXPECT_EQ(at::max(x, y).derivative, 1.0);
  EXPECT_EQ(at::min(y, x).derivative, 5.0);
  EXPECT_EQ(at::abs(x).derivative, 0.0);
  EXPECT_EQ(at::Relu::weight(x).derivative, 0.0);
}

TEST(Dual, ADoubleDoesNotWidenAFloat) {
  static_assert(std::is_same_v<decltype(Dual<float>() * 2.0), Dual<float>>);
  static_assert(std::is_same_v<decltype(1 - Dual<float>()), Dual<float>>);
  static_assert(std::is_same_v<decltype(Dual<Dual<double>>() * Dual<double>()), Dual<Dual<double>>>);
  static_assert(std::is_same_v<decltype(Dual<float>() * at::pack<std::int32_t, 4>()), Dual<at::pack<float, 4>>>);
  static_assert(std::is_same_v<decltype(Dual<at::pack<float, 4>>() < 1), at::pack_mask<std::int32_t, 4>>);
}

TEST(Dual, ManyDerivativesOfOneProduct) {
  // ∂²(x² y)/∂x∂y = 2x
  Dual<Dual<double>> const x(Dual<double>(3.0, 1.0), Dual<double>(0.0)), y(Dual<double>(5.0), Dual<double>(1.0));
  EXPECT_EQ((x * x * y).derivative.derivative, 6.0);
}

// Packs ---------------------------------------------------------------------------------------------------------------

/// A user's adjuster on a whole vector of keys and on each key by itself.
template <class Real, int lanes, class Function>
void check_lanes(std::string const& name, Function const& f) {
  SCOPED_TRACE(name + ", " + std::to_string(lanes) + " lanes");
  using Pack = at::pack<Real, lanes>;
  using Whole = at::pack<at::integer_like<Real>, lanes>;
  std::mt19937 random(7);
  std::uniform_real_distribution<double> uniform(-2, 2);
  Dual<Pack> score;
  for (int lane = 0; lane < lanes; ++lane) {
    score.value.set(lane, static_cast<Real>(uniform(random)));
    score.derivative.set(lane, static_cast<Real>(uniform(random)));
  }
  at::Position<Whole> p;
  p.query = 5;
  p.key = Whole::consecutive(3);
  p.row = 2;
  p.column = Whole::consecutive(3);
  p.head = 1;
  Dual<Pack> const result(f(score, p));
  double const epsilon = 40 * double(std::numeric_limits<Real>::epsilon());
  for (int lane = 0; lane < lanes; ++lane) {
    at::Position<> q;
    q.query = 5;
    q.key = 3 + lane;
    q.row = 2;
    q.column = 3 + lane;
    q.head = 1;
    Dual<double> const expected(f(Dual<double>(double(score.value[lane]), double(score.derivative[lane])), q));
    EXPECT_NEAR(double(result.value[lane]), expected.value, epsilon * (1 + std::abs(expected.value))) << lane;
    EXPECT_NEAR(double(result.derivative[lane]), expected.derivative, epsilon * (1 + std::abs(expected.derivative)))
        << lane;
    Dual<Real> const single(f(Dual<Real>(score.value[lane], score.derivative[lane]), q));
    EXPECT_NEAR(double(single.derivative), expected.derivative, epsilon * (1 + std::abs(expected.derivative))) << lane;
  }
}

template <class Function>
void check_packs(std::string const& name, Function const& f) {
  check_lanes<float, 16>(name, f);
  check_lanes<float, 8>(name, f);
  check_lanes<float, 4>(name, f);
  check_lanes<double, 8>(name, f);
  check_lanes<double, 2>(name, f);
}

TEST(Dual, UsersFunctionsAgreeLaneByLane) {
  check_packs("distance", [](auto score, auto p) { return score - 0.125f * (p.query - p.key); });
  check_packs("double", [](auto score, auto p) { return 0.25 * score * score + p.key * score / 3; });
  check_packs("chosen", [](auto score, auto p) {
    return at::select(p.key < p.query, score * score, -score) + at::select(score > 0, score, 0.f);
  });
  check_packs("plain chosen", [](auto score, auto p) { return score * at::select(p.key % 2 == 0, 1, 0.5); });
  check_packs("by head", [](auto score, auto p) { return at::select(p.head == 1, score * 2, 0) - p.head; });
  check_packs("functions", [](auto score, auto p) {
    return at::exp(0.3 * score) + at::log(1 + score * score) * at::tanh(score) +
           at::sqrt(at::abs(p.query - p.key) + at::abs(score) + 1) + at::sigmoid(score) * at::softplus(-score);
  });
  check_packs("max and min", [](auto score, auto p) {
    return at::max(score, p.key - p.query) + at::min(0.5, score) * at::max(score, -score);
  });
  check_packs("compound", [](auto score, auto p) {
    score *= 0.5f;
    score += p.key;
    score -= score * score;
    score /= p.key + 1;
    return at::fma(score, score, score);
  });
  check_packs("constant", [](auto, auto p) { return p.key; });
  check_packs("conditions", [](auto score, auto p) {
    return at::select((score > -1 && p.key != p.query) || !(p.key > 4), score * score, p.key * 0.5);
  });
}

TEST(Dual, AdjustersAgreeLaneByLane) {
  check_packs("SoftCap", at::SoftCap{1.5});
  check_packs("Alibi", at::Alibi{std::vector<double>{0.5, 0.25}});
  std::mt19937 random(3);
  std::uniform_real_distribution<double> uniform(-1, 1);
  Eigen::MatrixXd const numbers = Eigen::MatrixXd::NullaryExpr(4, 19, [&] { return uniform(random); });
  check_packs("Bias", at::Bias{numbers});
  check_packs("Bias of floats", at::Bias{Eigen::MatrixXf(numbers.cast<float>())});
  check_packs("RelativeBias", at::RelativeBias{Eigen::MatrixXd(numbers.topRows(2))});
  check_packs("T5Bias", at::T5Bias{Eigen::MatrixXd(numbers.leftCols(2))});
  check_packs("Gaussian", at::Gaussian{4.5, 2.0});
}

/// combine and finish of a similarity on whole vectors and on numbers.
template <class Real, int lanes, class Score>
void check_similarity_lanes(Score const& score) {
  using Pack = at::pack<Real, lanes>;
  std::mt19937 random(11);
  std::uniform_real_distribution<double> uniform(-2, 2);
  Dual<Pack> operand[4];
  for (auto& x : operand)
    for (int lane = 0; lane < lanes; ++lane) {
      x.value.set(lane, static_cast<Real>(uniform(random)));
      x.derivative.set(lane, static_cast<Real>(uniform(random)));
    }
  Dual<Pack> const result = score.finish(score.combine(operand[0], operand[1], operand[2], operand[3]));
  double const epsilon = 20 * double(std::numeric_limits<Real>::epsilon());
  for (int lane = 0; lane < lanes; ++lane) {
    Dual<double> x[4];
    for (int i = 0; i < 4; ++i)
      x[i] = Dual<double>(double(operand[i].value[lane]), double(operand[i].derivative[lane]));
    Dual<double> const expected = score.finish(score.combine(x[0], x[1], x[2], x[3]));
    EXPECT_NEAR(double(result.value[lane]), expected.value, epsilon * (1 + std::abs(expected.value)));
    EXPECT_NEAR(double(result.derivative[lane]), expected.derivative, epsilon * (1 + std::abs(expected.derivative)));
    // Along the direction of all four at once, by differences of plain numbers.
    double const difference = central_difference(
        [&](double t) {
          double y[4];
          for (int i = 0; i < 4; ++i) y[i] = x[i].value + t * x[i].derivative;
          return score.finish(score.combine(y[0], y[1], y[2], y[3]));
        },
        0.0);
    EXPECT_NEAR(expected.derivative, difference, 1e-8 * (1 + std::abs(difference)));
  }
}

template <class Score>
void check_similarity(std::string const& name, Score const& score) {
  SCOPED_TRACE(name);
  check_similarity_lanes<float, 16>(score);
  check_similarity_lanes<float, 4>(score);
  check_similarity_lanes<double, 8>(score);
}

TEST(Dual, SimilaritiesHaveTheirDerivatives) {
  check_similarity("Dot", at::Dot{});
  check_similarity("ScaledDot", at::ScaledDot{0.3});
  check_similarity("Bilinear", at::Bilinear<double>{});
  check_similarity("Additive", at::Additive<double>{});
  check_similarity("Concat", at::Concat<float>{});
  check_similarity("Cosine", at::Cosine{2.0});
  check_similarity("Euclidean", at::Euclidean{0.7});
  check_similarity("L1", at::L1{0.7});
  check_similarity("FeatureWise",
                   at::FeatureWise{[](auto q, auto k, auto sum) { return at::max(sum, at::abs(q - k)) + q * k * sum; },
                                   [](auto sum) { return -sum * 0.5f; }});
}

TEST(Dual, PointwiseWeightsHaveTheirDerivatives) {
  auto const sigmoid = [](auto x) { return at::Sigmoid::weight(x); };
  auto const softplus = [](auto x) { return at::Softplus::weight(x); };
  auto const relu = [](auto x) { return at::Relu::weight(x); };
  std::vector<double> const places = {-2.3, -0.7, 0.4, 1.9};
  check_function("Sigmoid", sigmoid, places);
  check_function("NormalizedSigmoid", [](auto x) { return at::NormalizedSigmoid::weight(x); }, places);
  check_function("Softplus", softplus, places);
  check_function("Relu", relu, places);
  check_packs("Sigmoid", [&](auto score, auto) { return sigmoid(score); });
  check_packs("Softplus", [&](auto score, auto) { return softplus(score); });
  check_packs("Relu", [&](auto score, auto) { return relu(score); });
}

TEST(Dual, FarOutWeightsHaveNoNaN) {
  double const infinity = std::numeric_limits<double>::infinity();
  for (double const x : {-infinity, -800.0, 800.0}) {
    EXPECT_EQ(at::sigmoid(Dual<double>(x, 1.0)).derivative, 0.0);
    EXPECT_EQ(at::tanh(Dual<double>(x, 1.0)).derivative, 0.0);
    EXPECT_EQ(at::softplus(Dual<double>(x, 1.0)).derivative, x < 0 ? 0.0 : 1.0);
    using Pack = at::pack<double, 4>;
    EXPECT_EQ(at::softplus(Dual<Pack>(Pack(x), Pack(1.0))).derivative[2], x < 0 ? 0.0 : 1.0);
    EXPECT_EQ(at::sigmoid(Dual<Pack>(Pack(x), Pack(1.0))).derivative[1], 0.0);
  }
}

TEST(Dual, MatricesOfThemMultiply) {
  at::Matrix<Dual<double>> a(2, 2), b(2, 2);
  a << Dual<double>(1, 1), 2.0, 3.0, 4.0;
  b << 5.0, 6.0, 7.0, Dual<double>(8, 2);
  at::Matrix<Dual<double>> const c = a * b;
  EXPECT_EQ(c(0, 0).value, 19);
  EXPECT_EQ(c(0, 0).derivative, 5);
  EXPECT_EQ(c(0, 1).derivative, 6 + 4);
  EXPECT_EQ(c(1, 1).derivative, 8);
  EXPECT_EQ(a.row(0).squaredNorm().derivative, 2);
}

}  // namespace dual_tests
