#include <attend/attend.hpp>

#include "../core/allocations.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <vector>

/// What a call does with memory: nothing once it is warm, what it announced, and nothing outside of what it was given.

namespace workspace_tests {

namespace at = attend;

struct Sizes {
  at::Index batch, heads, key_heads, queries, keys, dim;
};

constexpr Sizes shapes[] = {
    {1, 1, 1, 16, 16, 32}, {2, 4, 2, 100, 300, 33}, {1, 8, 2, 1, 700, 64}, {3, 2, 2, 97, 257, 16}};

/// Numbers with a guard of 1,024 on both sides.
struct Guarded {
  static constexpr std::size_t guard = 1024;
  static constexpr float mark = -777.25f;
  std::vector<float> all;
  std::size_t size;

  explicit Guarded(at::Index count)
      : all(static_cast<std::size_t>(count) + 2 * guard, mark), size(static_cast<std::size_t>(count)) {
    for (std::size_t i = 0; i < size; ++i) data()[i] = std::sin(static_cast<float>(i));
  }
  [[nodiscard]] float* data() { return all.data() + guard; }
  [[nodiscard]] bool intact() const {
    for (std::size_t i = 0; i < guard; ++i)
      if (all[i] != mark || all[guard + size + i] != mark) return false;
    return true;
  }
};

struct Problem {
  Sizes s;
  Guarded q{s.batch * s.heads * s.queries * s.dim}, k{s.batch * s.key_heads * s.keys * s.dim},
      v = k, out{s.batch * s.heads * s.queries * s.dim};

  explicit Problem(Sizes const& sizes) : s(sizes) {}

  template <class Function>
  auto call(Function const& function) {
    return function(at::heads(out.data(), {s.batch, s.heads, s.queries, s.dim}),
                    at::heads(q.data(), {s.batch, s.heads, s.queries, s.dim}),
                    at::heads(k.data(), {s.batch, s.key_heads, s.keys, s.dim}),
                    at::heads(v.data(), {s.batch, s.key_heads, s.keys, s.dim}));
  }
};

TEST(Workspace, AWarmedUpCallDoesNotTouchTheHeap) {
  at::ThreadPool pool(2);
  for (Sizes const& sizes : shapes) {
    Problem problem(sizes);
    at::Workspace workspace;
    auto const run = [&](auto const& out, auto const& q, auto const& k, auto const& v) {
      at::attention_into(out, q, k, v, at::Causal{}, workspace);
      at::attention_into(out, q, k, v, at::Causal{}, workspace, pool);
    };
    problem.call(run);
    long const before = allocations();
    problem.call(run);
    EXPECT_EQ(allocations(), before) << sizes.queries << " queries, " << sizes.keys << " keys";
  }
}

TEST(Workspace, WhatIsAnnouncedIsWhatIsUsed) {
  for (Sizes const& sizes : shapes) {
    Problem problem(sizes);
    std::size_t const announced = problem.call([](auto const& out, auto const& q, auto const& k, auto const& v) {
      return at::workspace_size(out, q, k, v, at::Causal{});
    });
    // A workspace that large is not grown, and one that is 64 bytes smaller is.
    at::Workspace enough(announced), scarce(announced - 64);
    long const before = allocations();
    auto const run_in = [&](at::Workspace& workspace) {
      problem.call([&](auto const& out, auto const& q, auto const& k, auto const& v) {
        at::attention_into(out, q, k, v, at::Causal{}, workspace);
        return 0;
      });
    };
    run_in(enough);
    EXPECT_EQ(allocations(), before);
    run_in(scarce);
    if (counts_allocations()) {
      EXPECT_GT(allocations(), before);
    }
    EXPECT_EQ(enough.size(), scarce.size());
  }
}

TEST(Workspace, NothingIsWrittenBesideTheArraysOfTheCall) {
  for (Sizes const& sizes : shapes) {
    Problem problem(sizes);
    Guarded const q = problem.q, k = problem.k;
    at::Workspace workspace;
    std::size_t const announced = problem.call([](auto const& out, auto const& q4, auto const& k4, auto const& v4) {
      return at::workspace_size(out, q4, k4, v4, at::Causal{});
    });
    // The guard of the workspace stands behind what was announced.
    constexpr std::size_t guard = 4096;
    std::byte* const memory = workspace.reserve(announced + guard);
    std::memset(memory + announced, 0x5a, guard);
    problem.call([&](auto const& out, auto const& q4, auto const& k4, auto const& v4) {
      at::attention_into(out, q4, k4, v4, at::Causal{}, workspace);
      return 0;
    });
    EXPECT_TRUE(problem.out.intact() && problem.q.intact() && problem.k.intact() && problem.v.intact());
    EXPECT_EQ(problem.q.all, q.all);
    EXPECT_EQ(problem.k.all, k.all);
    for (std::size_t i = 0; i < guard; ++i) ASSERT_EQ(memory[announced + i], std::byte{0x5a});
  }
}

}  // namespace workspace_tests
