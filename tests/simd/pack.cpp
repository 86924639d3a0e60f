#include <attend/core/math.hpp>
#include <attend/simd/convert.hpp>
#include <attend/simd/pack.hpp>
#include <attend/simd/transpose.hpp>

#include "isas.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <numeric>

namespace pack_tests {

namespace at = attend;

template <class Number>
std::vector<Number> numbers(int factor) {
  std::vector<Number> all;
  for (int i = 0; i < 64; ++i) all.push_back(static_cast<Number>((i * factor) % 97 + 1));
  return all;
}

/// f on packs of every instruction set gives what it gives on each number.
template <class Number, class Function>
void expect_lane_by_lane(Function const& f) {
  auto const a = numbers<Number>(7), b = numbers<Number>(13);
  for (at::Isa const isa : isas()) {
    SCOPED_TRACE(at::isa_name(isa));
    auto const got = apply<Number>(isa, f, a, b);
    for (std::size_t i = 0; i < a.size(); ++i)
      ASSERT_EQ(got[i], static_cast<Number>(f(a[i], b[i]))) << a[i] << " and " << b[i];
  }
}

template <class Number>
class PackOf : public testing::Test {};
using Numbers = testing::Types<float, double, std::int32_t, std::int64_t>;
TYPED_TEST_SUITE(PackOf, Numbers);

// Each function makes every kernel of every instruction set anew, so a few functions hold many operators.

TYPED_TEST(PackOf, ComputesLaneByLane) {
  expect_lane_by_lane<TypeParam>([](auto a, auto b) {
    auto c = -a - +b;
    c += b;
    c *= a;
    c -= b;
    c /= b;
    return (a + b) * c;  // a + b * c would be rounded once or twice, as the instruction set goes
  });
  if constexpr (std::is_integral_v<TypeParam>)
    expect_lane_by_lane<TypeParam>(
        [](auto a, auto b) { return (a % b) * 1000 + ((a & b) | (a ^ (b << 3))) - (b >> 1); });
}

TYPED_TEST(PackOf, JoinsPlainNumbersInBothOrders) {
  using Number = TypeParam;
  expect_lane_by_lane<Number>([](auto a, auto b) {
    return (a + Number(3)) * (Number(2) - b) / Number(5) + (a * at::Ordinal(3) - at::Ordinal(2) * b) + (a - 2) * 3;
  });
}

TYPED_TEST(PackOf, ComparesLaneByLaneAndSelects) {
  using Number = TypeParam;
  using at::select;
  expect_lane_by_lane<Number>([](auto a, auto b) {
    auto const one = a / a;
    return select(a < b, one, Number(0)) + select(a <= b, Number(2), one) + select(a > b, 4 * one, one) +
           select(b >= Number(40), 8 * one, one) + select(a == b, 16 * one, one) + select(a != b, 32 * one, one);
  });
  expect_lane_by_lane<Number>([](auto a, auto b) {
    auto const one = a / a;
    auto const small = a < Number(50), less = a < b;
    return select(less && small, one, Number(0)) + select(less || !small, 2 * one, one) +
           select(less != small, 4 * one, one) + select(less == small, 8 * one, one) + select(true, a, b) -
           select(false, a, Number(7));
  });
}

TEST(Pack, KnowsWhichTypesMeet) {
  using Float = at::pack<float, 8>;
  using Double = at::pack<double, 4>;
  using Int = at::pack<std::int32_t, 8>;
  using Long = at::pack<std::int64_t, 4>;
  static_assert(std::is_same_v<decltype(Int() * 0.5), Float>);
  static_assert(std::is_same_v<decltype(0.5f * Int()), Float>);
  static_assert(std::is_same_v<decltype(Long() - 1.f), Double>);
  static_assert(std::is_same_v<decltype(Int() - at::Ordinal(1)), Int>);
  static_assert(std::is_same_v<decltype(Float() * at::Ordinal(1)), Float>);
  static_assert(std::is_same_v<decltype(Float() * 0.1), Float>);
  static_assert(std::is_same_v<decltype(Float() + Int()), Float>);
  static_assert(std::is_same_v<decltype(Long() * Double()), Double>);
  static_assert(std::is_same_v<decltype(Int() < 2.5f), at::pack_mask<std::int32_t, 8>>);
  static_assert(std::is_same_v<decltype(select(Int() < 3, 0, 1)), Float>);
  static_assert(!std::is_convertible_v<Float, Int> && !std::is_constructible_v<Int, Float>);
  static_assert(at::is_pack<Float> && at::is_pack_mask<Float::mask> && !at::is_pack<float>);
  static_assert(Float::size == 8 && sizeof(Float) == 32 && sizeof(Long::mask) == 32);
}

TEST(Pack, IsPassedInMemorySoThatFunctionsLeftOutOfLineAgree) {
  static_assert(!std::is_trivially_copy_constructible_v<at::pack<float, 16>>);
  static_assert(!std::is_trivially_copy_constructible_v<at::pack_mask<std::int32_t, 16>>);
}

TEST(Pack, TurnsPositionsIntoRealsExactly) {
  std::vector<std::int32_t> const whole = {0, 1, -1, 2, 1 << 24, -(1 << 24), 12345, -9, 3, 5, 7, 11, 13, 17, 19, 23};
  std::vector<std::int64_t> const wide = {0, 1, -1, 2, 1LL << 53, -(1LL << 53), 12345, -9, 3, 5, 7, 11, 13, 17, 19, 23};
  for (at::Isa const isa : isas()) {
    auto const as_float = apply<float>(isa, [](auto x) { return x + 0.f; }, whole);
    auto const as_double = apply<double>(isa, [](auto x) { return x + 0.; }, wide);
    for (std::size_t i = 0; i < whole.size(); ++i) {
      EXPECT_EQ(as_float[i], static_cast<float>(whole[i]));
      EXPECT_EQ(as_double[i], static_cast<double>(wide[i]));
    }
  }
}

TEST(Pack, KeepsTheSignOfZero) {
  std::vector<float> const zeros(16, 0.f);
  for (at::Isa const isa : isas()) {
    auto const broadcast = apply<float>(isa, [](auto x) { return decltype(x)(-0.f); }, zeros);
    auto const negated = apply<float>(isa, [](auto x) { return -x; }, zeros);
    for (std::size_t i = 0; i < 16; ++i) {
      EXPECT_TRUE(std::signbit(broadcast[i]));
      EXPECT_TRUE(std::signbit(negated[i]));
    }
  }
}

TEST(Pack, ComparesNanAsNumbersDo) {
  float const nan = std::numeric_limits<float>::quiet_NaN();
  std::vector<float> const a = {nan, 1, nan, 1, 0, -0.f, nan, 2, nan, 1, nan, 1, 0, -0.f, nan, 2};
  std::vector<float> const b = {nan, nan, 1, 1, -0.f, 0, 0, 1, nan, nan, 1, 1, -0.f, 0, 0, 1};
  for (at::Isa const isa : isas()) {
    auto const less = apply<float>(isa, [](auto x, auto y) { return select(x < y, 1, 0); }, a, b);
    auto const not_less = apply<float>(isa, [](auto x, auto y) { return select(!(x < y), 1, 0); }, a, b);
    auto const equal = apply<float>(isa, [](auto x, auto y) { return select(x == y, 1, 0); }, a, b);
    auto const different = apply<float>(isa, [](auto x, auto y) { return select(x != y, 1, 0); }, a, b);
    auto const larger = apply<float>(isa, [](auto x, auto y) { return at::larger(x, y); }, a, b);
    for (std::size_t i = 0; i < a.size(); ++i) {
      EXPECT_EQ(less[i], a[i] < b[i] ? 1.f : 0.f);
      EXPECT_EQ(not_less[i], a[i] < b[i] ? 0.f : 1.f);
      EXPECT_EQ(equal[i], a[i] == b[i] ? 1.f : 0.f);
      EXPECT_EQ(different[i], a[i] != b[i] ? 1.f : 0.f);
      EXPECT_EQ(std::bit_cast<std::uint32_t>(larger[i]), std::bit_cast<std::uint32_t>(a[i] > b[i] ? a[i] : b[i]));
    }
  }
}

/// Everything that is not lane by lane, computed by one kernel into plain numbers.
struct Across {
  struct Result {
    int lanes = 0;
    float sum = 0, largest = 0;
    std::int64_t wide_sum = 0;
    bool any = false, none = true, of_true = false, of_false = true;
    float first = 0, last = 0;
    std::int32_t bits = 0;
    float back = 0;
    double fused = 0;
  };
  Result* result;

