#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>

namespace attend {

struct Rgb {
  std::uint8_t red = 0, green = 0, blue = 0;
  friend constexpr bool operator==(Rgb, Rgb) = default;
};

/// What a picture is drawn on. More weight is always further from the paper, so strong cells stand out on both.
enum class Paper { light, dark };

namespace detail {

/// Viridis at 0, 0.1, …, 1: lightness rises evenly, and it reads the same for the colour-blind and in grey.
/// Source   van der Walt and Smith 2015, matplotlib (CC0)
inline constexpr std::array<Rgb, 11> viridis_on_dark{{{68, 1, 84},
                                                      {72, 36, 117},
                                                      {65, 68, 135},
                                                      {53, 95, 141},
                                                      {42, 120, 142},
                                                      {33, 145, 140},
                                                      {34, 168, 132},
                                                      {68, 191, 112},
                                                      {122, 209, 81},
                                                      {189, 223, 38},
                                                      {253, 231, 37}}};

/// The same colours by falling OKLab lightness (0.975 down to 0.285 in even steps), bleached towards white at the
/// light end: viridis itself would paint the weakest cells of a white page a loud yellow.
inline constexpr std::array<Rgb, 11> viridis_on_light{{{246, 249, 236},
                                                       {218, 231, 184},
                                                       {181, 217, 137},
                                                       {137, 199, 122},
                                                       {79, 182, 124},
                                                       {33, 158, 136},
                                                       {39, 131, 141},
                                                       {51, 102, 141},
                                                       {65, 70, 135},
                                                       {72, 36, 117},
                                                       {68, 1, 84}}};

}  // namespace detail

/// The colour of position t in [0, 1] of a scale; positions outside are those of the ends, NaN is 0.
[[nodiscard]] inline Rgb color_at(double t, Paper paper) {
  auto const& points = paper == Paper::dark ? detail::viridis_on_dark : detail::viridis_on_light;
  double const place = (t > 0 ? std::min(t, 1.0) : 0.0) * static_cast<double>(points.size() - 1);
  std::size_t const left = std::min(static_cast<std::size_t>(place), points.size() - 2);
  double const part = place - static_cast<double>(left);
  auto const mix = [&](std::uint8_t a, std::uint8_t b) {
    return static_cast<std::uint8_t>(std::lround(a + part * (static_cast<double>(b) - a)));
  };
  Rgb const a = points[left], b = points[left + 1];
  return {mix(a.red, b.red), mix(a.green, b.green), mix(a.blue, b.blue)};
}

/// Relative luminance in [0, 1]. Source: WCAG 2.1.
[[nodiscard]] inline double luminance(Rgb color) {
  auto const linear = [](std::uint8_t value) {
    double const c = value / 255.0;
    return c <= 0.04045 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4);
  };
  return 0.2126 * linear(color.red) + 0.7152 * linear(color.green) + 0.0722 * linear(color.blue);
}

/// Black or white, whichever is easier to read on the colour (both ratios are equal at luminance 0.179).
[[nodiscard]] inline Rgb ink_on(Rgb color) { return luminance(color) > 0.179 ? Rgb{0, 0, 0} : Rgb{255, 255, 255}; }

/// "#1f9e89"
[[nodiscard]] inline std::string hex(Rgb color) {
  char digits[8];
  std::snprintf(digits, sizeof digits, "#%02x%02x%02x", static_cast<unsigned>(color.red),
                static_cast<unsigned>(color.green), static_cast<unsigned>(color.blue));
  return digits;
}

}  // namespace attend
