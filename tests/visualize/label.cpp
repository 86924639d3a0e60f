#include <attend/visualize/label.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

namespace label_tests {

using attend::number_label;
using attend::visible_label;

TEST(Label, OrdinaryTextIsUntouched) {
  for (char const* text : {"", "key", " the", "Größe", "注意", "😀", "<b>&\"'"}) EXPECT_EQ(visible_label(text), text);
}

TEST(Label, ControlCharactersBecomeTheirPictures) {
  EXPECT_EQ(visible_label("a\nb\tc\r"), "a↵b⇥c␍");
  EXPECT_EQ(visible_label("\x1b[31m"), "␛[31m");
  EXPECT_EQ(visible_label(std::string("\0", 1)), "␀");
  EXPECT_EQ(visible_label("\x7f"), "␡");
  EXPECT_EQ(visible_label("\u2028"), "↵");
}

TEST(Label, WhatWouldDisturbAPageIsReplaced) {
  EXPECT_EQ(visible_label("\xff"), "\uFFFD");
  EXPECT_EQ(visible_label("\u0085"), "\uFFFD");  // a control character of the second block
  EXPECT_EQ(visible_label("\u202Eabc"), "\uFFFDabc");
  EXPECT_EQ(visible_label("\u2067"), "\uFFFD");
  EXPECT_EQ(visible_label("\uFFFF"), "\uFFFD");
}

TEST(Label, NothingUnsafeIsLeftOfAnyByte) {
  for (int first = 0; first < 256; ++first)
    for (int second = 0; second < 256; ++second) {
      std::string const label = visible_label(std::string{static_cast<char>(first), static_cast<char>(second)});
      attend::for_each_code_point(label, [&](attend::CodePoint point, std::string_view) {
        ASSERT_TRUE(point.valid);
        ASSERT_GE(point.value, 0x20u);
      });
    }
}

TEST(Label, NumbersHaveThreeDigits) {
  EXPECT_EQ(number_label(0.123456), "0.123");
  EXPECT_EQ(number_label(-0.0), "0");
  EXPECT_EQ(number_label(12345.0), "1.23e+04");
  EXPECT_EQ(number_label(std::nan("")), "not a number");
  EXPECT_EQ(number_label(std::numeric_limits<double>::infinity()), "+∞");
  EXPECT_EQ(number_label(-std::numeric_limits<double>::infinity()), "−∞");
}

}  // namespace label_tests