  template <class Set>
  ATTEND_INLINE void run() const {
    constexpr int lanes = lanes_of<Set, float>;
    using Float = at::pack<float, lanes>;
    using Int = at::pack<std::int32_t, lanes>;
    Float const x = Float::consecutive(3.f);
    result->lanes = lanes;
    result->first = x[0];
    result->last = x[lanes - 1];
    result->sum = sum_of(x);
    result->wide_sum = sum_of(at::pack<std::int64_t, lanes / 2>::consecutive(std::int64_t{1} << 40));
    result->largest = largest_of(Float(-x));
    result->any = any_of(x == static_cast<float>(lanes + 2));  // the last lane only
    result->none = any_of(x < 3.f);
    result->of_true = any_of(typename Float::mask(true)) && typename Float::mask(true)[lanes - 1];
    result->of_false = any_of(typename Float::mask(false));
    result->bits = at::bits_of<Int>(Float(1.f))[lanes - 1];
    result->back = at::bits_of<Float>(at::bits_of<Int>(x))[1];
    result->fused = fma(x, Float(2.f), Float(1.f))[0];
  }
};

TEST(Pack, JoinsItsLanes) {
  for (at::Isa const isa : isas()) {
    SCOPED_TRACE(at::isa_name(isa));
    Across::Result got;
    at::dispatch(isa, Across{&got});
    int const n = got.lanes;
    EXPECT_EQ(n, isa == at::Isa::v4 ? 16 : isa == at::Isa::v3 ? 8 : 4);
    EXPECT_EQ(got.first, 3);
    EXPECT_EQ(got.last, static_cast<float>(n + 2));
    EXPECT_EQ(got.sum, static_cast<float>(3 * n + n * (n - 1) / 2));
    EXPECT_EQ(got.wide_sum, (std::int64_t{1} << 40) * (n / 2) + n / 2 * (n / 2 - 1) / 2);
    EXPECT_EQ(got.largest, -3);
    EXPECT_TRUE(got.any && !got.none && got.of_true && !got.of_false);
    EXPECT_EQ(got.bits, 0x3f800000);
    EXPECT_EQ(got.back, 4);
    EXPECT_EQ(got.fused, 7);
  }
}

template <class Scalar>
struct Lookup {
  Scalar const* line;
  at::Index stride, count;
  float* out;  // the columns [0, 48)

