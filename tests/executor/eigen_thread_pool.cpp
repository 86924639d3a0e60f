#include <attend/executor/eigen_thread_pool.hpp>

#include "laws.hpp"

TEST(EigenThreadPool, ObeysTheLawsOfExecutors) {
  Eigen::ThreadPool threads(3);
  attend::EigenThreadPool executor(threads);
  EXPECT_EQ(executor.concurrency(), 4);
  executor_laws::obeys_all(executor);
}

TEST(EigenThreadPool, DoesNotWaitForHelpersThatNeverBegin) {
  std::atomic<bool> go_on{false};  // outlives the thread that reads it
  Eigen::ThreadPool threads(1);
  attend::EigenThreadPool executor(threads);
  threads.Schedule([&] {
    while (!go_on) std::this_thread::yield();
  });
  attend::Index done = 0;  // the only thread of the pool is busy, so the caller does it all
  executor.for_each(20, [&](attend::Index) { ++done; });
  EXPECT_EQ(done, 20);
  go_on = true;
}
