#include <attend/io/in_quotes.hpp>

#include <gtest/gtest.h>

namespace in_quotes_tests {

TEST(InQuotes, WhatAFileHoldsCannotSpoilASentence) {
  using attend::io::in_quotes;
  EXPECT_EQ(in_quotes("weight"), "\"weight\"");
  EXPECT_EQ(in_quotes(""), "\"\"");
  EXPECT_EQ(in_quotes("a\"b\\"), R"("a\"b\\")");
  EXPECT_EQ(in_quotes(std::string_view("\0\x1b[31m\n\x7f\xff", 9)), R"("\x00\x1b[31m\x0a\x7f\xff")");
  EXPECT_EQ(in_quotes(std::string(80, 'n')), "\"" + std::string(80, 'n') + "\"");
  EXPECT_EQ(in_quotes(std::string(81, 'n')), "\"" + std::string(80, 'n') + "…\"");
}

}  // namespace in_quotes_tests
