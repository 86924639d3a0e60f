#pragma once

#include <attend/visualize/utf8.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace look {

/// One token of a text, as written.
struct Token {
  std::string text;
  bool is_word = false;  // at least one letter; numbers and punctuation are not words
};

namespace detail {

enum class Kind { space, letter, digit, joiner, ideograph, mark };

constexpr bool is_between(char32_t value, char32_t first, char32_t last) { return value >= first && value <= last; }

/// Enough of Unicode to cut any text sensibly: everything that is not known to be a sign, a space or an ideograph is
/// a letter.
constexpr Kind kind_of(char32_t c) {
  if (c <= 0x20 || is_between(c, 0x7F, 0xA0) || is_between(c, 0x2000, 0x200B) || c == 0x2028 || c == 0x2029 ||
      c == 0x202F || c == 0x205F || c == 0x3000 || c == 0xFEFF)
    return Kind::space;
  if (is_between(c, '0', '9')) return Kind::digit;
  if (c == '_' || is_between(c, 'A', 'Z') || is_between(c, 'a', 'z')) return Kind::letter;
  if (c == '\'' || c == 0x2019) return Kind::joiner;  // don't, l’été
  if (c < 0x80 || c == 0xD7 || c == 0xF7 || (is_between(c, 0xA1, 0xBF) && c != 0xAA && c != 0xB5 && c != 0xBA))
    return Kind::mark;
  if (is_between(c, 0x2010, 0x2BFF) || is_between(c, 0x3001, 0x3020) || is_between(c, 0xFF01, 0xFF0F) ||
      is_between(c, 0xFF1A, 0xFF20) || is_between(c, 0xFE10, 0xFE6F) || is_between(c, 0x1F000, 0x1FAFF) || c == 0xFFFD)
    return Kind::mark;
  // Scripts that put no spaces between words: every character is a token.
  if (is_between(c, 0x3040, 0x30FF) || is_between(c, 0x3400, 0x9FFF) || is_between(c, 0xF900, 0xFAFF) ||
      is_between(c, 0x20000, 0x3FFFD))
    return Kind::ideograph;
  return Kind::letter;
}

}  // namespace detail

/// Cuts a text into words, numbers and single signs: letters and digits that touch are one token, as is an apostrophe
/// between letters; every other sign and every ideograph is a token of its own; spaces only separate.
///
/// Edge     bytes that are not UTF-8 come out as U+FFFD, a sign
[[nodiscard]] inline std::vector<Token> tokenize(std::string_view text) {
  using detail::Kind;
  std::vector<Token> tokens;
  bool is_open = false;    // may the next letter join the last token?
  std::string apostrophe;  // seen after a letter; part of the word if a letter follows
  auto const close = [&] {
    if (!apostrophe.empty()) tokens.push_back({apostrophe, false});
    apostrophe.clear();
    is_open = false;
  };
  attend::for_each_code_point(text, [&](attend::CodePoint point, std::string_view) {
    Kind const kind = detail::kind_of(point.value);
    if (kind == Kind::joiner && is_open && tokens.back().is_word && apostrophe.empty()) {
      attend::append_utf8(apostrophe, point.value);
    } else if (kind == Kind::letter || kind == Kind::digit) {
      if (!apostrophe.empty() && kind == Kind::letter)
        tokens.back().text += apostrophe, apostrophe.clear();
      else if (!is_open || !apostrophe.empty())
        close(), tokens.emplace_back();
      attend::append_utf8(tokens.back().text, point.value);
      tokens.back().is_word |= kind == Kind::letter && point.value != '_';
      is_open = true;
    } else {
      close();
      if (kind == Kind::space) return;
      tokens.emplace_back();
      attend::append_utf8(tokens.back().text, point.value);
      tokens.back().is_word = kind == Kind::ideograph;
    }
  });
  close();
  return tokens;
}

/// The token with its capitals made small: Latin, Greek and Cyrillic by their places in Unicode.
[[nodiscard]] inline std::string folded(std::string_view word) {
  std::string small;
  attend::for_each_code_point(word, [&](attend::CodePoint point, std::string_view) {
    char32_t c = point.value;
    using detail::is_between;
    if (is_between(c, 'A', 'Z') || (is_between(c, 0xC0, 0xDE) && c != 0xD7) ||
        (is_between(c, 0x391, 0x3A9) && c != 0x3A2) || is_between(c, 0x410, 0x42F))
      c += 0x20;
    else if (is_between(c, 0x400, 0x40F))
      c += 0x50;
    else if ((is_between(c, 0x100, 0x137) || is_between(c, 0x14A, 0x177)) && c % 2 == 0 && c != 0x130)
      c += 1;
    attend::append_utf8(small, c);
  });
  return small;
}

}  // namespace look
