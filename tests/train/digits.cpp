#include "../../examples/glimpse_digits/digits.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

namespace digits_tests {

using namespace glimpse_digits;

TEST(Digits, AreThoseOfTheSource) {
  Digits const digits = read_digits(written_digits);
  ASSERT_EQ(digits.size(), 1797);
  // Of each digit so many, as the repository counts them.
  std::array<std::ptrdiff_t, 10> const wanted{178, 182, 177, 183, 181, 182, 181, 179, 174, 180};
  for (Index label = 0; label < 10; ++label)
    EXPECT_EQ(std::ranges::count(digits.labels, label), wanted[static_cast<std::size_t>(label)]) << label;
  EXPECT_EQ(digits.images.minCoeff(), 0);
  EXPECT_EQ(digits.images.maxCoeff(), 1);
  EXPECT_FLOAT_EQ(digits.images(0, 2), 5 / 16.0f);  // the first row of the first digit: 0, 0, 5, 13, …
  EXPECT_FLOAT_EQ(digits.images(0, 3), 13 / 16.0f);
}

TEST(Digits, ThatAreNotWrittenRightAreRefused) {
  std::array<std::string_view, 1> text{"5 0123"};
  EXPECT_THROW((void)read_digits(text), attend::Error);
  std::string wrong(written_digits[0]);
  wrong.back() = 'h';
  text[0] = wrong;
  EXPECT_THROW((void)read_digits(text), attend::Error);
}

TEST(Digits, EveryFourthIsHeldOut) {
  Digits const digits = read_digits(written_digits);
  Split const parts = split(digits);
  EXPECT_EQ(parts.trained.size(), 1348);
  EXPECT_EQ(parts.held_out.size(), 449);
  EXPECT_EQ(parts.held_out.images.row(1), digits.images.row(7));
  EXPECT_EQ(parts.trained.images.row(3), digits.images.row(4));
}

TEST(Digits, AreShuffledToOneOfEach) {
  std::vector<Index> first = shuffled(100, 1, 0);
  EXPECT_EQ(first, shuffled(100, 1, 0));
  EXPECT_NE(first, shuffled(100, 1, 1));
  std::ranges::sort(first);
  for (Index i = 0; i < 100; ++i) EXPECT_EQ(first[static_cast<std::size_t>(i)], i);
}

TEST(Windows, AreCutOutWhereTheyStand) {
  Matrix<float> image(1, pixels);
  for (Index p = 0; p < pixels; ++p) image(0, p) = static_cast<float>(p);
  Matrix<float> const all = windows_everywhere(image);
  ASSERT_EQ(all.rows(), 36);
  for (Index top = 0; top < 6; ++top)
    for (Index left = 0; left < 6; ++left) {
      Index const place = top * 6 + left;
      Matrix<float> const window = all.row(place).reshaped<Eigen::RowMajor>(3, 3);
      EXPECT_EQ(window, image.reshaped<Eigen::RowMajor>(8, 8).block(top, left, 3, 3)) << place;
      EXPECT_EQ(windows_at(image, Matrix<Index>::Constant(1, 1, place)), all.row(place));
    }
}

}  // namespace digits_tests
