#pragma once

#include <attend/simd/dispatch.hpp>
#include <attend/simd/math.hpp>

#include "isas.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <random>
#include <string>
#include <vector>

/// Errors in units in the last place: |got − right| divided by the distance of floats (doubles) around the right value.

#if defined(__has_feature)
#define ATTEND_TEST_HAS_FEATURE(feature) __has_feature(feature)
#else
#define ATTEND_TEST_HAS_FEATURE(feature) 0
#endif

inline bool exhaustive() {
  char const* const wish = std::getenv("ATTEND_EXHAUSTIVE");
  return wish != nullptr && *wish == '1';
}

/// ATTEND_EXHAUSTIVE=1 takes every float (a minute a function); otherwise every `stride`-th, a prime, so that all
/// exponents and all low bits take turns.
inline std::uint32_t float_stride(std::uint32_t stride) {
  if (exhaustive()) return 1;
#if !defined(__OPTIMIZE__) || defined(__SANITIZE_ADDRESS__) || ATTEND_TEST_HAS_FEATURE(address_sanitizer)
  return stride * 101;
#else
  return stride;
#endif
}

/// The floats whose bits are first, first + stride, … up to last, against the same function on packs of doubles (which
/// is held against long double: off by a few 2⁻⁵³, nothing next to a float's 2⁻²⁴).
template <class Function>
struct FloatScan {
  struct Result {
    double ulp = 0;
    float at = 0;
    bool kinds_agree = true;  // NaN where NaN is right, infinity where the right value rounds to it
    float disagree_at = 0;
  };
  std::uint32_t first, last, stride;
  Result* result;

  template <class Set>
  ATTEND_INLINE void run() const {
    constexpr int lanes = lanes_of<Set, float>;
    using Float = attend::pack<float, lanes>;
    using Double = attend::pack<double, lanes>;
    using Long = attend::pack<std::int64_t, lanes>;
    using Bits = attend::raw_vector<std::uint32_t, lanes>;
    constexpr double infinity = std::numeric_limits<double>::infinity();
    double ulp = 0;
    Bits lane_offset{};
    for (int lane = 0; lane < lanes; ++lane) lane_offset[lane] = stride * static_cast<std::uint32_t>(lane);
    for (std::uint64_t bits = first; bits <= last; bits += std::uint64_t{stride} * lanes) {
      Bits const all = lane_offset + static_cast<std::uint32_t>(bits);  // may run past `last`, which does no harm
      Float const x(reinterpret_cast<typename Float::raw>(all));
      Float const y = Function{}(x);
      Double const right = Function{}(Double(__builtin_convertvector(x.value(), typename Double::raw)));
      Double const got(__builtin_convertvector(y.value(), typename Double::raw));
      // Half way between the largest float and the next power of two all rounds to infinity.
      Double const rounded = select(attend::abs(right) >= 0x1.ffffffp127, infinity * right, right);
      auto const same = got == rounded || (got != got && rounded != rounded);
      auto const kind = abs(got) < infinity && abs(rounded) < infinity;
      // 2⁻ᵉ for the right value's exponent e, but no finer than the denormal floats.
      Double const exponent = attend::max(attend::bits_of<Double>(attend::bits_of<Long>(right) & 0x7ff0000000000000),
                                          Double(double(std::numeric_limits<float>::min())));
      Double const finer = attend::bits_of<Double>(0x7fd0000000000000 - attend::bits_of<Long>(exponent));
      Double const error = select(kind, attend::abs(got - rounded) * finer * (0x1p23 * 2), 0.);
      if (any_of(!same && !kind) && result->kinds_agree) {
        result->kinds_agree = false;
        for (int lane = 0; lane < lanes; ++lane)
          if (!(same || kind)[lane]) result->disagree_at = x[lane];
      }
      double const worst = largest_of(error);
      if (worst > ulp) {
        ulp = worst;
        for (int lane = 0; lane < lanes; ++lane)
          if (error[lane] == worst) result->at = x[lane];
      }
    }
    result->ulp = ulp;
  }
};

