#include <attend/hard/draw.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <utility>

namespace draw_tests {

using attend::Draw;
using attend::Index;

TEST(Draw, IsAFunctionOfWhatItIsFor) {
  Draw const draw{.seed = 5, .step = 2, .batch = 1, .head = 3};
  EXPECT_EQ(draw.uniform(7, 1), (Draw{.seed = 5, .step = 2, .batch = 1, .head = 3}.uniform(7, 1)));
  std::set<double> numbers;
  for (Index part = 0; part < 2; ++part)
    for (Index seed = 0; seed < 2; ++seed)
      for (Index step = 0; step < 2; ++step)
        for (Index head = 0; head < 2; ++head)
          for (Index row = 0; row < 2; ++row)
            for (Index sample = 0; sample < 2; ++sample)
              numbers.insert(
                  Draw{.seed = static_cast<std::uint64_t>(seed), .step = step, .batch = part, .head = head}.uniform(
                      row, sample));
  EXPECT_EQ(numbers.size(), 64u);
}

TEST(Draw, NumbersAreEvenOverTheIntervalAndFine) {
  int const count = 40000;
  for (int over = 0; over < 4; ++over) {  // over steps, rows, samples and sequences
    int bins[20] = {};
    bool is_fine = false;
    for (Index i = 0; i < count; ++i) {
      Draw const draw{.seed = 11, .step = over == 0 ? i : 0, .batch = over == 3 ? i : 0};
      double const u = draw.uniform(over == 1 ? i : 0, over == 2 ? i : 0);
      ASSERT_TRUE(u > 0 && u < 1);
      is_fine = is_fine || u * 0x1p40 != std::floor(u * 0x1p40);
      ++bins[static_cast<int>(u * 20)];
    }
    double square = 0;
    for (int const bin : bins) square += (bin - count / 20.0) * (bin - count / 20.0) / (count / 20.0);
    EXPECT_LT(square, 43.8) << over;  // χ² of 19 degrees, one in a thousand
    EXPECT_TRUE(is_fine);
  }
}

TEST(Draw, LowBitsAreNotTheHighOnes) {
  int alike = 0;
  for (Index i = 0; i < 10000; ++i) {
    double const scaled = Draw{.seed = 3}.uniform(i, 0) * 0x1p32, low = scaled - std::floor(scaled);
    alike += std::floor(low * 16) == std::floor(scaled * 0x1p-28) ? 1 : 0;
  }
  EXPECT_NEAR(alike, 625, 4 * std::sqrt(625.0));
}

TEST(Draw, LowBitsAreNotTheHighOnesOfANeighbour) {
  for (Index i = 0; i < 100; ++i)
    for (auto const& [row, sample] : {std::pair<Index, Index>{i, 1}, {i + 1, 0}}) {
      double const scaled = Draw{.seed = 3}.uniform(i, 0) * 0x1p32, low = scaled - std::floor(scaled);
      EXPECT_GT(std::abs(low - Draw{.seed = 3}.uniform(row, sample)), 0x1p-18) << i;
    }
}

TEST(Draw, NeedsASample) { EXPECT_THROW((Draw{.samples = 0}.check_sizes()), attend::Error); }

}  // namespace draw_tests
