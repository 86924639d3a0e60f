#pragma once

#include <attend/core/types.hpp>

#if __has_include(<unistd.h>)
#include <unistd.h>
#endif

namespace attend {

/// Bytes of the second cache of a core; 512 KiB, which few cores have less of, where the system does not say.
///
/// Source   sysconf, as glibc has it
[[nodiscard]] inline Index second_cache_bytes() {
  static Index const bytes = [] {
    long found = 0;
#if defined(_SC_LEVEL2_CACHE_SIZE)
    found = sysconf(_SC_LEVEL2_CACHE_SIZE);
#endif
    return found > 0 ? static_cast<Index>(found) : Index{512} << 10;
  }();
  return bytes;
}

}  // namespace attend