/// Holds the floats [first, last] and their negatives to `bound` ulp on every instruction set.
template <class Function>
void expect_floats_within(double bound, std::uint32_t stride, float first = 0,
                          float last = std::numeric_limits<float>::quiet_NaN(), bool positive = true,
                          bool negative = true) {
  for (attend::Isa const isa : isas())
    for (std::uint32_t const sign : {0u, 0x80000000u}) {
      if (sign == 0 ? !positive : !negative) continue;
      typename FloatScan<Function>::Result found;
      attend::dispatch(isa, FloatScan<Function>{sign | std::bit_cast<std::uint32_t>(first),
                                                sign | (std::bit_cast<std::uint32_t>(last) & 0x7fffffffu),
                                                float_stride(stride), &found});
      EXPECT_LE(found.ulp, bound) << attend::isa_name(isa) << ", at " << found.at;
      EXPECT_TRUE(found.kinds_agree) << attend::isa_name(isa) << ", at " << found.disagree_at;
      std::string const name =
          std::string(sign == 0 ? "positive_" : "negative_") + (isa == attend::Isa::v4   ? "v4"
                                                                : isa == attend::Isa::v3 ? "v3"
                                                                                         : "baseline");
      testing::Test::RecordProperty("ulp_" + name, std::to_string(found.ulp));
      if (exhaustive())
        std::printf("  %-18s %.4f ulp at %.9g\n", name.c_str(), found.ulp, static_cast<double>(found.at));
    }
}

/// Doubles of every exponent, and denser where functions bend.
inline std::vector<double> many_doubles(int count) {
  std::mt19937_64 random(1);
  using Limits = std::numeric_limits<double>;
  std::vector<double> x = {0.,
                           -0.,
                           1.,
                           -1.,
                           Limits::infinity(),
                           -Limits::infinity(),
                           Limits::quiet_NaN(),
                           Limits::max(),
                           -Limits::max(),
                           Limits::min(),
                           Limits::denorm_min(),
                           -Limits::denorm_min()};
  while (static_cast<int>(x.size()) < count) {
    x.push_back(std::bit_cast<double>(random()));
    auto const unit = [&] { return std::ldexp(static_cast<double>(random() >> 11), -53); };
    x.push_back(unit() * 2 - 1);
    x.push_back(unit() * 60 - 30);
    x.push_back(unit() * 1500 - 750);
  }
  x.resize(static_cast<std::size_t>(count) / 16 * 16);
  return x;
}

/// Holds random doubles to `bound` ulp of a long double's `right`.
template <class Function, class Right>
void expect_doubles_within(double bound, Right const& right, int count = 60000) {
  if (exhaustive()) count = 20'000'000;
  auto const x = many_doubles(count);
  for (attend::Isa const isa : isas()) {
    auto const y = apply<double>(isa, [](auto const& from) { return Function{}(from); }, x);
    double worst = 0, worst_at = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      long double const want = right(static_cast<long double>(x[i]));
      if (std::isnan(want) || std::isinf(static_cast<double>(want))) {
        ASSERT_TRUE(std::isnan(want) ? std::isnan(y[i]) : y[i] == static_cast<double>(want)) << x[i];
        continue;
      }
      int exponent = 0;
      std::frexp(want, &exponent);
      long double const ulp = std::ldexp(1.0L, std::max(exponent, -1021) - 53);
      double const error = static_cast<double>(std::abs(static_cast<long double>(y[i]) - want) / ulp);
      if (error > worst) worst = error, worst_at = x[i];
    }
    EXPECT_LE(worst, bound) << attend::isa_name(isa) << ", at " << worst_at;
    if (exhaustive()) std::printf("  double %-14s %.4f ulp at %.17g\n", attend::isa_name(isa), worst, worst_at);
  }
}
