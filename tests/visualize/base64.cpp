#include <attend/visualize/base64.hpp>

#include <gtest/gtest.h>

#include <string>

namespace base64_tests {

std::string of(std::string const& text) { return attend::base64({text.begin(), text.end()}); }

// RFC 4648, section 10.
TEST(Base64, IsThatOfTheStandard) {
  EXPECT_EQ(of(""), "");
  EXPECT_EQ(of("f"), "Zg==");
  EXPECT_EQ(of("fo"), "Zm8=");
  EXPECT_EQ(of("foo"), "Zm9v");
  EXPECT_EQ(of("foob"), "Zm9vYg==");
  EXPECT_EQ(of("fooba"), "Zm9vYmE=");
  EXPECT_EQ(of("foobar"), "Zm9vYmFy");
  EXPECT_EQ(attend::base64({0xff, 0xef, 0xbe}), "/+++");
}

}  // namespace base64_tests
