#include <attend/simd/math.hpp>

#include "ulp.hpp"

namespace math_tests {

namespace at = attend;

float const infinite = std::numeric_limits<float>::infinity();
float const not_a_number = std::numeric_limits<float>::quiet_NaN();
float const tiny = std::numeric_limits<float>::denorm_min();
float const huge = std::numeric_limits<float>::max();

using Exp = decltype([](auto const& x) { return at::exp(x); });
using ExpNonpositive = decltype([](auto const& x) { return at::exp_nonpositive(x); });
using Log = decltype([](auto const& x) { return at::log(x); });
using Tanh = decltype([](auto const& x) { return at::tanh(x); });
using Sigmoid = decltype([](auto const& x) { return at::sigmoid(x); });
using Softplus = decltype([](auto const& x) { return at::softplus(x); });
using Sqrt = decltype([](auto const& x) { return at::sqrt(x); });
using Abs = decltype([](auto const& x) { return at::abs(x); });

/// f of one float at a time must be `wanted`, bit by bit, NaN being NaN.
template <class Function>
void expect_exactly(std::vector<float> x, std::vector<float> const& wanted) {
  ASSERT_EQ(x.size(), wanted.size());
  x.resize((x.size() + 15) / 16 * 16);
  for (at::Isa const isa : isas()) {
    auto const y = apply<float>(isa, [](auto const& from) { return Function{}(from); }, x);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (std::isnan(wanted[i]))
        EXPECT_TRUE(std::isnan(y[i])) << "of " << x[i] << " on " << at::isa_name(isa);
      else
        EXPECT_EQ(std::bit_cast<std::uint32_t>(y[i]), std::bit_cast<std::uint32_t>(wanted[i]))
            << y[i] << " instead of " << wanted[i] << " of " << x[i] << " on " << at::isa_name(isa);
    }
  }
}

/// Whether fma rounds once wherever exp counts on it.
struct FusesAsPromised {
  float almost_one;  // 1 − 2⁻¹², known at run time only
  bool* kept;

  template <class Set>
  ATTEND_INLINE void run() const {
    using Float = at::pack<float, lanes_of<Set, float>>;
    float const rest = fma(Float(almost_one), Float(almost_one), Float(-almost_one * almost_one))[0];
    *kept = rest != 0 || !at::pack_detail::rounds_fma_once<Float>;
  }
};

/// 1 ulp. GCC at -O1, and either compiler told -ffp-contract=off, leave product and sum apart: then the wider vectors
/// have up to 1.17.
double exp_bound() {
  double bound = 1;
  for (at::Isa const isa : isas()) {
    bool kept = false;
    at::dispatch(isa, FusesAsPromised{1 - 0x1p-12f, &kept});
    if (!kept) bound = 1.2;
  }
  return bound;
}

TEST(Exp, OfNonpositiveFloatsIsWithinOneUlpDownToTheLeastDenormal) {
  expect_floats_within<ExpNonpositive>(exp_bound(), 101, 0, 104.f, false, true);
}

TEST(Exp, OfFloatsBelowIsZero) {
  expect_floats_within<ExpNonpositive>(exp_bound(), 9973, 104.f, not_a_number, false, true);
}

TEST(Exp, OfFloatsIsWithinOneUlp) { expect_floats_within<Exp>(exp_bound(), 1021); }

TEST(Exp, OfDoublesIsWithinOneUlp) {
  expect_doubles_within<Exp>(exp_bound(), [](long double x) { return std::exp(x); });
}

TEST(Exp, IsExactWhereItShouldBe) {
  expect_exactly<ExpNonpositive>({-infinite, -huge, -104.f, -103.98f, -0.f, 0.f, -tiny, not_a_number, -not_a_number},
                                 {0, 0, 0, 0, 1, 1, 1, not_a_number, not_a_number});
  expect_exactly<Exp>(
      {-infinite, -huge, -104.f, -0.f, 0.f, tiny, -tiny, 89.f, huge, infinite, not_a_number, 0x1.62e42ep6f},
      {0, 0, 0, 1, 1, 1, 1, infinite, infinite, infinite, not_a_number, 0x1.ffff08p127f});
}

TEST(Log, OfFloatsIsWithinOneUlp) { expect_floats_within<Log>(1.0, 1021); }

