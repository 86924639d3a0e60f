#include <attend/simd/erf.hpp>

#include "ulp.hpp"

#include <attend/core/dual_math.hpp>

namespace erf_tests {

namespace at = attend;

using Erf = decltype([](auto const& x) { return at::erf(x); });
using NormalCdf = decltype([](auto const& x) { return at::normal_cdf(x); });
using NormalDensity = decltype([](auto const& x) { return at::normal_density(x); });

constexpr long double sqrt_half = 0.707106781186547524400844362104849039L;

TEST(Erf, OfFloatsIsWithinOneAndAHalfUlp) { expect_floats_within<Erf>(1.5, 1021); }

TEST(Erf, OfDoublesIsWithinOneAndAHalfUlp) {
  expect_doubles_within<Erf>(1.5, [](long double x) { return std::erf(x); });
}

TEST(NormalCdf, OfFloatsIsWithinFiveUlpInTheTailToo) { expect_floats_within<NormalCdf>(5, 1021); }

TEST(NormalCdf, OfDoublesIsWithinFiveAndAHalfUlpInTheTailToo) {
  expect_doubles_within<NormalCdf>(5.5, [](long double x) { return std::erfc(-x * sqrt_half) / 2; });
}

TEST(NormalDensity, OfFloatsIsWithinThreeUlp) { expect_floats_within<NormalDensity>(3, 1021); }

TEST(NormalDensity, OfDoublesIsWithinThreeUlp) {
  expect_doubles_within<NormalDensity>(
      3, [](long double x) { return std::exp(-x * x / 2) * 0.398942280401432677939946059934381868L; });
}

TEST(Erf, IsExactWhereItShouldBe) {
  constexpr float infinite = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  std::vector<float> x = {0.f, -0.f, infinite, -infinite, 3e38f, -3e38f, nan, 5.f};
  x.resize(16);
  for (at::Isa const isa : isas()) {
    auto const y = apply<float>(isa, [](auto const& from) { return at::erf(from); }, x);
    auto const cdf = apply<float>(isa, [](auto const& from) { return at::normal_cdf(from); }, x);
    std::vector<float> const wanted = {0, 0, 1, -1, 1, -1, nan, 1}, wanted_cdf = {0.5f, 0.5f, 1, 0, 1, 0, nan};
    for (std::size_t i = 0; i < wanted.size(); ++i)
      EXPECT_TRUE(y[i] == wanted[i] || (std::isnan(y[i]) && std::isnan(wanted[i]))) << x[i] << ": " << y[i];
    for (std::size_t i = 0; i < wanted_cdf.size(); ++i)
      EXPECT_TRUE(cdf[i] == wanted_cdf[i] || (std::isnan(cdf[i]) && std::isnan(x[i]))) << x[i] << ": " << cdf[i];
    EXPECT_TRUE(std::signbit(y[1]));
  }
}

struct ErfLaws {
  int* broken;

  template <class Set>
  ATTEND_INLINE void run() const {
    using Float = at::pack<float, lanes_of<Set, float>>;
    for (int i = 0; i < 300000; ++i) {
      Float const x = Float::consecutive(0) * 1.7e-6f + static_cast<float>(i) * 2e-5f;
      Float const y = at::erf(x);
      if (any_of(y > 1.f) || any_of(y != -at::erf(Float(-x)))) ++*broken;
    }
  }
};

TEST(Erf, IsOddToTheLastBitAndNeverLeavesOne) {
  for (at::Isa const isa : isas()) {
    int broken = 0;
    at::dispatch(isa, ErfLaws{&broken});
    EXPECT_EQ(broken, 0) << at::isa_name(isa);
  }
}

TEST(Erf, OfPlainAndDualNumbers) {
  EXPECT_NEAR(at::erf(0.5), 0.5204998778130465, 1e-15);
  EXPECT_NEAR(at::normal_cdf(-1), 0.15865525393145705, 1e-15);
  EXPECT_NEAR(at::normal_density(1.f), 0.24197072451914337, 1e-7);
  auto const slope = [](auto const& f, double x) { return (f(x + 1e-5) - f(x - 1e-5)) / 2e-5; };
  auto const expect_slope = [&](auto const& f) {
    for (double const x : {-2.0, -0.3, 0.0, 1.7})
      EXPECT_NEAR(f(at::Dual<double>(x, 1.0)).derivative, slope(f, x), 1e-9) << x;
  };
  expect_slope([](auto const& x) { return at::erf(x); });
  expect_slope([](auto const& x) { return at::normal_cdf(x); });
  expect_slope([](auto const& x) { return at::normal_density(x); });
}

}  // namespace erf_tests
