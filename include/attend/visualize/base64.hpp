#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace attend {

/// Bytes as letters that may stand in any text file: four for every three bytes.
///
/// Source   RFC 4648, section 4
[[nodiscard]] inline std::string base64(std::vector<std::uint8_t> const& bytes) {
  constexpr char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::size_t const left = bytes.size() - i;
    std::uint32_t const group = (std::uint32_t{bytes[i]} << 16) | (left > 1 ? std::uint32_t{bytes[i + 1]} << 8 : 0) |
                                (left > 2 ? std::uint32_t{bytes[i + 2]} : 0);
    text += letters[group >> 18];
    text += letters[(group >> 12) & 63];
    text += left > 1 ? letters[(group >> 6) & 63] : '=';
    text += left > 2 ? letters[group & 63] : '=';
  }
  return text;
}

}  // namespace attend
