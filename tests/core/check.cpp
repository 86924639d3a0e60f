#include <attend/core/check.hpp>

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

namespace check_tests {

namespace at = attend;

TEST(Check, JoinsItsPartsToASentence) {
  try {
    at::check(false, "q has ", 64, " columns, ", std::string("k"), " has ", 32L, ", scale ", 0.125f, ", ", true, ' ',
              std::string_view("end"), '.');
    FAIL();
  } catch (at::Error const& error) {
    EXPECT_STREQ(error.what(), "q has 64 columns, k has 32, scale 0.125, true end.");
  }
}

TEST(Check, PassesWhatHolds) { EXPECT_NO_THROW(at::check(true, "never")); }

TEST(Check, FailsWithOneTypeThatIsAnInvalidArgument) {
  static_assert(std::is_base_of_v<std::invalid_argument, at::Error>);
  EXPECT_THROW(at::fail("at once"), std::invalid_argument);
}

}  // namespace check_tests
