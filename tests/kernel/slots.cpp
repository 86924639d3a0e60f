#include <attend/attention.hpp>
#include <attend/kernel/slots.hpp>
#include <attend/reference/heads.hpp>

#include "../laws/problem.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <memory>
#include <set>
#include <thread>
#include <vector>

/// A slot is working memory: two tasks that hold the same one at once would write over each other.

namespace slots_tests {

using attend::Index;
using attend::kernel::Slots;

constexpr Index counts[] = {1, 2, 63, 64, 65, 127, 128, 129, Slots::most};

/// Leases cannot be moved, so each stands in memory of its own.
using Held = std::vector<std::unique_ptr<Slots::Lease>>;

[[nodiscard]] Index take(Slots& slots, Held& held) {
  held.push_back(std::make_unique<Slots::Lease>(slots));
  return held.back()->slot();
}

TEST(Slots, AllThatAreHeldDiffer) {
  for (Index const count : counts) {
    Slots slots(count);
    Held held;
    std::set<Index> seen;
    for (Index i = 0; i < count; ++i) seen.insert(take(slots, held));
    EXPECT_EQ(std::ssize(seen), count);
    EXPECT_EQ(*seen.begin(), 0);
    EXPECT_EQ(*seen.rbegin(), count - 1);
  }
}

TEST(Slots, WhatIsReleasedIsHandedOutAgain) {
  for (Index const count : counts) {
    Slots slots(count);
    Held held;
    for (Index i = 0; i < count; ++i) (void)take(slots, held);
    // All are taken, so that the one that is given back is the only one to get.
    for (Index const pick : {Index(0), count / 2, count - 1}) {
      auto& lease = held[static_cast<std::size_t>(pick)];
      Index const freed = lease->slot();
      lease.reset();
      lease = std::make_unique<Slots::Lease>(slots);
      EXPECT_EQ(lease->slot(), freed) << "of " << count;
    }
  }
}

TEST(Slots, OneAfterAnotherIsAlwaysTheFirst) {
  Slots slots(65);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(Slots::Lease(slots).slot(), 0);
}

TEST(Slots, WhoFindsNoneWaitsForOne) {
  for (Index const count : {Index(1), Index(64), Index(65)}) {
    Slots slots(count);
    Held held;
    for (Index i = 0; i < count; ++i) (void)take(slots, held);
    Index const freed = held.back()->slot();
    std::atomic<bool> released = false, early = false;
    std::atomic<Index> got = -1;
    std::thread waiting([&] {
      Slots::Lease const lease(slots);
      if (!released) early = true;
      got = lease.slot();
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    released = true;
    held.pop_back();
    waiting.join();
    EXPECT_FALSE(early) << "of " << count;
    EXPECT_EQ(got, freed);
  }
}

/// Many threads take, mark, unmark and release: a mark that is there already means that two hold one slot.
void expect_never_shared(Index count, int threads, int rounds) {
  Slots slots(count);
  std::vector<std::atomic<int>> owners(static_cast<std::size_t>(count));
  std::atomic<int> shared = 0, outside = 0;
  auto const work = [&] {
    for (int round = 0; round < rounds; ++round) {
      Slots::Lease const lease(slots);
      if (lease.slot() < 0 || lease.slot() >= count) {
        ++outside;
        continue;
      }
      auto& owner = owners[static_cast<std::size_t>(lease.slot())];
      if (owner.fetch_add(1) != 0) ++shared;
      if (round % 16 == 0) std::this_thread::yield();  // hold some for long, so that others meet them
      if (owner.fetch_sub(1) != 1) ++shared;
    }
  };
  std::vector<std::thread> crowd;
  for (int t = 0; t < threads; ++t) crowd.emplace_back(work);
  for (std::thread& thread : crowd) thread.join();
  EXPECT_EQ(shared, 0) << threads << " threads, " << count << " slots";
  EXPECT_EQ(outside, 0) << threads << " threads, " << count << " slots";
}

TEST(Slots, AreNeverSharedByFewThreads) {
  for (Index const count : counts) expect_never_shared(count, 4, 2000);
}
TEST(Slots, AreNeverSharedByMoreThreadsThanSlots) {
  for (Index const count : {Index(1), Index(2), Index(5)}) expect_never_shared(count, 16, 400);
  expect_never_shared(65, 80, 50);
}

/// Runs its tasks on more threads than it says, and counts how many of them are at work at once.
struct Understated {
  int threads;
  std::atomic<Index>* most_at_once;

  [[nodiscard]] Index concurrency() const { return 2; }
  template <class Function>
  void for_each(Index count, Function const& function) const {
    std::atomic<Index> next = 0, at_work = 0;
    auto const work = [&] {
      for (Index i = next++; i < count; i = next++) {
        Index const now = ++at_work;
        for (Index most = *most_at_once; now > most && !most_at_once->compare_exchange_weak(most, now);) {
        }
        function(i);
        --at_work;
      }
    };
    std::vector<std::thread> crowd;
    for (int t = 0; t < threads; ++t) crowd.emplace_back(work);
    for (std::thread& thread : crowd) thread.join();
  }
};

TEST(Slots, AnExecutorThatRunsMoreThanItSaysWaitsAndIsRight) {
  laws::Problem<float> const problem({.n = 40, .m = 90, .d = 16, .e = 16, .batch = 2, .heads = 4}, 7);
  auto const in = problem.inputs();
  auto const expected = attend::reference::attention<double>(in.q, in.k, in.v);
  // Tasks are shorter than a turn on a core: give way in the middle of them, so that they meet.
  auto const give_way = [](auto score, auto) {
    std::this_thread::yield();
    return score;
  };
  std::atomic<Index> most_at_once = 0;
  for (int repeat = 0; repeat < 5; ++repeat) {
    std::vector<float> out(expected.size(), -7.f);
    attend::attention_into(attend::heads(out.data(), problem.shape.output()), in.q, in.k, in.v, give_way,
                           Understated{8, &most_at_once});
    for (std::size_t i = 0; i < out.size(); ++i)
      ASSERT_NEAR(out[i], expected[i], 1e-5) << "element " << i << ", repeat " << repeat;
  }
  EXPECT_GT(most_at_once, 2) << "never more at once than promised: nothing was tested";
}

}  // namespace slots_tests
