#pragma once

#include <attend/core/check.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <span>
#include <string>
#include <system_error>

namespace attend::io {

/// Writes the parts, one after the other, to a file of their own, which then takes the place of `path`.
///
/// So a write that fails leaves what was there, and tensors of a file that is being replaced stay readable: their map
/// keeps the old one.
///
/// Throws   when `path` is there and no regular file (a device must not be replaced), when `path + ".part"` cannot be
/// written to the end, or cannot take the place of `path`
/// Edge     a symbolic link is replaced, not followed; two programs that write one path at once share its .part
inline void write_file(std::string const& path, std::span<std::span<std::byte const> const> parts) {
  std::error_code unknown;  // then opening says why
  auto const status = std::filesystem::status(path, unknown);
  check(!std::filesystem::exists(status) || std::filesystem::is_regular_file(status), "io: cannot write ", path,
        ": it is there and no regular file.");
  std::string const part_path = path + ".part";
  std::FILE* const file = std::fopen(part_path.c_str(), "wb");
  check(file != nullptr, "io: cannot open ", part_path, " for writing: ", std::strerror(errno), ".");
  int trouble = 0;
  for (auto const part : parts)
    if (trouble == 0 && !part.empty() && std::fwrite(part.data(), 1, part.size(), file) != part.size()) trouble = errno;
  if (std::fclose(file) != 0 && trouble == 0) trouble = errno;
  if (trouble == 0 && std::rename(part_path.c_str(), path.c_str()) != 0) trouble = errno;
  if (trouble == 0) return;
  std::remove(part_path.c_str());
  fail("io: cannot write ", path, ": ", std::strerror(trouble), ".");
}

}  // namespace attend::io
