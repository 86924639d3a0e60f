#pragma once

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace attend {

/// Every wrong call ends in this one type, thrown before anything is written. `what()` is a sentence:
/// where, what was found, what is wanted.
class Error : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

namespace detail {

template <class Part>
void append(std::string& sentence, Part const& part) {
  if constexpr (std::is_same_v<Part, bool>)
    sentence += part ? "true" : "false";
  else if constexpr (std::is_floating_point_v<Part>) {
    char digits[32];
    std::snprintf(digits, sizeof digits, "%g", static_cast<double>(part));
    sentence += digits;
  } else if constexpr (std::is_arithmetic_v<Part> && !std::is_same_v<Part, char>)
    sentence += std::to_string(part);
  else
    sentence += part;
}

}  // namespace detail

/// Throws `Error` with the parts joined to one sentence. Where exceptions are switched off it prints
/// the sentence and aborts, because going on would read or write outside of the caller's memory.
template <class... Parts>
[[noreturn]] void fail(Parts const&... parts) {
  std::string sentence;
  (detail::append(sentence, parts), ...);
#if defined(__cpp_exceptions)
  throw Error(sentence);
#else
  std::fprintf(stderr, "%s\n", sentence.c_str());
  std::abort();
#endif
}

/// The checks at the door: `check(q.cols() == k.cols(), "attention: q has ", …)`.
template <class... Parts>
void check(bool holds, Parts const&... parts) {
  if (!holds) [[unlikely]]
    fail(parts...);
}

}  // namespace attend
