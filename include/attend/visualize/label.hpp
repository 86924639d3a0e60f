#pragma once

#include <attend/visualize/utf8.hpp>

#include <cmath>
#include <cstdio>
#include <string>
#include <string_view>

namespace attend {

/// A token as it can be shown anywhere: nothing in it can move a cursor, break a line, turn the direction of writing
/// around or be bad UTF-8.
///
/// Line breaks become ↵, tabs ⇥, other control characters their pictures (␛), what is no character U+FFFD.
///
/// Edge     an empty label stays empty
[[nodiscard]] inline std::string visible_label(std::string_view token) {
  std::string label;
  label.reserve(token.size());
  for_each_code_point(token, [&](CodePoint point, std::string_view) {
    char32_t value = point.value;
    bool const turns_direction = (value >= 0x202A && value <= 0x202E) || (value >= 0x2066 && value <= 0x2069);
    bool const breaks_line = value == 0x2028 || value == 0x2029 || value == '\n';
    bool const is_no_character = (value >= 0x80 && value < 0xA0) || (value & 0xFFFE) == 0xFFFE;
    if (breaks_line)
      value = U'↵';
    else if (value == '\t')
      value = U'⇥';
    else if (value < 0x20)
      value += 0x2400;
    else if (value == 0x7F)
      value = 0x2421;
    else if (turns_direction || is_no_character)
      value = replacement_character;
    append_utf8(label, value);
  });
  return label;
}

/// A number for a legend: three digits are what an eye reads off a colour.
[[nodiscard]] inline std::string number_label(double value) {
  if (std::isnan(value)) return "not a number";
  if (std::isinf(value)) return value > 0 ? "+∞" : "−∞";
  char digits[32];
  std::snprintf(digits, sizeof digits, "%.3g", value == 0 ? 0.0 : value);
  return digits;
}

}  // namespace attend
