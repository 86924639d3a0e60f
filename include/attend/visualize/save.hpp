#pragma once

#include <attend/core/check.hpp>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>

namespace attend {

/// Writes a picture to a file, byte for byte, over what was there.
///
/// Throws   when the file cannot be opened or written to the end
inline void save(std::string const& path, std::string_view picture) {
  std::FILE* const file = std::fopen(path.c_str(), "wb");
  check(file != nullptr, "save: cannot open ", path, " for writing: ", std::strerror(errno), ".");
  bool const is_written = std::fwrite(picture.data(), 1, picture.size(), file) == picture.size();
  bool const is_closed = std::fclose(file) == 0;
  check(is_written && is_closed, "save: cannot write ", path, ": ", std::strerror(errno), ".");
}

}  // namespace attend
