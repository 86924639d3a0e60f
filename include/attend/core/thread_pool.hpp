#pragma once

#include <attend/core/check.hpp>
#include <attend/core/executor.hpp>
#include <attend/core/task_counter.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace attend {

/// A fixed number of threads that share the tasks of a call: `ThreadPool pool(8);` is the calling thread and seven
/// more.
///
/// Tasks are claimed one by one from an atomic counter, so uneven ones balance. Several threads may call at once. A
/// call from within a task of the same pool runs on its own thread. No call touches the heap.
///
/// Cost     between calls that follow within 20 µs the workers spin; then they sleep and cost nothing
class ThreadPool {
 public:
  /// Throws   when concurrency < 1; std::system_error when the system gives no more threads
  explicit ThreadPool(Index concurrency) : ThreadPool() {  // delegates, so that the destructor runs if a thread fails
    check(concurrency >= 1, "ThreadPool: the concurrency is ", concurrency,
          "; it must be at least 1, the calling thread.");
    workers_.reserve(static_cast<std::size_t>(concurrency - 1));
    while (static_cast<Index>(workers_.size()) < concurrency - 1) workers_.emplace_back([this] { serve(); });
  }
  ThreadPool(ThreadPool const&) = delete;
  ThreadPool& operator=(ThreadPool const&) = delete;
  ~ThreadPool() {
    {
      std::lock_guard const lock(mutex_);
      stopping_ = true;
      ++epoch_;
    }
    wake_.notify_all();
    for (std::thread& worker : workers_) worker.join();
  }

  /// How many tasks of one call run at a time.
  [[nodiscard]] Index concurrency() const { return static_cast<Index>(workers_.size()) + 1; }

  /// Calls f(0) … f(count − 1), each once, in any order, some at the same time; returns when all are done.
  ///
  /// Throws   the first exception that a task threw, after every thread has let go of f; tasks not begun are left out
  template <class Function>
  void for_each(Index count, Function&& f) {
    if (count <= 1 || workers_.empty() || current_pool() == this) return Serial{}.for_each(count, f);
    auto call = [&f](Index task) { f(task); };
    Job job(count, call);
    publish(job, count - 1);
    work(job);
    withdraw(job);
    job.tasks.rethrow();
  }

 private:
  /// A call in progress; it lives on the caller's stack.
  struct Job {
    template <class Function>
    Job(Index count, Function& function) : tasks(count, function) {}

    detail::TaskCounter tasks;
    std::atomic<int> helpers{0};  // raised and lowered under the mutex, watched without
    Job* following = nullptr;     // in the list of the pool
  };

  ThreadPool() = default;

  /// The pool whose task this thread is in.
  static ThreadPool const*& current_pool() {
    static thread_local constinit ThreadPool const* pool = nullptr;
    return pool;
  }

  void work(Job& job) const {
    ThreadPool const* const outer = std::exchange(current_pool(), this);
    job.tasks.work();
    current_pool() = outer;
  }

  void publish(Job& job, Index helpers_wanted) {
    Index to_wake = 0;
    {
      std::lock_guard const lock(mutex_);
      Job** place = &first_;
      while (*place != nullptr) place = &(*place)->following;
      *place = &job;
      ++epoch_;
      to_wake = std::min(asleep_, helpers_wanted);
    }
    for (; to_wake > 0; --to_wake) wake_.notify_one();
  }

  /// After it no worker knows of the job.
  void withdraw(Job& job) {
    std::unique_lock lock(mutex_);
    Job** place = &first_;
    while (*place != &job) place = &(*place)->following;
    *place = job.following;
    if (job.helpers == 0) return;
    lock.unlock();
    if (spin_until([&] { return job.helpers.load(std::memory_order_acquire) == 0; })) return;
    lock.lock();
    done_.wait(lock, [&] { return job.helpers == 0; });
  }

  [[nodiscard]] Job* find_work() const {
    for (Job* job = first_; job != nullptr; job = job->following)
      if (job->tasks.open()) return job;
    return nullptr;
  }

  /// The life of a worker.
  void serve() {
    std::unique_lock lock(mutex_);
    for (;;) {
      if (Job* const job = find_work(); job != nullptr) {
        ++job->helpers;
        lock.unlock();
        work(*job);
        lock.lock();
        if (--job->helpers == 0) done_.notify_all();  // the job may be gone from here on
        continue;
      }
      if (stopping_) return;
      auto const seen = epoch_.load();
      lock.unlock();
      spin_until([&] { return epoch_.load(std::memory_order_relaxed) != seen; });
      lock.lock();
      ++asleep_;
      wake_.wait(lock, [&] { return epoch_ != seen; });
      --asleep_;
    }
  }

  /// Waits a little for something that is about to happen; false when it did not. Waking a thread takes the system
  /// longer (25 µs measured, against 1 µs for one that spins) than one layer of a small model.
  template <class Condition>
  static bool spin_until(Condition const& condition) {
    using Clock = std::chrono::steady_clock;
    auto const end = Clock::now() + std::chrono::microseconds(20);
    do {
      for (int round = 0; round < 32; ++round) {
        if (condition()) return true;
        pause();
      }
    } while (Clock::now() < end);
    return condition();
  }

  static void pause() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
  }

  std::mutex mutex_;
  std::condition_variable wake_;  // for workers: there may be work
  std::condition_variable done_;  // for callers: a helper has left
  Job* first_ = nullptr;
  Index asleep_ = 0;
  bool stopping_ = false;
  std::atomic<unsigned> epoch_{0};  // counts jobs; written under the mutex, watched without
  std::vector<std::thread> workers_;
};

}  // namespace attend
