#include <attend/visualize/display_width.hpp>

#include <gtest/gtest.h>

#include <algorithm>

namespace display_width_tests {

using attend::display_width;
using attend::drawn_characters;
using attend::shortened;

TEST(DisplayWidth, CountsCellsNotBytes) {
  EXPECT_EQ(display_width(""), 0);
  EXPECT_EQ(display_width("key"), 3);
  EXPECT_EQ(display_width("Größe"), 5);
  EXPECT_EQ(display_width("e\u0301"), 1);  // e and an accent of its own
  EXPECT_EQ(display_width("注意"), 4);
  EXPECT_EQ(display_width("😀"), 2);
  EXPECT_EQ(display_width("한글"), 4);
  EXPECT_EQ(display_width("→…"), 2);
}

TEST(DisplayWidth, TablesAreInOrder) {
  auto const is_ordered = [](auto const& blocks) {
    return std::all_of(std::begin(blocks), std::end(blocks), [](auto const& b) { return b.first <= b.last; }) &&
           std::is_sorted(std::begin(blocks), std::end(blocks),
                          [](auto const& a, auto const& b) { return a.last < b.first; });
  };
  EXPECT_TRUE(is_ordered(attend::detail::zero_width));
  EXPECT_TRUE(is_ordered(attend::detail::two_wide));
}

TEST(DisplayWidth, MarksStayWithTheirLetter) {
  EXPECT_EQ(drawn_characters("ae\u0301b"), (std::vector<std::string>{"a", "e\u0301", "b"}));
  EXPECT_EQ(drawn_characters("\u0301"), (std::vector<std::string>{"\u0301"}));
  EXPECT_TRUE(drawn_characters("").empty());
}

TEST(DisplayWidth, ShortenedTextFitsAndSaysSo) {
  EXPECT_EQ(shortened("attention", 9), "attention");
  EXPECT_EQ(shortened("attention", 8), "attenti…");
  EXPECT_EQ(shortened("注意力机制", 6), "注意…");
  EXPECT_EQ(shortened("e\u0301e\u0301e\u0301", 2), "e\u0301…");
  EXPECT_EQ(shortened("attention", 1), "…");
  EXPECT_EQ(shortened("attention", 0), "");
  EXPECT_EQ(shortened("", 0), "");
  for (int width = 0; width < 14; ++width) EXPECT_LE(display_width(shortened("a注b意c力de\u0301f", width)), width);
}

}  // namespace display_width_tests
