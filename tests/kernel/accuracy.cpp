#include <attend/attention.hpp>
#include <attend/reference/attention.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <random>
#include <string>
#include <vector>

/// How far results are from the exact ones, in units that do not depend on the draw: the error of a row's feature over
/// u · Σ p|v|, what rounding the weighted values once would cost at most (u: half the distance from 1 to the next
/// number).

namespace accuracy_tests {

namespace at = attend;

template <class Number>
struct Draw {
  at::Matrix<Number> q, k, v;

  Draw(std::mt19937& random, at::Index n, at::Index m, at::Index d, at::Index e) {
    std::normal_distribution<Number> normal;
    auto const fill = [&](at::Matrix<Number>& x, at::Index rows, at::Index columns) {
      x.resize(rows, columns);
      for (at::Index i = 0; i < x.size(); ++i) x.data()[i] = normal(random);
    };
    fill(q, n, d);
    fill(k, m, d);
    fill(v, m, e);
  }

  /// The exact result and Σ p|v|, in long double.
  void exact(at::Matrix<long double>& out, at::Matrix<long double>& size) const {
    at::Matrix<long double> const w = at::reference::weights<long double>(q, k);
    out = w * v.template cast<long double>();
    size = w * v.cwiseAbs().template cast<long double>();
  }
};

template <class Number>
[[nodiscard]] at::Matrix<long double> scaled_errors(at::Matrix<Number> const& out, at::Matrix<long double> const& exact,
                                                    at::Matrix<long double> const& size) {
  long double const u = std::numeric_limits<Number>::epsilon() / 2;
  return (out.template cast<long double>() - exact).cwiseAbs().cwiseQuotient(u * size);
}

/// Shows and records, for `cmake -P cmake/report.cmake`.
void report(std::string const& name, double value) {
  std::printf("  %-8s %.2f\n", name.c_str(), value);
  ::testing::Test::RecordProperty(name, std::to_string(value));
}

struct Errors {
  int draws;
  double p50, p99, most;

  void expect_within(double largest, double median) const {
    report("draws", draws);
    report("p50", p50);
    report("p99", p99);
    report("largest", most);
    EXPECT_LE(most, largest);
    EXPECT_LE(p50, median);
  }
};

/// A tenth of the draws; all with ATTEND_EXHAUSTIVE=1 in the environment.
[[nodiscard]] int some_of(int draws) { return std::getenv("ATTEND_EXHAUSTIVE") != nullptr ? draws : draws / 10; }

/// The largest scaled error of each draw. Sizes are those of heads: half of the draws have more than 512 keys. With
/// fewer keys rounding averages out less, for the plain algorithm too (up to 128 keys: p50 2.5 for both).
template <class Number>
[[nodiscard]] Errors over_draws(int draws) {
  std::mt19937 random(11);
  std::vector<double> largest;
  for (int i = 0; i < draws; ++i) {
    auto const up_to = [&](at::Index most) { return std::uniform_int_distribution<at::Index>(1, most)(random); };
    Draw<Number> const draw(random, up_to(4), up_to(1024), up_to(128), up_to(128));
    at::Matrix<long double> exact, size;
    draw.exact(exact, size);
    largest.push_back(double(scaled_errors<Number>(at::attention(draw.q, draw.k, draw.v), exact, size).maxCoeff()));
  }
  std::sort(largest.begin(), largest.end());
  return {draws, largest[largest.size() / 2], largest[largest.size() * 99 / 100], largest.back()};
}

TEST(Accuracy, OfFloatIsWithinSixteenUnits) { over_draws<float>(some_of(10'000)).expect_within(16, 2); }

TEST(Accuracy, OfDoubleIsWithinSixteenUnits) { over_draws<double>(some_of(1'000)).expect_within(16, 2); }

/// Root mean square errors of whole results against those of the plain algorithm in the same precision.
TEST(Accuracy, IsAsGoodAsThatOfThePlainAlgorithm) {
  std::mt19937 random(13);
  std::vector<double> ratios;
  for (auto const& [n, m, d] : {std::array<at::Index, 3>{32, 100, 64}, {32, 512, 64}, {16, 1000, 128}, {64, 64, 16}})
    for (int repeat = 0; repeat < 5; ++repeat) {
      Draw<float> const draw(random, n, m, d, d);
      at::Matrix<long double> exact, size;
      draw.exact(exact, size);
      auto const fast = scaled_errors<float>(at::attention(draw.q, draw.k, draw.v), exact, size);
      auto const plain = scaled_errors<float>(at::reference::attention<float>(draw.q, draw.k, draw.v), exact, size);
      ratios.push_back(double(fast.norm() / plain.norm()));
    }
  std::sort(ratios.begin(), ratios.end());
  report("largest", ratios.back());
  report("median", ratios[ratios.size() / 2]);
  EXPECT_LE(ratios.back(), 2);
  EXPECT_LE(ratios[ratios.size() / 2], 1);
}

}  // namespace accuracy_tests
