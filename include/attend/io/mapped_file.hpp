#pragma once

#include <attend/core/check.hpp>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <utility>

namespace attend::io {

/// A file's bytes, read-only, through the memory map of the operating system (POSIX): only what is touched is read.
///
/// Throws   when the file cannot be opened or mapped, or is no regular file
/// Edge     an empty file has no bytes. Whoever cuts the file short while it is mapped makes reading the lost part a
///          SIGBUS; `write_file` puts a new file in its place instead, which leaves the map whole
/// Cost     address space; memory as far as it is touched, which the system takes back when it needs it
class MappedFile {
 public:
  explicit MappedFile(std::string const& path) {
    // Not blocking: a named pipe without a writer would never be opened.
    int const file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    check(file >= 0, "io: cannot open ", path, ": ", std::strerror(errno), ".");
    Closer const closer{file};

    struct stat facts {};
    check(::fstat(file, &facts) == 0, "io: cannot ask for the size of ", path, ": ", std::strerror(errno), ".");
    check(S_ISREG(facts.st_mode), "io: ", path, " is no regular file; only those can be mapped.");
    check(std::cmp_less_equal(facts.st_size, std::numeric_limits<std::ptrdiff_t>::max()), "io: ", path, " has ",
          facts.st_size, " bytes, more than the address space holds.");
    auto const size = static_cast<std::size_t>(facts.st_size);
    if (size == 0) return;  // nothing can be mapped, and nothing is needed

    void* const place = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0);
    check(place != MAP_FAILED, "io: cannot map ", path, " of ", size, " bytes: ", std::strerror(errno), ".");
    bytes_ = {static_cast<std::byte const*>(place), size};
  }

  MappedFile(MappedFile&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  MappedFile& operator=(MappedFile&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~MappedFile() {
    if (!bytes_.empty()) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
  }

  [[nodiscard]] std::span<std::byte const> bytes() const { return bytes_; }

 private:
  struct Closer {
    int file;
    ~Closer() { ::close(file); }  // the map does not need it
  };

  std::span<std::byte const> bytes_;
};

}  // namespace attend::io
