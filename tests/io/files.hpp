#pragma once

#include "core/sentence.hpp"

#include <attend/io/tensor.hpp>

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace files {

using Bytes = std::vector<std::byte>;

/// On the heap and no byte longer, so that a sanitizer sees a read behind the end.
inline Bytes bytes_of(std::string_view text) {
  auto const* const first = reinterpret_cast<std::byte const*>(text.data());
  return {first, first + text.size()};
}

/// A number as files keep it.
template <class Number>
std::string little_endian(Number number) {
  std::string text(sizeof(number), '\0');
  std::memcpy(text.data(), static_cast<void const*>(&number), sizeof(number));
  return text;
}

inline std::string content(std::string const& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// A file of the tests' own, removed in the end.
class Temporary {
 public:
  explicit Temporary(std::string_view name)
      : path_((std::filesystem::path(testing::TempDir()) / ("attend_io_" + std::string(name))).string()) {
    std::filesystem::remove(path_);
  }
  Temporary(std::string_view name, std::string_view text) : Temporary(name) {
    std::ofstream(path_, std::ios::binary).write(text.data(), static_cast<std::streamsize>(text.size()));
  }
  Temporary(Temporary const&) = delete;
  Temporary& operator=(Temporary const&) = delete;
  ~Temporary() { std::filesystem::remove(path_); }

  [[nodiscard]] std::string const& path() const { return path_; }

 private:
  std::string path_;
};

inline std::string golden(std::string_view name) { return ATTEND_TEST_DATA "/data/io/" + std::string(name); }

template <class Call>
void expect_refused(Call&& call, std::string_view fragment) {
  sentences::expect_sentence(call, {std::string(fragment)});
}

/// Number i of every file that data/io/make.py writes.
template <class Number>
Number golden_number(std::size_t i) {
  if constexpr (std::is_same_v<Number, bool>)
    return i % 2 == 1;
  else if constexpr (std::is_integral_v<Number>)
    return static_cast<Number>(std::is_signed_v<Number> ? 5 * static_cast<int>(i) - 7 : 3 * static_cast<int>(i));
  else
    return static_cast<Number>(0.75f * static_cast<float>(i) - 2);
}

}  // namespace files
