#pragma once

#include <attend/core/check.hpp>
#include <attend/visualize/utf8.hpp>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>

namespace look {

/// The bytes of a file ("-" is standard input), when they are text.
///
/// A few broken characters are forgiven (they come out as U+FFFD); a zero byte, or one broken character in ten, is
/// not text.
///
/// Throws   when there is no such file, it cannot be read, it is a folder, empty, larger than 256 MiB, or not text
[[nodiscard]] inline std::string read_text(std::string const& path) {
  using attend::check;
  constexpr std::size_t largest = std::size_t{256} << 20;
  bool const is_input = path == "-";
  std::string const name = is_input ? "the standard input" : path;
  std::error_code ignored;
  check(is_input || !std::filesystem::is_directory(path, ignored), name, " is a folder, not a text file.");
  std::FILE* const file = is_input ? stdin : std::fopen(path.c_str(), "rb");
  check(file != nullptr, "cannot open ", name, ": ", std::strerror(errno), ".");
  auto const close = [&](std::FILE* opened) { is_input ? 0 : std::fclose(opened); };
  std::unique_ptr<std::FILE, decltype(close)> const closes(file, close);

  std::string text;
  std::string block(1 << 16, '\0');
  for (std::size_t got; (got = std::fread(block.data(), 1, block.size(), file)) > 0;) {
    text.append(block, 0, got);
    check(text.size() <= largest, name, " is larger than 256 MiB; look at a part of it.");
  }
  check(std::ferror(file) == 0, "cannot read ", name, ": ", std::strerror(errno), ".");
  check(!text.empty(), name, " is empty.");
  std::size_t const zero = text.find('\0');
  check(zero == std::string::npos, name, " is not a text: there is a zero byte at ", zero, ".");
  std::size_t characters = 0, broken = 0;
  attend::for_each_code_point(
      text, [&](attend::CodePoint point, std::string_view) { ++characters, broken += point.valid ? 0 : 1; });
  check(broken * 10 <= characters, name, " is not UTF-8 text: ", broken, " of ", characters, " characters are broken.");
  return text;
}

}  // namespace look
