#pragma once

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#if __has_include(<sys/ioctl.h>) && __has_include(<unistd.h>)
#include <sys/ioctl.h>
#include <unistd.h>
#define ATTEND_HAS_TERMINAL 1
#endif

namespace attend {

/// What a terminal can draw with: letters only, blocks in four shades, or colours.
enum class Ink { ascii, shades, colors256, colors24bit };

struct TerminalStyle {
  Ink ink = Ink::shades;
  int width = 80;  // cells of a line
  bool is_light = false;
};

/// What is known about an output stream before its environment is asked.
struct TerminalFacts {
  bool is_terminal = false;
  int width = 0;  // 0: unknown
};

namespace detail {

[[nodiscard]] inline std::string_view environment(char const* name) {
  char const* const value = std::getenv(name);
  return value == nullptr ? std::string_view{} : std::string_view{value};
}

[[nodiscard]] inline bool ends_with_one_of(std::string_view text, std::string_view a, std::string_view b) {
  return text.ends_with(a) || text.ends_with(b);
}

}  // namespace detail

[[nodiscard]] inline TerminalFacts terminal_facts(std::FILE* stream) {
  TerminalFacts facts;
#if defined(ATTEND_HAS_TERMINAL)
  int const descriptor = fileno(stream);
  facts.is_terminal = isatty(descriptor) != 0;
  winsize size{};
  if (facts.is_terminal && ioctl(descriptor, TIOCGWINSZ, &size) == 0) facts.width = size.ws_col;
#else
  (void)stream;
#endif
  return facts;
}

/// How to draw on a stream, from the environment:
///
///   TERM=dumb                          letters only
///   NO_COLOR (anything but empty)      shades; also when the stream is not a terminal
///   COLORTERM=truecolor or 24bit       24-bit colours, otherwise the 256 that every terminal knows
///   COLUMNS                            the width; otherwise what the terminal says, otherwise 80
///   COLORFGBG ending in ;7 or ;15      a light background
///
/// Source   no-color.org
[[nodiscard]] inline TerminalStyle terminal_style(TerminalFacts facts) {
  using detail::environment;
  TerminalStyle style;
  std::string_view const depth = environment("COLORTERM");
  if (environment("TERM") == "dumb")
    style.ink = Ink::ascii;
  else if (!facts.is_terminal || !environment("NO_COLOR").empty())
    style.ink = Ink::shades;
  else
    style.ink = depth == "truecolor" || depth == "24bit" ? Ink::colors24bit : Ink::colors256;
  int const said = std::atoi(std::string(environment("COLUMNS")).c_str());
  style.width = std::clamp(said > 0 ? said : facts.width > 0 ? facts.width : 80, 20, 1000);
  style.is_light = detail::ends_with_one_of(environment("COLORFGBG"), ";7", ";15");
  return style;
}

[[nodiscard]] inline TerminalStyle terminal_style(std::FILE* stream = stdout) {
  return terminal_style(terminal_facts(stream));
}

#undef ATTEND_HAS_TERMINAL

}  // namespace attend
