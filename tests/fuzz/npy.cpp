#include "fuzz.hpp"

#include <attend/io/convert.hpp>
#include <attend/io/npy.hpp>

/// Any bytes are an array or one sentence, and what is an array has as many numbers as its shape says.

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::vector<std::byte> const bytes = fuzz::exactly(data, size);
  try {
    attend::io::Tensor const tensor = attend::io::parse_npy(bytes, "fuzz");
    fuzz::require(attend::io::byte_count(tensor.shape, tensor.dtype) == tensor.bytes.size());
    fuzz::require(tensor.bytes.size() <= bytes.size());
    std::vector<double> numbers(static_cast<std::size_t>(tensor.size()));
    attend::io::copy_numbers(tensor, std::span(numbers), attend::io::Rounding::to_nearest);
  } catch (attend::Error const& error) {
    fuzz::require(error.what()[0] != '\0');
  }
  return 0;
}
