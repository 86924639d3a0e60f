#pragma once

#include <attend/core/check.hpp>

#include <cstddef>
#include <limits>
#include <new>
#include <utility>

namespace attend {

struct WorkspaceKind {};

/// One block of memory that calls work in. It only grows, so a call that is handed a workspace does not touch the heap
/// once the largest call has been made; `reserve` ahead of time to make even the first one quiet.
///
/// Not safe to share: two calls at the same time need a workspace each.
class Workspace {
 public:
  using kind = WorkspaceKind;
  static constexpr std::size_t alignment = 64;  // a cache line, and the widest vector

  Workspace() = default;
  explicit Workspace(std::size_t bytes) { reserve(bytes); }
  Workspace(Workspace&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Workspace& operator=(Workspace&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  Workspace(Workspace const&) = delete;
  Workspace& operator=(Workspace const&) = delete;
  ~Workspace() { release(); }

  /// At least `bytes` of memory, aligned to 64; never null. What was written before is lost when the block grows.
  ///
  /// Throws   when no memory can be that large; std::bad_alloc when there is not enough, and then the workspace is
  /// empty
  std::byte* reserve(std::size_t bytes) {
    if (bytes <= size_ && data_ != nullptr) return data_;
    check(bytes <= std::numeric_limits<std::size_t>::max() / 2, "workspace: ", bytes,
          " bytes are more than any memory; a size was negative or overflowed.");
    release();  // first, so that the old and the new block never stand side by side
    std::size_t const whole = bytes == 0 ? alignment : (bytes + alignment - 1) / alignment * alignment;
    data_ = static_cast<std::byte*>(::operator new(whole, std::align_val_t{alignment}));
    size_ = whole;
    return data_;
  }

  /// Bytes that calls may use without touching the heap.
  [[nodiscard]] std::size_t size() const { return size_; }

  /// Gives the memory back.
  void release() {
    ::operator delete(data_, std::align_val_t{alignment});
    data_ = nullptr;
    size_ = 0;
  }

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace attend
