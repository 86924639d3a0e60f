#include <attend/visualize/utf8.hpp>

#include <gtest/gtest.h>

#include <string>

namespace utf8_tests {

using attend::first_code_point;
using attend::replacement_character;

TEST(Utf8, EveryCharacterComesBack) {
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    std::string text;
    attend::append_utf8(text, c);
    attend::CodePoint const back = first_code_point(text + "x");
    ASSERT_TRUE(back.valid) << std::uint32_t{c};
    ASSERT_EQ(back.value, c);
    ASSERT_EQ(back.bytes, text.size());
  }
}

TEST(Utf8, WhatIsNoCharacterIsWrittenAsReplacement) {
  for (char32_t const c : {char32_t{0xD800}, char32_t{0xDFFF}, char32_t{0x110000}}) {
    std::string text;
    attend::append_utf8(text, c);
    EXPECT_EQ(text, "\uFFFD");
  }
}

std::u32string decoded(std::string_view text) {
  std::u32string all;
  attend::for_each_code_point(text, [&](attend::CodePoint point, std::string_view bytes) {
    EXPECT_EQ(bytes.size(), point.bytes);
    EXPECT_EQ(point.valid, point.value != replacement_character || bytes == "\uFFFD");
    all += point.value;
  });
  return all;
}

// The examples of table 3-8 to 3-11 of the Unicode standard: one U+FFFD for each maximal part that could have begun a
// character.
TEST(Utf8, BadBytesAreReplacedAsUnicodeSays) {
  EXPECT_EQ(decoded("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41"), U"\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFDA");
  EXPECT_EQ(decoded("\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41"), U"\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFDA");
  EXPECT_EQ(decoded("\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42"), U"\uFFFD\uFFFD\uFFFD\uFFFD\uFFFDA\uFFFD\uFFFDB");
  EXPECT_EQ(decoded("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41"), U"\uFFFD\uFFFD\uFFFD\uFFFDA");
}

TEST(Utf8, ACutCharacterAtTheEndIsOneReplacement) {
  EXPECT_EQ(decoded("a\xF0\x9F\x98"), U"a\uFFFD");
  EXPECT_EQ(decoded("\xC3"), U"\uFFFD");
  EXPECT_EQ(decoded(""), U"");
}

}  // namespace utf8_tests