TEST(Log, OfDoublesIsWithinOneAndAHalfUlp) {
  expect_doubles_within<Log>(1.5, [](long double x) { return std::log(x); });
}

TEST(Log, IsExactWhereItShouldBe) {
  expect_exactly<Log>({0.f, -0.f, 1.f, infinite, not_a_number, -1.f, -infinite, -tiny},
                      {-infinite, -infinite, 0.f, infinite, not_a_number, not_a_number, not_a_number, not_a_number});
}

TEST(Tanh, OfFloatsIsWithinThreeUlp) { expect_floats_within<Tanh>(2.8, 1021); }

TEST(Tanh, OfDoublesIsWithinThreeUlp) {
  expect_doubles_within<Tanh>(2.8, [](long double x) { return std::tanh(x); });
}

TEST(Tanh, IsExactWhereItShouldBe) {
  expect_exactly<Tanh>(
      {0.f, -0.f, tiny, -tiny, 1e-30f, 1e-4f, 9.02f, -9.02f, huge, -huge, infinite, -infinite, not_a_number},
      {0.f, -0.f, tiny, -tiny, 1e-30f, 1e-4f, 1, -1, 1, -1, 1, -1, not_a_number});
}

/// Counts the floats, in steps, at which tanh is not odd or leaves [−1, 1] or falls.
struct TanhLaws {
  int* broken;
  std::uint32_t stride;

  template <class Set>
  ATTEND_INLINE void run() const {
    constexpr int lanes = lanes_of<Set, float>;
    using Float = at::pack<float, lanes>;
    using Int = at::pack<std::int32_t, lanes>;
    for (std::int64_t bits = 0; bits < 0x7f800000; bits += std::int64_t{stride} * lanes) {
      Int const all = Int::consecutive(0) * static_cast<std::int32_t>(stride) + static_cast<std::int32_t>(bits);
      Float const x = at::bits_of<Float>(all);
      Float const y = at::tanh(x), z = at::tanh(Float(-x));
      if (any_of(at::bits_of<Int>(Float(-y)) != at::bits_of<Int>(z))) ++*broken;
      if (any_of(y > 1.f || y < 0.f)) ++*broken;
    }
  }
};

TEST(Tanh, IsOddToTheLastBitAndNeverLeavesOne) {
  for (at::Isa const isa : isas()) {
    int broken = 0;
    at::dispatch(isa, TanhLaws{&broken, float_stride(131)});
    EXPECT_EQ(broken, 0) << at::isa_name(isa);
  }
}

TEST(Sigmoid, OfFloatsIsWithinTwoAndAHalfUlp) { expect_floats_within<Sigmoid>(2.5, 1021); }

TEST(Sigmoid, OfDoublesIsWithinTwoAndAHalfUlp) {
  expect_doubles_within<Sigmoid>(
      2.5, [](long double x) { return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x)); });
}

TEST(Sigmoid, IsExactWhereItShouldBe) {
  expect_exactly<Sigmoid>({0.f, -0.f, infinite, -infinite, huge, -huge, 20.f, not_a_number},
                          {0.5f, 0.5f, 1, 0, 1, 0, 1, not_a_number});
}

TEST(Softplus, OfFloatsIsWithinTwoPointOneUlp) { expect_floats_within<Softplus>(2.1, 1021); }

TEST(Softplus, OfDoublesIsWithinTwoAndAQuarterUlp) {
  expect_doubles_within<Softplus>(2.25,
                                  [](long double x) { return std::max(x, 0.L) + std::log1p(std::exp(-std::abs(x))); });
}

TEST(Softplus, IsExactWhereItShouldBe) {
  expect_exactly<Softplus>({infinite, -infinite, huge, -huge, 30.f, not_a_number},
                           {infinite, 0, huge, 0, 30.f, not_a_number});
}

TEST(Sqrt, OfFloatsIsWithinOneUlp) { expect_floats_within<Sqrt>(1.0, 1021); }

TEST(Sqrt, OfDoublesIsWithinOneUlp) {
  expect_doubles_within<Sqrt>(1.0, [](long double x) { return std::sqrt(x); });
}

