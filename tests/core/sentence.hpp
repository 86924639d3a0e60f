#pragma once

#include <attend/core/check.hpp>

#include <gtest/gtest.h>

#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

/// Every wrong call ends in attend::Error with one sentence. What such a call says, and how many calls were tried.

namespace sentences {

/// What a call says that is accepted.
inline constexpr char const* no_error = "no error";

/// How many wrong calls the running test has seen refused: its property "wrong_calls", which cmake/report.cmake adds
/// up.
[[nodiscard]] inline int wrong_calls_so_far() {
  ::testing::TestInfo const* const test = ::testing::UnitTest::GetInstance()->current_test_info();
  if (test == nullptr) return 0;
  for (int i = 0; i < test->result()->test_property_count(); ++i) {
    ::testing::TestProperty const& property = test->result()->GetTestProperty(i);
    if (std::string(property.key()) == "wrong_calls") return std::atoi(property.value());
  }
  return 0;
}

/// The sentence that a wrong call ends in. An accepted call says `no_error`; another exception is a failed test.
template <class Call>
[[nodiscard]] std::string sentence_of(Call&& call) {
  try {
    (void)call();
  } catch (attend::Error const& error) {
    ::testing::Test::RecordProperty("wrong_calls", wrong_calls_so_far() + 1);
    return error.what();
  } catch (std::exception const& other) {
    ADD_FAILURE() << "another exception: " << other.what();
    return std::string("another exception: ") + other.what();
  }
  return no_error;
}

/// A call that must be refused with a sentence that holds these words.
template <class Call>
void expect_sentence(Call&& call, std::vector<std::string> const& words) {
  std::string const sentence = sentence_of(call);
  if (sentence == no_error) {
    ADD_FAILURE() << "the call was accepted; wanted a sentence with " << (words.empty() ? "" : words.front());
    return;
  }
  for (std::string const& word : words)
    EXPECT_NE(sentence.find(word), sentence.npos) << "\"" << sentence << "\" lacks " << word;
  EXPECT_TRUE(sentence.ends_with(".")) << sentence;
}

}  // namespace sentences
