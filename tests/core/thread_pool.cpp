#include <attend/core/thread_pool.hpp>

#include "allocations.hpp"
#include "core/sentence.hpp"
#include "executor/laws.hpp"

#include <array>
#include <chrono>
#include <ctime>
#include <mutex>
#include <set>

namespace thread_pool_tests {

namespace at = attend;
using at::Index;

TEST(ThreadPool, ObeysTheLawsOfExecutors) {
  for (Index const concurrency : {1, 2, 3, 8}) {
    SCOPED_TRACE(concurrency);
    at::ThreadPool pool(concurrency);
    EXPECT_EQ(pool.concurrency(), concurrency);
    executor_laws::obeys_all(pool);
  }
}

TEST(ThreadPool, RefusesToHaveNoThread) {
  EXPECT_EQ(sentences::sentence_of([] { at::ThreadPool pool(0); }),
            "ThreadPool: the concurrency is 0; it must be at least 1, the calling thread.");
  EXPECT_THROW(at::ThreadPool(-3), at::Error);
}

TEST(ThreadPool, LetsTheCallerTakePart) {
  at::ThreadPool pool(2);
  // Two tasks that wait for each other end only if both threads work at once.
  std::atomic<int> arrived{0};
  std::mutex mutex;
  std::set<std::thread::id> threads;
  pool.for_each(2, [&](Index) {
    ++arrived;
    while (arrived < 2) std::this_thread::yield();
    std::lock_guard const lock(mutex);
    threads.insert(std::this_thread::get_id());
  });
  EXPECT_EQ(threads.size(), 2u);
  EXPECT_TRUE(threads.contains(std::this_thread::get_id()));
}

TEST(ThreadPool, RunsANestedCallOnTheThreadOfItsTask) {
  at::ThreadPool pool(4);
  std::atomic<int> strangers{0};
  pool.for_each(2, [&](Index) {  // two threads have nothing to do and time to help
    auto const self = std::this_thread::get_id();
    pool.for_each(32, [&](Index) {
      strangers += std::this_thread::get_id() != self;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    });
  });
  EXPECT_EQ(strangers, 0);
}

TEST(ThreadPool, WorksInsideATaskOfAnotherPool) {
  at::ThreadPool outer(3), inner(2);
  std::atomic<Index> sum{0};
  outer.for_each(10, [&](Index) { inner.for_each(10, [&](Index) { outer.for_each(10, [&](Index) { ++sum; }); }); });
  EXPECT_EQ(sum, 1000);
}

TEST(ThreadPool, StartsNoTaskAfterAnException) {
  at::ThreadPool pool(2);
  std::atomic<Index> begun{0};
  EXPECT_THROW(pool.for_each(1000000,
                             [&](Index) {
                               ++begun;
                               throw std::runtime_error("first");
                             }),
               std::runtime_error);
  EXPECT_LE(begun, 4);  // each thread may have claimed one more before it saw
}

TEST(ThreadPool, SurvivesAHundredThousandTinyCalls) {
  at::ThreadPool pool(2);
  executor_laws::survives_many_tiny_calls(pool, 100000);
}

TEST(ThreadPool, DoesNotTouchTheHeapInACall) {
  at::ThreadPool pool(3);
  std::atomic<Index> sum{0};
  std::array<double, 100> large{};  // more than a std::function would keep inside
  pool.for_each(10, [&](Index) { ++sum; });
  long const before = allocations();
  for (int call = 0; call < 1000; ++call)
    pool.for_each(10, [&sum, large](Index task) { sum += task + static_cast<Index>(large[0]); });
  EXPECT_EQ(allocations(), before);
}

TEST(ThreadPool, StopsCleanlyAtOnceAndAfterWork) {
  for (int round = 0; round < 100; ++round) {
    at::ThreadPool pool(4);
    if (round % 2 == 1) pool.for_each(3, [](Index) {});
  }
}

TEST(ThreadPool, SleepsWhenIdle) {
  at::ThreadPool pool(4);
  pool.for_each(100, [](Index) {});
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  std::clock_t const before = std::clock();  // processor time of all threads
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  double const busy = static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC;
  EXPECT_LT(busy, 0.02) << "seconds of processor time in 0.1 s of rest";
}

}  // namespace thread_pool_tests
