#include "score/scoring.hpp"

/// Adjusters: the formula, any plain scalar, and whole vectors of keys like one key at a time.

namespace adjusters_tests {

using namespace attend;

/// A scalar of somebody else's, as an automatic differentiation library brings it: made from a double, joined only with
/// itself.
struct Foreign {
  double x;
  explicit Foreign(double value) : x(value) {}
};
Foreign operator+(Foreign a, Foreign b) { return Foreign(a.x + b.x); }
Foreign operator-(Foreign a, Foreign b) { return Foreign(a.x - b.x); }
Foreign operator*(Foreign a, Foreign b) { return Foreign(a.x * b.x); }
Foreign operator/(Foreign a, Foreign b) { return Foreign(a.x / b.x); }
Foreign tanh(Foreign a) { return Foreign(std::tanh(a.x)); }

/// A whole vector of keys from a pair on, on one instruction set.
template <class Adjuster, class Number>
struct AdjustKernel {
  Adjuster const& adjuster;
  Position<> const& first;
  std::vector<Number> const& scores;  // (lanes)
  std::vector<Number>& adjusted;      // (lanes)

  template <class Set>
  ATTEND_INLINE void run() const {
    constexpr int lanes = Set::vector_bytes / int(sizeof(Number));
    using Integer = integer_like<Number>;
    using Keys = pack<Integer, lanes>;
    Integer numbers[lanes];
    for (int lane = 0; lane < lanes; ++lane) numbers[lane] = lane;
    Keys const lane = Keys::load(numbers);
    Position<Keys> const p{first.query,         lane + first.key, first.start, first.row,
                           lane + first.column, first.head,       first.batch};
    pack<Number, lanes> const result = adjuster(pack<Number, lanes>::load(scores.data()), p);
    result.store(adjusted.data());
  }
};

template <class Number, class Adjuster>
void expect_lanes(Adjuster const& adjuster, Position<> const& first, Index keys, Number score) {
  for (int isa = 0; isa <= int(machine_isa()); ++isa) {
    Index const lanes = (Index(16) << isa) / Index(sizeof(Number));
    std::vector<Number> scores, adjusted(std::size_t(lanes), Number(0));
    for (Index lane = 0; lane < lanes; ++lane) scores.push_back(score * Number(lane + 1) / Number(lanes));
    dispatch(Isa(isa), AdjustKernel<Adjuster, Number>{adjuster, first, scores, adjusted});
    for (Index lane = 0; lane < lanes && first.column + lane < keys; ++lane) {
      Position<> one = first;
      one.key = first.key + lane;
      one.column = first.column + lane;
      Number const before = scores[std::size_t(lane)], plain = adjuster(before, one);
      // Two roundings where one is fused, and a polynomial for tanh: a few ulp of the larger number that was joined.
      Number const scale = std::max({std::abs(plain), std::abs(before), std::abs(plain - before)});
      ASSERT_NEAR(adjusted[std::size_t(lane)], plain, 8 * std::numeric_limits<Number>::epsilon() * scale)
          << "lane " << lane << " of " << lanes << ", query " << Index(first.query) << ", key " << Index(one.key)
          << ", " << isa_name(Isa(isa));
    }
  }
}

/// Queries of one head, which stand before, among and after its keys; the last vectors reach past them.
struct Pairs {
  Index n, m, start, head = 0, batch = 0;

