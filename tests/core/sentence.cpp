#include "core/sentence.hpp"

#include <gtest/gtest-spi.h>

#include <stdexcept>
#include <string>

/// The helper itself: a test that cannot fail shows nothing.

namespace sentence_tests {

using sentences::expect_sentence;
using sentences::sentence_of;
using sentences::wrong_calls_so_far;

void refuse() { attend::fail("q has ", 64, " columns."); }
void stumble() { throw std::out_of_range("64."); }
void accept() {}

TEST(Sentence, CountsTheWrongCallsOfATest) {
  EXPECT_EQ(wrong_calls_so_far(), 0);
  EXPECT_EQ(sentence_of(refuse), "q has 64 columns.");
  EXPECT_EQ(wrong_calls_so_far(), 1);
  expect_sentence(refuse, {"64", "columns"});
  EXPECT_EQ(wrong_calls_so_far(), 2);
  EXPECT_EQ(sentence_of(accept), sentences::no_error);
  EXPECT_EQ(sentence_of([] { return 3; }), sentences::no_error);
  EXPECT_EQ(wrong_calls_so_far(), 2);
}

TEST(Sentence, TellsWhatWasNotRefused) {
  EXPECT_NONFATAL_FAILURE(expect_sentence(accept, {"64"}), "the call was accepted");
  EXPECT_NONFATAL_FAILURE(expect_sentence(accept, {}), "the call was accepted");
  EXPECT_NONFATAL_FAILURE((void)sentence_of(stumble), "another exception: 64.");
  EXPECT_NONFATAL_FAILURE(expect_sentence(refuse, {"32"}), "lacks 32");
  EXPECT_NONFATAL_FAILURE(expect_sentence([] { attend::fail("no end"); }, {}), "no end");
  EXPECT_EQ(wrong_calls_so_far(), 2);
}

}  // namespace sentence_tests
