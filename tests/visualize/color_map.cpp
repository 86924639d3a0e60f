#include <attend/visualize/color_map.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace color_map_tests {

using attend::color_at;
using attend::Paper;
using attend::Rgb;

/// CIE lightness, 0 to 100.
double lightness(Rgb color) {
  double const y = attend::luminance(color);
  return y > 216.0 / 24389 ? 116 * std::cbrt(y) - 16 : y * 24389 / 27;
}

TEST(ColorMap, EndsAreTheControlPoints) {
  EXPECT_EQ(hex(color_at(0, Paper::dark)), "#440154");
  EXPECT_EQ(hex(color_at(1, Paper::dark)), "#fde725");
  EXPECT_EQ(hex(color_at(0.5, Paper::dark)), "#21918c");
  EXPECT_EQ(hex(color_at(1, Paper::light)), "#440154");
}

TEST(ColorMap, MoreWeightIsAlwaysFurtherFromThePaper) {
  for (int i = 0; i < 255; ++i) {
    EXPECT_LT(lightness(color_at(i / 255.0, Paper::dark)), lightness(color_at((i + 1) / 255.0, Paper::dark)) + 0.4)
        << i;
    EXPECT_GT(lightness(color_at(i / 255.0, Paper::light)), lightness(color_at((i + 1) / 255.0, Paper::light)) - 0.4)
        << i;
  }
}

TEST(ColorMap, EqualStepsLookEqual) {
  for (Paper const paper : {Paper::dark, Paper::light}) {
    double const whole = std::abs(lightness(color_at(1, paper)) - lightness(color_at(0, paper)));
    for (int i = 0; i < 10; ++i) {
      double const step = std::abs(lightness(color_at((i + 1) / 10.0, paper)) - lightness(color_at(i / 10.0, paper)));
      EXPECT_GT(step, 0.05 * whole) << i;
      EXPECT_LT(step, 0.16 * whole) << i;
    }
  }
}

TEST(ColorMap, PositionsOutsideAreThoseOfTheEnds) {
  EXPECT_EQ(color_at(-3, Paper::dark), color_at(0, Paper::dark));
  EXPECT_EQ(color_at(7, Paper::dark), color_at(1, Paper::dark));
  EXPECT_EQ(color_at(std::numeric_limits<double>::infinity(), Paper::dark), color_at(1, Paper::dark));
  EXPECT_EQ(color_at(std::nan(""), Paper::dark), color_at(0, Paper::dark));
}

TEST(ColorMap, LettersOnEveryColorCanBeRead) {
  auto const contrast = [](Rgb a, Rgb b) {
    auto const [dark, light] = std::minmax({attend::luminance(a), attend::luminance(b)});
    return (light + 0.05) / (dark + 0.05);
  };
  for (Paper const paper : {Paper::dark, Paper::light})
    for (int i = 0; i <= 100; ++i) {
      Rgb const color = color_at(i / 100.0, paper);
      EXPECT_GT(contrast(color, attend::ink_on(color)), 4.5) << i;  // WCAG 2.1, AA
    }
}

}  // namespace color_map_tests
