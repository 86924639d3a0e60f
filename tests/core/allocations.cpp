#include "allocations.hpp"

// Clang's thread sanitizer brings an operator new that cannot be replaced: there nothing is counted.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
long allocations() { return 0; }
bool counts_allocations() { return false; }
#define ATTEND_TEST_KEEPS_OPERATOR_NEW
#endif
#endif
#if !defined(ATTEND_TEST_KEEPS_OPERATOR_NEW)

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace {

std::atomic<long> allocation_count{0};

void* allocate(std::size_t bytes, std::size_t alignment) {
  ++allocation_count;
  std::size_t const whole = (bytes + alignment - 1) / alignment * alignment;
  if (void* const memory = std::aligned_alloc(alignment, whole == 0 ? alignment : whole)) return memory;
  throw std::bad_alloc();
}

}  // namespace

long allocations() { return allocation_count; }
bool counts_allocations() { return true; }

void* operator new(std::size_t bytes) { return allocate(bytes, alignof(std::max_align_t)); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return allocate(bytes, static_cast<std::size_t>(alignment));
}
// Eigen's matrices come from malloc. What stands below it in glibc is taken where no sanitizer has its own.
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#if !defined(__has_feature)
#define ATTEND_TEST_COUNTS_MALLOC
#elif !__has_feature(address_sanitizer) && !__has_feature(memory_sanitizer)
#define ATTEND_TEST_COUNTS_MALLOC
#endif
#endif
#if defined(ATTEND_TEST_COUNTS_MALLOC)
extern "C" void* __libc_malloc(std::size_t bytes);
extern "C" void* malloc(std::size_t bytes) {
  ++allocation_count;
  return __libc_malloc(bytes);
}
#endif

void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

#endif
