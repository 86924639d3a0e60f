#include <attend/io/convert.hpp>

#include "files.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

namespace convert_tests {

using namespace attend::io;
using attend::Index;
using attend::Matrix;
using attend::Vector;

template <class Number>
Tensor tensor(std::vector<Number> const& numbers) {
  return tensor_of("x", std::span(numbers), {static_cast<Index>(numbers.size())});
}
template <class To, class From>
To one(From number, Rounding rounding = Rounding::none) {
  return to_vector<To>(tensor(std::vector<From>{number}), rounding)[0];
}
template <class To, class From>
void expect_none(From number, std::string_view fragment, Rounding rounding = Rounding::none) {
  files::expect_refused([&] { (void)one<To>(number, rounding); }, fragment);
}

TEST(Convert, EveryHalfAndBfloat16IsAFloatAndADouble) {
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    auto const raw = static_cast<std::uint16_t>(bits);
    auto const half = Eigen::numext::bit_cast<Eigen::half>(raw);
    auto const brain = Eigen::numext::bit_cast<Eigen::bfloat16>(raw);
    // From the formula: (−1)^s · 2^(e − bias) · 1.f, without 1. and one power more where e = 0.
    auto const value = [&](int exponent_bits, int fraction_bits, int bias) {
      int const exponent = raw >> fraction_bits & ((1 << exponent_bits) - 1),
                fraction = raw & ((1 << fraction_bits) - 1);
      double const sign = raw >> 15 ? -1 : 1;
      if (exponent == (1 << exponent_bits) - 1) return fraction ? std::nan("") : sign * HUGE_VAL;
      double const mantissa = std::ldexp(fraction, -fraction_bits) + (exponent > 0);
      return sign * std::ldexp(mantissa, std::max(exponent, 1) - bias);
    };
    double const half_value = value(5, 10, 15), brain_value = value(8, 7, 127);
    if (std::isnan(half_value))
      EXPECT_TRUE(std::isnan(detail::converted_float<float>(half)));
    else
      EXPECT_EQ(detail::converted_float<double>(half), half_value) << bits;
    if (std::isnan(brain_value))
      EXPECT_TRUE(std::isnan(detail::converted_float<float>(brain)));
    else
      EXPECT_EQ(detail::converted_float<double>(brain), brain_value) << bits;
  }
}

TEST(Convert, WiderFloatsAreRefusedByTypeUnlessRoundingIsAskedFor) {
  expect_none<float>(1.0,
                     "tensor \"x\" is F64, of which F32 cannot hold every number; read it as a wider type, or ask");
  expect_none<Eigen::half>(1.0f, "is F32, of which F16 cannot");
  expect_none<Eigen::bfloat16>(1.0f, "is F32, of which BF16 cannot");
  expect_none<Eigen::half>(1.0, "is F64, of which F16 cannot");
  expect_none<Eigen::half>(Eigen::bfloat16(1.f), "is BF16, of which F16 cannot");
  expect_none<Eigen::bfloat16>(Eigen::half(1.f), "is F16, of which BF16 cannot");
  EXPECT_EQ(one<float>(0.1, Rounding::to_nearest), 0.1f);
  EXPECT_EQ(one<float>(1e300, Rounding::to_nearest), HUGE_VALF);
  EXPECT_EQ(float(one<Eigen::half>(65520.0f, Rounding::to_nearest)), HUGE_VALF);
  EXPECT_EQ(float(one<Eigen::half>(65519.0f, Rounding::to_nearest)), 65504.f);
  EXPECT_TRUE(std::isnan(one<float>(std::nan(""), Rounding::to_nearest)));
  EXPECT_EQ(one<double>(0.1f), double(0.1f));
  EXPECT_EQ(one<double>(Eigen::bfloat16(3.f)), 3.);
}