  [[nodiscard]] std::vector<Position<>> positions() const {
    std::vector<Position<>> all;
    for (Index i = 0; i < n; ++i)
      for (Index j = 0; j < m; j += j % 3 + 1) all.push_back({start + i, j, start, i, j, head, batch});
    return all;
  }
};

/// formula(score, position) in double.
template <class Adjuster, class Formula>
void expect_adjuster(Adjuster const& adjuster, Formula const& formula, Pairs const& pairs) {
  static_assert(attend::Adjuster<Adjuster> && !Mask<Adjuster>);
  static_assert(std::is_same_v<decltype(adjuster(1.f, Position<>{})), float>);
  static_assert(std::is_same_v<decltype(adjuster(1., Position<>{})), double>);
  static_assert(std::is_same_v<decltype(adjuster(1.L, Position<>{})), long double>);
  static_assert(std::is_same_v<decltype(adjuster(Foreign(1), Position<>{})), Foreign>);
  for (Position<> const& p : pairs.positions())
    for (double const score : {0., 0.75, -3.5, 90.}) {
      double const wanted = formula(score, p);
      double const scale = std::abs(score) + std::abs(wanted - score) + std::abs(wanted);
      ASSERT_NEAR(adjuster(float(score), p), wanted, 1e-6 * scale);
      ASSERT_NEAR(adjuster(score, p), wanted, 1e-15 * scale);
      ASSERT_NEAR(double(adjuster(static_cast<long double>(score), p)), wanted, 1e-15 * scale);
      ASSERT_NEAR(adjuster(Foreign(score), p).x, wanted, 1e-15 * scale);
      expect_lanes(adjuster, p, pairs.m, float(score));
      expect_lanes(adjuster, p, pairs.m, score);
    }
}

double distance(Position<> const& p) { return double(Index(p.key)) - double(Index(p.query)); }

TEST(SoftCap, BoundsScoresSmoothly) {
  for (double const cap : {1., 30.})
    expect_adjuster(
        SoftCap{cap}, [&](double score, Position<> const&) { return cap * std::tanh(score / cap); }, Pairs{1, 2, 0});
  EXPECT_EQ(SoftCap{30.f}(0.f, Position<>{}), 0.f);
  EXPECT_EQ(SoftCap{2.f}(std::numeric_limits<float>::infinity(), Position<>{}), 2.f);
  EXPECT_EQ(SoftCap{2.f}(-1e30f, Position<>{}), -2.f);
}

TEST(Alibi, FallsWithDistanceOnBothSides) {
  for (Index const start : {-9, 0, 12})
    expect_adjuster(
        Alibi{0.5f}, [](double score, Position<> const& p) { return score - 0.5 * std::abs(distance(p)); },
        Pairs{5, 20, start});
}

TEST(Alibi, HasASlopeForEachHead) {
  Alibi const alibi{{0.5, 0.125, 2}};
  for (Index head = 0; head < 3; ++head)
    expect_adjuster(
        alibi,
        [&](double score, Position<> const& p) {
          return score - alibi.slopes()[std::size_t(head)] * std::abs(distance(p));
        },
        Pairs{3, 9, 2, head});
}

TEST(Alibi, HasTheSlopesOfThePaper) {
  auto const expect_slopes = [](Index heads, std::vector<double> const& exponents) {
    Alibi const alibi = Alibi::for_heads(heads);
    ASSERT_EQ(alibi.slopes().size(), exponents.size());
    for (std::size_t h = 0; h < exponents.size(); ++h)
      EXPECT_DOUBLE_EQ(alibi.slopes()[h], std::pow(2., -exponents[h])) << heads << " heads, head " << h;
  };
  expect_slopes(1, {8});
  expect_slopes(2, {4, 8});
  expect_slopes(3, {4, 8, 2});
  expect_slopes(8, {1, 2, 3, 4, 5, 6, 7, 8});
  expect_slopes(12, {1, 2, 3, 4, 5, 6, 7, 8, 0.5, 1.5, 2.5, 3.5});
  expect_slopes(16, {0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 5.5, 6, 6.5, 7, 7.5, 8});
}

TEST(Bias, IsAddedForEveryPair) {
  Index const n = 5, m = 37;
  Eigen::MatrixXd const full = Eigen::MatrixXd::Random(n, m);
  Eigen::VectorXd const column = Eigen::VectorXd::Random(n);
  Eigen::RowVectorXd const row = Eigen::RowVectorXd::Random(m);
  Pairs const all{n, m, m - n, 2, 1};
  auto const add = [&](double s, Position<> const& p) { return s + full(Index(p.row), Index(p.column)); };
  expect_adjuster(Bias{full}, add, all);
  expect_adjuster(Bias{Matrix<double>(full)}, add, all);
  expect_adjuster(
      Bias{2 * full.array() + 1},
      [&](double s, Position<> const& p) { return s + 2 * full(Index(p.row), Index(p.column)) + 1; }, all);
  expect_adjuster(Bias{column}, [&](double s, Position<> const& p) { return s + column(Index(p.row)); }, all);
  expect_adjuster(Bias{row}, [&](double s, Position<> const& p) { return s + row(Index(p.column)); }, all);
  expect_adjuster(Bias{Eigen::MatrixXd::Constant(1, 1, 0.5)}, [](double s, Position<> const&) { return s + 0.5; }, all);
  // Numbers that float holds exactly.
  Eigen::MatrixXf const eighths = (full * 64).array().round().cast<float>() / 8;
  auto const add_eighths = [&](double s, Position<> const& p) {
    return s + double(eighths(Index(p.row), Index(p.column)));
  };
  expect_adjuster(Bias{eighths}, add_eighths, all);
  expect_adjuster(Bias{eighths.cast<Eigen::half>()}, add_eighths, all);
}

TEST(Bias, ReadsTheCallersArrayOfHeads) {
  Index const batch = 2, heads = 3, n = 4, m = 19;
  std::vector<float> memory(std::size_t(batch * heads * n * m));
  for (std::size_t i = 0; i < memory.size(); ++i) memory[i] = float(i % 101) / 8;
  auto const at = [&](Index b, Index h, Index i, Index j) {
    return double(memory[std::size_t(((b * heads + h) * n + i) * m + j)]);
  };
  for (Index b = 0; b < batch; ++b)
    for (Index h = 0; h < heads; ++h) {
      Pairs const all{n, m, 0, h, b};
      expect_adjuster(
          Bias{memory.data(), {batch, heads, n, m}},
          [&](double s, Position<> const& p) { return s + at(b, h, p.row, p.column); }, all);
      expect_adjuster(
          Bias<float>{memory.data(), {1, heads, 1, m}, {9999, n * m, 9999, 1}},
          [&](double s, Position<> const& p) { return s + at(0, h, 0, p.column); }, all);
      // (batch, n, m, heads) in memory.
      expect_adjuster(
          Bias<float>{memory.data(), {batch, heads, n, m}, {n * m * heads, 1, m * heads, heads}},
          [&](double s, Position<> const& p) {
            return s + double(memory[std::size_t(((b * n + p.row) * m + p.column) * heads + h)]);
          },
          all);
    }
}

TEST(Bias, ForbidsWithMinusInfinity) {
  float const minus_infinity = -std::numeric_limits<float>::infinity();
  Bias const bias{Eigen::MatrixXf::Constant(2, 20, minus_infinity)};
  EXPECT_EQ(bias(3.f, Position<>{}), minus_infinity);
  using Keys = pack<std::int32_t, 16>;
  Position<Keys> const p{0, Keys::consecutive(0), 0, 0, Keys::consecutive(0), 0, 0};
  EXPECT_EQ((bias(pack<float, 16>(3.f), p)[7]), minus_infinity);
}

TEST(RelativeBias, ClipsDistances) {
  Matrix<double> table(2, 7);
  table << 1, 2, 3, 4, 5, 6, 7, -1, -2, -3, -4, -5, -6, -7;
  RelativeBias const bias{table};
  EXPECT_EQ(bias.reach(), 3);
  for (Index head = 0; head < 2; ++head)
    for (Index const start : {-200, 0, 5, 200})
      expect_adjuster(
          bias,
          [&](double s, Position<> const& p) {
            Index const clipped = std::clamp<Index>(p.key - p.query, -3, 3);
            return s + table(head, clipped + 3);
          },
          Pairs{4, 90, start, head});
}

TEST(RelativeBias, ServesAllHeadsWithOneRow) {
  RelativeBias const bias{Eigen::RowVector3f(1, 2, 4)};
  bias.check_sizes({1, 7, 5, 5});
  expect_adjuster(
      bias, [](double s, Position<> const& p) { return s + (p.key < p.query    ? 1
                                                            : p.key == p.query ? 2
                                                                               : 4); },
      Pairs{4, 20, 3, 6});
}

TEST(Gaussian, FallsAroundACentre) {
  Pairs const all{5, 20, 3, 1, 1};
  auto const fall = [](double key, double centre, double width) {
    return (key - centre) * (key - centre) / (2 * width * width);
  };
  expect_adjuster(
      Gaussian{3.5, 2.}, [&](double s, Position<> const& p) { return s - fall(double(Index(p.key)), 3.5, 2); }, all);
  Eigen::VectorXd const centres = Eigen::VectorXd::LinSpaced(5, -1.25, 17.5);
  auto const one_each = [&](double s, Position<> const& p) {
    return s - fall(double(Index(p.key)), centres(Index(p.row)), 4);
  };
  expect_adjuster(Gaussian{centres, 4.}, one_each, all);
  expect_adjuster(Gaussian{centres.transpose(), 4.f}, one_each, all);
  Matrix<double> const of_heads = Matrix<double>::Random(4, 5);  // two sequences of two heads
  expect_adjuster(
      Gaussian{Grid<double>(of_heads, {2, 2, 5, 1}), 3.},
      [&](double s, Position<> const& p) { return s - fall(double(Index(p.key)), of_heads(3, Index(p.row)), 3); }, all);
}

}  // namespace adjusters_tests