  template <class Set>
  ATTEND_INLINE void run() const {
    constexpr int lanes = lanes_of<Set, float>;
    using Columns = at::pack<std::int32_t, lanes>;
    for (int column = 0; column < 48; column += lanes) {
      auto const found = at::lookup(line, stride, count, Columns::consecutive(column));
      at::pack<float, lanes>(found).store(out + column);
    }
  }
};

template <class Scalar>
void expect_lookup_reads_the_line_and_zeros_past_its_end() {
  for (at::Isa const isa : isas())
    for (at::Index const stride : {1, 3})
      for (at::Index const count : {0, 1, 15, 16, 17, 31, 33, 48}) {
        std::vector<Scalar> line;  // ends where the line ends: an address sanitizer looks on
        for (at::Index i = 0; i < (count == 0 ? 0 : (count - 1) * stride + 1); ++i)
          line.push_back(static_cast<Scalar>(static_cast<float>(i % 3)));
        std::vector<float> out(48);
        at::dispatch(isa, Lookup<Scalar>{line.data(), stride, count, out.data()});
        for (at::Index i = 0; i < 48; ++i)
          ASSERT_EQ(out[static_cast<std::size_t>(i)],
                    i < count ? static_cast<float>(at::lookup(line.data(), stride, count, at::Ordinal(i))) : 0.f)
              << at::isa_name(isa) << ", column " << i << " of " << count << ", stride " << stride;
      }
}

TEST(Pack, LooksUpALineAndFindsZerosPastItsEnd) {
  expect_lookup_reads_the_line_and_zeros_past_its_end<float>();
  expect_lookup_reads_the_line_and_zeros_past_its_end<double>();
  expect_lookup_reads_the_line_and_zeros_past_its_end<std::int8_t>();
  expect_lookup_reads_the_line_and_zeros_past_its_end<std::uint8_t>();
  expect_lookup_reads_the_line_and_zeros_past_its_end<std::int64_t>();
  expect_lookup_reads_the_line_and_zeros_past_its_end<Eigen::half>();
}

template <class Number>
struct Transpose {
  Number const* in;
  Number* out;

  template <class Set>
  ATTEND_INLINE void run() const {
    constexpr int lanes = lanes_of<Set, Number>;
    at::raw_vector<Number, lanes> rows[lanes];
    std::memcpy(rows, in, sizeof rows);
    at::transpose<Number, lanes>(rows);
    std::memcpy(out, rows, sizeof rows);
  }
};

template <class Number>
struct LoadTransposed {
  Number const* in;
  Number* out;

