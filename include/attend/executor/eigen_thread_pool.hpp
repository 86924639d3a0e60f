#pragma once

#include <attend/core/executor.hpp>
#include <attend/core/task_counter.hpp>

#if __has_include(<Eigen/ThreadPool>)
#include <Eigen/ThreadPool>
#elif __has_include(<unsupported/Eigen/CXX11/ThreadPool>)
#include <unsupported/Eigen/CXX11/ThreadPool>
#else
#error \
    "attend: executor/eigen_thread_pool.hpp needs Eigen's ThreadPool, which this copy of Eigen lacks; use attend::ThreadPool, which needs nothing."
#endif

#include <algorithm>
#include <condition_variable>
#include <memory>
#include <mutex>

namespace attend {

/// Runs the tasks on the calling thread and on those of an `Eigen::ThreadPool`, which must outlive it.
///
/// A call from within a task of the same pool cannot lock up: the caller waits for helpers that have begun, never for
/// one that still stands in the queue.
///
/// Throws   the first exception that a task threw, after all threads have let go of f; tasks not begun are left out
/// Cost     one small allocation a helper, in Eigen's queue
class EigenThreadPool {
 public:
  explicit EigenThreadPool(Eigen::ThreadPoolInterface& pool) : pool_(&pool) {}

  template <class Function>
  void for_each(Index count, Function&& f) const {
    if (count <= 1) return Serial{}.for_each(count, f);
    auto call = [&f](Index task) { f(task); };
    detail::TaskCounter tasks(count, call);
    // Helpers that begin late find the door closed; they share it, because the call may be over by then.
    auto const door = std::make_shared<Door>();
    for (Index helper = std::min<Index>(pool_->NumThreads(), count - 1); helper > 0; --helper)
      pool_->Schedule([door, &tasks] {
        if (!door->enter()) return;
        tasks.work();
        door->leave();
      });
    tasks.work();
    door->close();
    tasks.rethrow();
  }

  [[nodiscard]] Index concurrency() const { return pool_->NumThreads() + 1; }

 private:
  class Door {
   public:
    bool enter() {
      std::lock_guard const lock(mutex_);
      inside_ += closed_ ? 0 : 1;
      return !closed_;
    }
    void leave() {
      std::lock_guard const lock(mutex_);
      if (--inside_ == 0) empty_.notify_all();
    }
    /// Returns when nobody is inside any more.
    void close() {
      std::unique_lock lock(mutex_);
      closed_ = true;
      empty_.wait(lock, [&] { return inside_ == 0; });
    }

   private:
    std::mutex mutex_;
    std::condition_variable empty_;
    int inside_ = 0;
    bool closed_ = false;
  };

  Eigen::ThreadPoolInterface* pool_;
};

}  // namespace attend
