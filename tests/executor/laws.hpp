#pragma once

#include <attend/core/concepts.hpp>
#include <attend/core/types.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

/// What every executor promises, as one list that each of them is run through.
namespace executor_laws {

using attend::Index;

template <class Executor>
void runs_each_task_once(Executor& executor) {
  for (Index const count : {-1, 0, 1, 2, 3, 7, 64, 1000}) {
    std::vector<std::atomic<int>> runs(static_cast<std::size_t>(count < 0 ? 0 : count));
    executor.for_each(count, [&](Index task) { runs.at(static_cast<std::size_t>(task)).fetch_add(1); });
    for (auto const& times : runs) ASSERT_EQ(times.load(), 1) << "of " << count << " tasks";
  }
}

/// The caller may read what tasks wrote without locking.
template <class Executor>
void returns_after_the_last_task(Executor& executor) {
  std::vector<Index> squares(5000);
  for (int round = 0; round < 20; ++round) {
    executor.for_each(5000, [&](Index task) { squares[static_cast<std::size_t>(task)] = task * task + round; });
    for (Index task = 0; task < 5000; ++task) ASSERT_EQ(squares[static_cast<std::size_t>(task)], task * task + round);
  }
}

template <class Executor>
void takes_functions_of_any_kind(Executor& executor) {
  std::atomic<Index> sum{0};
  auto const constant = [&](Index task) { sum += task; };
  executor.for_each(10, constant);
  struct Counting {
    std::atomic<Index>& sum;
    void operator()(Index task) { sum += task; }
  } counting{sum};
  executor.for_each(10, counting);
  executor.for_each(10, +[](Index) {});
  EXPECT_EQ(sum, 90);
}

template <class Executor>
void runs_nested_calls(Executor& executor) {
  std::atomic<Index> inner{0};
  executor.for_each(
      16, [&](Index) { executor.for_each(8, [&](Index) { executor.for_each(3, [&](Index) { ++inner; }); }); });
  EXPECT_EQ(inner, 16 * 8 * 3);
}

template <class Executor>
void serves_several_callers_at_once(Executor& executor, int rounds) {
  std::vector<std::thread> callers;
  std::vector<Index> sums(4);
  for (std::size_t caller = 0; caller < sums.size(); ++caller)
    callers.emplace_back([&, caller] {
      for (int round = 0; round < rounds; ++round) {
        std::atomic<Index> sum{0};
        executor.for_each(50, [&](Index task) { sum += task; });
        sums[caller] += sum;
      }
    });
  for (std::thread& caller : callers) caller.join();
  for (Index const sum : sums) EXPECT_EQ(sum, rounds * 49 * 50 / 2);
}

template <class Executor>
void hands_exceptions_to_the_caller(Executor& executor) {
  for (Index const bad : {0, 1, 99}) {
    std::atomic<int> inside{0};
    std::string said;
    try {
      executor.for_each(100, [&](Index task) {
        ++inside;
        if (task == bad) {
          --inside;
          throw std::runtime_error("task " + std::to_string(task));
        }
        --inside;
      });
    } catch (std::runtime_error const& error) {
      said = error.what();
    }
    EXPECT_EQ(inside, 0) << "a task still runs";
    EXPECT_EQ(said, "task " + std::to_string(bad));
  }
  // One exception comes out even when every task throws, and the executor goes on working.
  EXPECT_THROW(executor.for_each(50, [](Index) { throw std::logic_error("each"); }), std::logic_error);
  runs_each_task_once(executor);
}

template <class Executor>
void survives_many_tiny_calls(Executor& executor, int calls) {
  Index expected = 0;
  std::atomic<Index> sum{0};
  for (int call = 0; call < calls; ++call) {
    Index const count = call % 5;
    executor.for_each(count, [&](Index task) { sum.fetch_add(task + 1, std::memory_order_relaxed); });
    expected += count * (count + 1) / 2;
  }
  EXPECT_EQ(sum, expected);
}

template <class Executor>
void obeys_all(Executor& executor, int rounds = 200) {
  static_assert(attend::Executor<Executor>);
  EXPECT_GE(executor.concurrency(), 1);
  runs_each_task_once(executor);
  returns_after_the_last_task(executor);
  takes_functions_of_any_kind(executor);
  runs_nested_calls(executor);
  serves_several_callers_at_once(executor, rounds);
  hands_exceptions_to_the_caller(executor);
  survives_many_tiny_calls(executor, 10 * rounds);
}

}  // namespace executor_laws
