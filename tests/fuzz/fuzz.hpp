#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

/// What the fuzz targets share. Each has the entry that libFuzzer calls; replay.cpp calls it with files instead.

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size);

namespace fuzz {

/// Stops where the fuzzer sees it; an assert may be compiled away.
inline void require(bool holds) {
  if (!holds) std::abort();
}

/// The input in memory of its own and no byte longer, so that a sanitizer sees a read behind the end.
inline std::vector<std::byte> exactly(std::uint8_t const* data, std::size_t size) {
  auto const* const first = reinterpret_cast<std::byte const*>(data);
  return {first, first + size};
}

/// Choices read off the input, one byte each; zeros when it has ended.
class Choices {
 public:
  Choices(std::uint8_t const* data, std::size_t size) : left_(data, size) {}

  [[nodiscard]] std::uint8_t byte() {
    if (left_.empty()) return 0;
    std::uint8_t const first = left_.front();
    left_ = left_.subspan(1);
    return first;
  }
  /// In [0, count), count at most 256.
  [[nodiscard]] long below(long count) { return byte() % count; }

 private:
  std::span<std::uint8_t const> left_;
};

}  // namespace fuzz
