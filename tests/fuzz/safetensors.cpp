#include "fuzz.hpp"

#include <attend/io/convert.hpp>
#include <attend/io/safetensors.hpp>

/// Any bytes are a file or one sentence, and what is a file has its tensors side by side, each as long as its shape
/// says.

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::vector<std::byte> const bytes = fuzz::exactly(data, size);
  try {
    attend::io::Safetensors const file = attend::io::parse_safetensors(bytes, "fuzz");
    std::size_t all = 0;
    for (attend::io::Tensor const& tensor : file.tensors) {
      fuzz::require(attend::io::byte_count(tensor.shape, tensor.dtype) == tensor.bytes.size());
      all += tensor.bytes.size();
      try {
        std::vector<double> numbers(static_cast<std::size_t>(tensor.size()));
        attend::io::copy_numbers(tensor, std::span(numbers), attend::io::Rounding::to_nearest);
      } catch (attend::Error const&) {  // such as a boolean that is neither 0 nor 1
      }
    }
    fuzz::require(all < bytes.size());
  } catch (attend::Error const& error) {
    fuzz::require(error.what()[0] != '\0');
  }
  return 0;
}
