#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace attend {

/// Stands for bytes that are not UTF-8: U+FFFD.
inline constexpr char32_t replacement_character = U'\uFFFD';

/// One decoded character and the bytes that it took.
struct CodePoint {
  char32_t value = replacement_character;
  std::size_t bytes = 1;
  bool valid = false;
};

/// The first character of a text that is not empty.
///
/// Strict: overlong forms, surrogates, numbers over U+10FFFF and cut sequences are not valid. They come back as
/// U+FFFD and take as many bytes as could have begun a character, so a reader always moves on and finds the next good
/// one.
///
/// Source   Unicode 15, table 3-7 and section 3.9, "substitution of maximal subparts"
[[nodiscard]] constexpr CodePoint first_code_point(std::string_view text) {
  auto const byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  unsigned char const lead = byte(0);
  if (lead < 0x80) return {lead, 1, true};
  if (lead < 0xC2 || lead > 0xF4) return {};
  std::size_t const length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  // Only the second byte has bounds of its own: they shut out overlong forms, surrogates and numbers that are too
  // large.
  unsigned char const least = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  unsigned char const most = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  char32_t value = lead & (0x7Fu >> length);
  for (std::size_t i = 1; i < length; ++i) {
    bool const fits = i < text.size() && byte(i) >= (i == 1 ? least : 0x80) && byte(i) <= (i == 1 ? most : 0xBF);
    if (!fits) return {replacement_character, i, false};
    value = (value << 6) | (byte(i) & 0x3Fu);
  }
  return {value, length, true};
}

/// Calls visit(code_point, bytes of it) for every character, in order.
template <class Visit>
constexpr void for_each_code_point(std::string_view text, Visit&& visit) {
  while (!text.empty()) {
    CodePoint const next = first_code_point(text);
    visit(next, text.substr(0, next.bytes));
    text.remove_prefix(next.bytes);
  }
}

/// Writes a character as UTF-8; numbers that are no character become U+FFFD.
inline void append_utf8(std::string& text, char32_t value) {
  if (value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) value = replacement_character;
  auto const put = [&](char32_t byte) { text += static_cast<char>(static_cast<unsigned char>(byte)); };
  if (value < 0x80) return put(value);
  if (value < 0x800) return put(0xC0 | (value >> 6)), put(0x80 | (value & 0x3F));
  if (value < 0x10000) return put(0xE0 | (value >> 12)), put(0x80 | ((value >> 6) & 0x3F)), put(0x80 | (value & 0x3F));
  put(0xF0 | (value >> 18)), put(0x80 | ((value >> 12) & 0x3F)), put(0x80 | ((value >> 6) & 0x3F)),
      put(0x80 | (value & 0x3F));
}

}  // namespace attend