/// Rounding a double to float first and then to half would decide a tie that is none: 1 + 2^-11 + 2^-40 is above the
/// middle between 1 and 1 + 2^-10, but the float of it is the middle, which goes to the even 1.
TEST(Convert, DoublesAreRoundedOnce) {
  double const above = 1 + std::ldexp(1, -11) + std::ldexp(1, -40),
               below = 1 + 3 * std::ldexp(1, -11) - std::ldexp(1, -40);
  EXPECT_EQ(double(one<Eigen::half>(above, Rounding::to_nearest)), 1 + std::ldexp(1, -10));
  EXPECT_EQ(double(one<Eigen::half>(-above, Rounding::to_nearest)), -1 - std::ldexp(1, -10));
  EXPECT_EQ(double(one<Eigen::half>(below, Rounding::to_nearest)), 1 + std::ldexp(1, -10));
  EXPECT_EQ(double(one<Eigen::bfloat16>(1 + std::ldexp(1, -8) + std::ldexp(1, -50), Rounding::to_nearest)),
            1 + std::ldexp(1, -7));
  EXPECT_EQ(double(one<Eigen::half>(std::ldexp(1, -25) * (1 + 1e-12), Rounding::to_nearest)), std::ldexp(1, -24));
  EXPECT_EQ(double(one<Eigen::half>(std::ldexp(1, -25), Rounding::to_nearest)), 0.);  // a tie, to even
  EXPECT_EQ(double(one<Eigen::half>(5e-324, Rounding::to_nearest)), 0.);
  EXPECT_EQ(double(one<Eigen::half>(65520 - 1e-9, Rounding::to_nearest)), 65504.);
  EXPECT_EQ(double(one<Eigen::half>(1e300, Rounding::to_nearest)), HUGE_VAL);
  EXPECT_EQ(double(one<Eigen::bfloat16>(-1e300, Rounding::to_nearest)), -HUGE_VAL);
  EXPECT_TRUE(std::isnan(double(one<Eigen::half>(std::nan(""), Rounding::to_nearest))));
  // Every half, and its middle to the next one, a hair below and above.
  for (std::uint16_t bits = 1; bits < 0x7bff; ++bits) {
    auto const at = [](int raw) {
      return double(Eigen::numext::bit_cast<Eigen::half>(static_cast<std::uint16_t>(raw)));
    };
    double const low = at(bits), high = at(bits + 1), middle = (low + high) / 2;
    auto const rounded = [](double x) { return double(detail::converted_float<Eigen::half>(x)); };
    ASSERT_EQ(rounded(low), low);
    ASSERT_EQ(rounded(std::nextafter(middle, 0.)), low);
    ASSERT_EQ(rounded(std::nextafter(middle, 1e9)), high);
    ASSERT_EQ(rounded(middle), bits % 2 ? high : low);
  }
}

TEST(Convert, FloatsNeverBecomeWholeNumbers) {
  expect_none<int>(1.0f, "is F32, which I32 cannot hold; read it as a floating-point type");
  expect_none<std::int64_t>(1.0, "is F64, which I64 cannot hold", Rounding::to_nearest);
  expect_none<bool>(Eigen::half(1.f), "is F16, which BOOL cannot hold");
  expect_none<std::uint8_t>(Eigen::bfloat16(1.f), "is BF16, which U8 cannot hold");
}

TEST(Convert, WholeNumbersAreExactOrRefusedByValue) {
  constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min(),
                         most = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(one<double>(least), -std::ldexp(1, 63));
  EXPECT_EQ(one<float>(least), -std::ldexp(1.f, 63));
  expect_none<double>(most, "holds 9223372036854775807 as number 0, which F64 cannot hold exactly");
  EXPECT_EQ(one<double>(std::int64_t(1) << 53), std::ldexp(1, 53));
  expect_none<double>((std::int64_t(1) << 53) + 1, "holds 9007199254740993");
  EXPECT_EQ(one<double>((std::int64_t(1) << 53) + 2), std::ldexp(1, 53) + 2);
  EXPECT_EQ(one<float>(-16777216), -16777216.f);
  expect_none<float>(-16777217, "holds -16777217 as number 0, which F32 cannot hold exactly");
  expect_none<float>(16777217, "holds 16777217", Rounding::to_nearest);  // rounding is for floating-point numbers
  EXPECT_EQ(float(one<Eigen::half>(2048)), 2048.f);
  expect_none<Eigen::half>(2049, "holds 2049");
  EXPECT_EQ(float(one<Eigen::half>(65504)), 65504.f);
  expect_none<Eigen::half>(65536, "holds 65536");
  EXPECT_EQ(float(one<Eigen::bfloat16>(-256)), -256.f);
  expect_none<Eigen::bfloat16>(257, "holds 257");
  expect_none<double>(std::numeric_limits<std::uint64_t>::max(), "holds 18446744073709551615");
  EXPECT_EQ(one<float>(std::uint64_t(1) << 63), std::ldexp(1.f, 63));
  EXPECT_EQ(one<std::int8_t>(std::int64_t(-128)), -128);
  expect_none<std::int8_t>(std::int64_t(-129), "holds -129 as number 0, which I8 cannot");
  expect_none<std::uint8_t>(std::int8_t(-1), "holds -1 as number 0, which U8 cannot");
  expect_none<std::int64_t>(std::uint64_t(1) << 63, "holds 9223372036854775808");
  EXPECT_EQ(one<long long>(least), least);
  files::expect_refused([] { (void)to_vector<float>(tensor<int>({1, 2, 33554433})); }, "holds 33554433 as number 2");
}