TEST(Sqrt, IsExactWhereItShouldBe) {
  expect_exactly<Sqrt>({0.f, -0.f, 1.f, 4.f, 1e10f, infinite, not_a_number, -1.f, -infinite, -tiny},
                       {0.f, -0.f, 1.f, 2.f, 1e5f, infinite, not_a_number, not_a_number, not_a_number, not_a_number});
}

TEST(Magnitude, ClearsTheSign) {
  expect_exactly<Abs>({0.f, -0.f, -1.f, 2.f, -infinite, -tiny, not_a_number},
                      {0.f, 0.f, 1.f, 2.f, infinite, tiny, not_a_number});
  std::vector<std::int32_t> const whole = {-3, 0, 7, -(1 << 30), -1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
  for (at::Isa const isa : isas()) {
    auto const y = apply<std::int32_t>(isa, [](auto const& from) { return at::abs(from); }, whole);
    for (std::size_t i = 0; i < whole.size(); ++i) EXPECT_EQ(y[i], std::abs(whole[i]));
  }
}

TEST(Magnitude, TakesTheLargerAndTheSmallerAndTheFirstOfNan) {
  std::vector<float> const a = {1, 2, not_a_number, 4, not_a_number, -1, 0, 5, 1, 2, 3, 4, 5, 6, 7, infinite};
  std::vector<float> const b = {2, 1, 3, not_a_number, not_a_number, -2, 1, 5, 2, 1, 3, 9, 9, 9, 9, -infinite};
  for (at::Isa const isa : isas()) {
    auto const larger = apply<float>(isa, [](auto const& x, auto const& y) { return at::max(x, y); }, a, b);
    auto const smaller = apply<float>(isa, [](auto const& x, auto const& y) { return at::min(x, y); }, a, b);
    auto const rectified = apply<float>(isa, [](auto const& x) { return at::max(x, 0); }, a);
    auto const dropped = apply<float>(isa, [](auto const& x) { return at::max(0.0, x); }, a);
    auto const capped = apply<float>(isa, [](auto const& x) { return at::min(at::Ordinal(3), x); }, a);
    for (std::size_t i = 0; i < a.size(); ++i) {
      auto const same = [](float x, float y) { return x == y || (std::isnan(x) && std::isnan(y)); };
      EXPECT_TRUE(same(larger[i], at::max(a[i], b[i]))) << a[i] << " and " << b[i];
      EXPECT_TRUE(same(smaller[i], at::min(a[i], b[i]))) << a[i] << " and " << b[i];
      EXPECT_TRUE(same(rectified[i], at::max(a[i], 0)));
      EXPECT_TRUE(same(dropped[i], std::isnan(a[i]) ? 0.f : std::max(0.f, a[i])));
      EXPECT_TRUE(same(capped[i], std::isnan(a[i]) ? 3.f : std::min(3.f, a[i])));
    }
  }
}

TEST(Math, OfPositionsIsThatOfTheNumbersTheyAre) {
  using Int = at::pack<std::int32_t, 4>;
  using Long = at::pack<std::int64_t, 4>;
  static_assert(std::is_same_v<decltype(at::exp(Int())), at::pack<float, 4>>);
  static_assert(std::is_same_v<decltype(at::tanh(Long())), at::pack<double, 4>>);
  static_assert(std::is_same_v<decltype(at::max(Int(), 3)), Int>);
  static_assert(std::is_same_v<decltype(at::max(Int(), 0.5)), at::pack<float, 4>>);
  static_assert(std::is_same_v<decltype(at::abs(Long())), Long>);
  std::vector<std::int32_t> const whole = {-3, 0, 7, 20, -1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
  for (at::Isa const isa : isas()) {
    // One number out of all six, so that each is called once.
    auto const f = [](auto const& x) {
      using at::exp, at::log, at::sigmoid, at::softplus, at::sqrt, at::tanh;
      return exp(-abs(x)) + log(abs(x) + 1) + tanh(x) + sigmoid(x) + softplus(x) + sqrt(abs(x));
    };
    auto const y = apply<float>(isa, [&](auto const& x) { return f(x); }, whole);
    for (std::size_t i = 0; i < whole.size(); ++i)
      EXPECT_NEAR(y[i], f(at::Ordinal(whole[i])), 1e-6 * (1 + std::abs(whole[i])));
  }
}

}  // namespace math_tests
