#include <attend/core/workspace.hpp>

#include "allocations.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <type_traits>

namespace workspace_tests {

namespace at = attend;

TEST(Workspace, IsAlignedAndNeverNull) {
  at::Workspace workspace;
  EXPECT_EQ(workspace.size(), 0u);
  for (std::size_t const bytes : {0u, 1u, 63u, 64u, 65u, 1000000u}) {
    std::byte* const memory = workspace.reserve(bytes);
    ASSERT_NE(memory, nullptr);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(memory) % 64, 0u);
    EXPECT_GE(workspace.size(), bytes);
    for (std::size_t i = 0; i < bytes; ++i) memory[i] = std::byte{1};  // an address sanitizer looks on
  }
}

TEST(Workspace, GrowsAndNeverShrinks) {
  at::Workspace workspace(1000);
  std::size_t const size = workspace.size();
  std::byte* const memory = workspace.reserve(1000);
  long const before = allocations();
  EXPECT_EQ(workspace.reserve(10), memory);
  EXPECT_EQ(workspace.reserve(0), memory);
  EXPECT_EQ(workspace.reserve(size), memory);
  EXPECT_EQ(workspace.size(), size);
  EXPECT_EQ(allocations(), before);
  workspace.reserve(5000);
  EXPECT_GE(workspace.size(), 5000u);
}

TEST(Workspace, GivesItsMemoryBackOnRelease) {
  at::Workspace workspace(100);
  workspace.release();
  EXPECT_EQ(workspace.size(), 0u);
  EXPECT_NE(workspace.reserve(100), nullptr);
}

TEST(Workspace, MovesAndDoesNotCopy) {
  static_assert(!std::is_copy_constructible_v<at::Workspace> && !std::is_copy_assignable_v<at::Workspace>);
  static_assert(std::is_nothrow_move_constructible_v<at::Workspace> &&
                std::is_nothrow_move_assignable_v<at::Workspace>);
  at::Workspace first(100);
  std::byte* const memory = first.reserve(1);
  at::Workspace second(std::move(first));
  EXPECT_EQ(second.reserve(1), memory);
  at::Workspace third;
  third = std::move(second);
  EXPECT_EQ(third.reserve(1), memory);
  EXPECT_GE(third.size(), 100u);
}

TEST(Workspace, RefusesASizeThatOverflowed) {
  at::Workspace workspace(100);
  std::byte* const memory = workspace.reserve(100);
  EXPECT_THROW(workspace.reserve(static_cast<std::size_t>(-5)), at::Error);
  EXPECT_EQ(workspace.reserve(100), memory);
}

}  // namespace workspace_tests
