#pragma once

#include <attend/core/types.hpp>

#include <atomic>
#include <exception>
#include <memory>

namespace attend::detail {

/// The tasks of one call, claimed one by one by every thread that takes part: what the executors have in common.
///
/// It stands on the caller's stack and holds the function by address: whoever shares it must keep it alive until the
/// last thread has returned from work().
class TaskCounter {
 public:
  template <class Function>
  TaskCounter(Index count, Function& function)
      : count_(count),
        function_(const_cast<void*>(static_cast<void const*>(std::addressof(function)))),
        run_([](void* f, Index task) { (*static_cast<Function*>(f))(task); }) {}

  /// Whether a task has not begun.
  [[nodiscard]] bool open() const { return next_.load(std::memory_order_relaxed) < count_; }

  /// Takes part until no task is left. After an exception no task is begun any more.
  void work() noexcept {
    while (true) {
      Index const task = next_.fetch_add(1, std::memory_order_relaxed);
      if (task >= count_) return;
#if defined(__cpp_exceptions)
      try {
        run_(function_, task);
      } catch (...) {
        if (!failed_.exchange(true)) error_ = std::current_exception();
        next_.store(count_, std::memory_order_relaxed);
      }
#else
      run_(function_, task);
#endif
    }
  }

  /// Throws the first exception of a task. Call it when every thread has returned from work().
  void rethrow() const {
#if defined(__cpp_exceptions)
    if (error_) std::rethrow_exception(error_);
#endif
  }

 private:
  Index count_;
  void* function_;
  void (*run_)(void*, Index);
  std::atomic<Index> next_{0};
  std::atomic<bool> failed_{false};
  std::exception_ptr error_;
};

}  // namespace attend::detail
