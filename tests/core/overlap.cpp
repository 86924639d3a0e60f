#include <attend/core/overlap.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <set>
#include <vector>

namespace overlap_tests {
namespace {

namespace at = attend;
using at::Index;

/// Every byte of some heads, one by one.
template <class Storage>
std::set<std::uintptr_t> bytes_of(at::Heads<Storage> const& x) {
  std::set<std::uintptr_t> bytes;
  for (Index b = 0; b < x.batch(); ++b)
    for (Index h = 0; h < x.heads(); ++h)
      for (Index i = 0; i < x.length(); ++i)
        for (Index f = 0; f < x.dim(); ++f)
          for (std::size_t byte = 0; byte < sizeof(Storage); ++byte)
            bytes.insert(reinterpret_cast<std::uintptr_t>(&x(b, h, i, f)) + byte);
  return bytes;
}

template <class First, class Second>
bool share_some(at::Heads<First> const& a, at::Heads<Second> const& b) {
  auto const first = bytes_of(a), second = bytes_of(b);
  for (std::uintptr_t const byte : first)
    if (second.count(byte) > 0) return true;
  return false;
}

class Draw {
 public:
  Index upto(Index most) { return static_cast<Index>(random_() % static_cast<std::uint32_t>(most + 1)); }

  /// Part of a buffer whose rows are `width` numbers, in which heads stand side by side: what people cut out of one
  /// matrix. Steps may go backwards.
  template <class Storage>
  at::Heads<Storage> cut(std::vector<Storage>& buffer, Index width) {
    Index const head = 4, rows = static_cast<Index>(buffer.size()) / width;
    Index const column = upto(width / head - 1) * head + upto(head - 1);
    Index const dim = 1 + upto(head - column % head - 1), heads = 1 + upto((width - column - dim) / head);
    Index const row = upto(rows - 1), length = 1 + upto(rows - row - 1);
    bool const backwards = upto(3) == 0;
    return {buffer.data() + (row + (backwards ? length - 1 : 0)) * width + column,
            {1, heads, length, dim},
            {0, head, backwards ? -width : width, 1}};
  }

 private:
  std::mt19937 random_{7};
};

TEST(Overlap, OfPartsOfOneMatrixIsToldExactly) {
  Draw draw;
  std::vector<float> buffer(12 * 9);
  int shared = 0;
  for (int turn = 0; turn < 20000; ++turn) {
    auto const a = draw.cut(buffer, 12), b = draw.cut(buffer, 12);
    bool const expected = share_some(a, b);
    shared += expected;
    ASSERT_EQ(at::detail::share_memory(a, b), expected) << turn;
  }
  EXPECT_GT(shared, 2000);
  EXPECT_LT(shared, 18000);
}

TEST(Overlap, IsNeverToldWhereThereIsNone) {
  Draw draw;
  std::vector<float> buffer(120);
  auto* const halves = reinterpret_cast<Eigen::half*>(buffer.data());
  int told = 0, shared = 0;
  for (int turn = 0; turn < 20000; ++turn) {
    auto const shape = [&] { return at::HeadsShape{draw.upto(2), draw.upto(2), draw.upto(3), draw.upto(3)}; };
    auto const strides = [&] { return at::HeadsStrides{draw.upto(12), draw.upto(8), draw.upto(12) - 3, draw.upto(3)}; };
    at::Heads<float> const a(buffer.data() + 10 + draw.upto(40), shape(), strides());
    at::Heads<Eigen::half> const b(halves + 20 + draw.upto(80), shape(), strides());
    bool const answer = at::detail::share_memory(a, b), expected = share_some(a, b);
    ASSERT_TRUE(expected || !answer) << turn;
    told += answer;
    shared += expected;
  }
  EXPECT_GT(told, shared / 10);
}

TEST(Overlap, OfContiguousArraysIsToldExactly) {
  Draw draw;
  std::vector<double> buffer(200);
  auto* const floats = reinterpret_cast<float*>(buffer.data());
  for (int turn = 0; turn < 2000; ++turn) {
    auto const a = at::heads(buffer.data() + draw.upto(100), {draw.upto(2), draw.upto(2), draw.upto(4), draw.upto(4)});
    auto const b = at::heads(floats + draw.upto(300), {draw.upto(2), draw.upto(2), draw.upto(4), draw.upto(4)});
    ASSERT_EQ(at::detail::share_memory(a, b), share_some(a, b)) << turn;
  }
}

}  // namespace
}  // namespace overlap_tests