  template <class Set>
  ATTEND_INLINE void run() const {
    constexpr int lanes = lanes_of<Set, Number>;
    at::raw_vector<Number, lanes> columns[lanes];
    at::load_transposed<Number, lanes>([&](int i) { return in + i * lanes; }, columns);
    std::memcpy(out, columns, sizeof columns);
  }
};

template <class Number>
void expect_transposed() {
  for (at::Isa const isa : isas()) {
    std::size_t const lanes = (isa == at::Isa::v4 ? 64 : isa == at::Isa::v3 ? 32 : 16) / sizeof(Number);
    std::vector<Number> in(lanes * lanes), out(lanes * lanes);
    std::iota(in.begin(), in.end(), Number(1));
    at::dispatch(isa, Transpose<Number>{in.data(), out.data()});
    for (std::size_t i = 0; i < lanes; ++i)
      for (std::size_t j = 0; j < lanes; ++j) ASSERT_EQ(out[i * lanes + j], in[j * lanes + i]) << at::isa_name(isa);
    std::vector<Number> loaded(lanes * lanes);
    at::dispatch(isa, LoadTransposed<Number>{in.data(), loaded.data()});
    EXPECT_EQ(loaded, out) << at::isa_name(isa);
  }
}

TEST(Pack, TransposesSquaresInRegisters) {
  expect_transposed<float>();
  expect_transposed<double>();
  expect_transposed<std::int32_t>();
}

template <class Half>
struct Widen {
  Half const* in;
  float* out;

  template <class Set>
  ATTEND_INLINE void run() const {
    constexpr int lanes = lanes_of<Set, float>;
    for (int i = 0; i < 65536; i += lanes) at::load_as<lanes>(in + i).store(out + i);
  }
};

template <class Half>
void expect_all_halves_widen_exactly() {
  std::vector<Half> in;
  for (unsigned bits = 0; bits < 65536; ++bits) in.push_back(std::bit_cast<Half>(static_cast<std::uint16_t>(bits)));
  for (at::Isa const isa : isas()) {
    std::vector<float> out(65536);
    at::dispatch(isa, Widen<Half>{in.data(), out.data()});
    for (std::size_t i = 0; i < 65536; ++i) {
      float const want = static_cast<float>(in[i]);
      if (std::isnan(want))
        ASSERT_TRUE(std::isnan(out[i])) << i;
      else
        ASSERT_EQ(std::bit_cast<std::uint32_t>(out[i]), std::bit_cast<std::uint32_t>(want)) << i;
    }
  }
}

template <class Half>
struct Narrow {
  std::vector<float> const& in;
  Half* out;

  template <class Set>
  ATTEND_INLINE void run() const {
    constexpr int lanes = lanes_of<Set, float>;
    for (std::size_t i = 0; i < in.size(); i += lanes)
      at::store_as<lanes>(out + i, at::pack<float, lanes>::load(in.data() + i));
  }
};

/// Over the space of bits, and at every tie between two neighbours.
template <class Half>
void expect_floats_narrow_to_the_nearest() {
  std::vector<float> in;
  for (std::uint64_t bits = 0; bits < std::uint64_t{1} << 32; bits += 1009)
    in.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
  for (std::uint32_t bits = 0; bits < 65536; ++bits)
    for (std::uint32_t const below : {0x7fffu, 0x8000u, 0x8001u, 0x0fffu, 0x1000u, 0x1001u})
      in.push_back(std::bit_cast<float>(bits << 16 | below));
  in.resize(in.size() / 16 * 16);
  std::vector<Half> out(in.size());
  for (at::Isa const isa : isas()) {
    at::dispatch(isa, Narrow<Half>{in, out.data()});
    for (std::size_t i = 0; i < in.size(); ++i) {
      if (std::isnan(in[i]))
        ASSERT_TRUE(std::isnan(static_cast<float>(out[i]))) << i;
      else
        ASSERT_EQ(std::bit_cast<std::uint16_t>(out[i]), std::bit_cast<std::uint16_t>(static_cast<Half>(in[i])))
            << in[i] << " on " << at::isa_name(isa);
    }
  }
}

TEST(Pack, NarrowsFloatsToTheNearestHalf) {
  expect_floats_narrow_to_the_nearest<Eigen::half>();
  expect_floats_narrow_to_the_nearest<Eigen::bfloat16>();
}

TEST(Pack, WidensEveryHalfExactly) {
  expect_all_halves_widen_exactly<Eigen::half>();
  expect_all_halves_widen_exactly<Eigen::bfloat16>();
}

}  // namespace pack_tests
