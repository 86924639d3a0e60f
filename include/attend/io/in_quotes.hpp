#pragma once

#include <string>
#include <string_view>

namespace attend::io {

/// A name out of a file, fit for a sentence: in quotation marks, bytes that are not printable ASCII as \xhh, and no
/// longer than 80 of them, because a broken file can hold anything.
///
/// Not named `quoted`: a call with a std::string would find std::quoted first.
[[nodiscard]] inline std::string in_quotes(std::string_view name) {
  constexpr std::size_t longest = 80;
  constexpr char const* digits = "0123456789abcdef";
  std::string text = "\"";
  for (char const letter : name.substr(0, longest)) {
    auto const byte = static_cast<unsigned char>(letter);
    if (byte < 0x20 || byte > 0x7e) {
      text += "\\x";
      text += digits[byte >> 4];
      text += digits[byte & 15];
    } else {
      if (letter == '"' || letter == '\\') text += '\\';
      text += letter;
    }
  }
  return text + (name.size() > longest ? "…\"" : "\"");
}

}  // namespace attend::io
