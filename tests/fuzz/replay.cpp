#include "fuzz.hpp"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>

/// Gives a fuzz target every file of the folders named: what a fuzzer has found stays tested, with any compiler.

int main(int count, char** words) {
  long files = 0;
  for (int i = 1; i < count; ++i)
    for (auto const& entry : std::filesystem::directory_iterator(words[i])) {
      std::ifstream file(entry.path(), std::ios::binary);
      std::vector<char> const text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
      std::fprintf(stderr, "%s\n", entry.path().c_str());
      LLVMFuzzerTestOneInput(reinterpret_cast<std::uint8_t const*>(text.data()), text.size());
      ++files;
    }
  std::printf("%ld inputs\n", files);
  return files > 0 ? 0 : 1;
}