/// Against the compiler's own cast, for whole numbers around every power of two.
TEST(Convert, ExactMeansThatTheCastComesBack) {
  for (int power = 0; power < 64; ++power)
    for (int around = -3; around <= 3; ++around) {
      std::uint64_t const x = (std::uint64_t(1) << power) + static_cast<std::uint64_t>(around);
      float result = 0;
      bool const comes_back = static_cast<long double>(static_cast<float>(x)) == static_cast<long double>(x);
      EXPECT_EQ(detail::convert_whole(x, result), comes_back) << x;
      double wide = 0;
      bool const wide_comes_back = static_cast<long double>(static_cast<double>(x)) == static_cast<long double>(x);
      EXPECT_EQ(detail::convert_whole(x, wide), wide_comes_back) << x;
      EXPECT_EQ(wide, wide_comes_back ? static_cast<double>(x) : 0);
    }
}

TEST(Convert, BoolsAreZeroAndOne) {
  std::vector<std::uint8_t> const bytes{0, 1, 2};
  Tensor flags{.name = "flags", .dtype = Dtype::boolean, .shape = {3}, .bytes = std::as_bytes(std::span(bytes))};
  files::expect_refused([&] { (void)to_flat<bool>(flags); }, "is BOOL, but number 2 is the byte 2; it must be 0 or 1");
  files::expect_refused([&] { (void)to_flat<float>(flags); }, "number 2 is the byte 2");
  flags.bytes = flags.bytes.first(2);
  flags.shape = {2};
  EXPECT_EQ(to_flat<float>(flags), (Vector<float>(2) << 0, 1).finished());
  EXPECT_EQ(to_flat<bool>(flags)[1], true);
  EXPECT_EQ(one<bool>(1), true);
  expect_none<bool>(2, "holds 2 as number 0, which BOOL cannot hold exactly");
}

TEST(Convert, BytesAtAnyAlignment) {
  std::vector<double> const numbers{1.5, -2.5, 1e300};
  files::Bytes bytes(1 + 24);
  std::memcpy(bytes.data() + 1, numbers.data(), 24);
  Tensor const crooked{.name = "x", .dtype = Dtype::f64, .shape = {3}, .bytes = std::span(bytes).subspan(1)};
  EXPECT_EQ(to_vector<double>(crooked)[2], 1e300);
  EXPECT_EQ(to_vector<float>(crooked, Rounding::to_nearest)[1], -2.5f);
}

TEST(Convert, RankAndSize) {
  std::vector<float> const numbers{1, 2, 3, 4, 5, 6};
  Tensor const matrix = tensor_of("w", std::span(numbers), {2, 3});
  EXPECT_EQ(to_matrix<float>(matrix), (Matrix<float>(2, 3) << 1, 2, 3, 4, 5, 6).finished());
  files::expect_refused([&] { (void)to_vector<float>(matrix); }, "\"w\" has shape (2, 3); a vector must have 1 size");
  Tensor const single = tensor_of("s", std::span(numbers).first(1), {});
  files::expect_refused([&] { (void)to_matrix<float>(single); }, "\"s\" has shape (); a matrix must have 2 sizes");
  files::expect_refused([&] { (void)to_vector<float>(single); }, "\"s\" has shape ()");
  EXPECT_EQ(to_flat<float>(single)[0], 1.f);
  std::vector<float> few(5);
  files::expect_refused([&] { copy_numbers(matrix, std::span(few)); }, "has 6 numbers; wanted are 5");
  Tensor wrong = matrix;
  wrong.shape = {2, 1'000'000'000'000};  // refused before memory is asked for
  files::expect_refused([&] { (void)to_matrix<float>(wrong); }, "has 24 bytes; F32 of shape (2, 1000000000000) must");
  Tensor const none = tensor_of("n", std::span(numbers).first(0), {0, Index(1) << 40});
  EXPECT_EQ(to_matrix<float>(none).cols(), Index(1) << 40);
}

}  // namespace convert_tests
