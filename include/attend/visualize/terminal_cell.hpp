#pragma once

#include <attend/core/types.hpp>
#include <attend/visualize/color_map.hpp>
#include <attend/visualize/terminal_style.hpp>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>
#include <string_view>

namespace attend::detail {

/// The nearest of the 216 cube colours (16 + 36 r + 6 g + b) or the 24 greys (232 …) of a 256-colour terminal.
[[nodiscard]] inline int nearest_of_256(Rgb color) {
  auto const step = [](int value) { return value < 48 ? 0 : value < 115 ? 1 : (value - 35) / 40; };
  auto const shown = [](int s) { return s == 0 ? 0 : 55 + 40 * s; };
  auto const distance = [&](int r, int g, int b) {
    return (r - color.red) * (r - color.red) + (g - color.green) * (g - color.green) +
           (b - color.blue) * (b - color.blue);
  };
  int const r = step(color.red), g = step(color.green), b = step(color.blue);
  int const grey = std::clamp(((color.red + color.green + color.blue) / 3 - 3) / 10, 0, 23), level = 8 + 10 * grey;
  bool const grey_is_nearer = distance(level, level, level) < distance(shown(r), shown(g), shown(b));
  return grey_is_nearer ? 232 + grey : 16 + 36 * r + 6 * g + b;
}

/// `layer` is 38 for letters, 48 for what is behind them.
[[nodiscard]] inline std::string color_code(int layer, Rgb color, Ink ink) {
  std::string const start = "\x1b[" + std::to_string(layer);
  if (ink == Ink::colors256) return start + ";5;" + std::to_string(nearest_of_256(color)) + "m";
  return start + ";2;" + std::to_string(color.red) + ";" + std::to_string(color.green) + ";" +
         std::to_string(color.blue) + "m";
}

[[nodiscard]] inline std::string in_color(Rgb behind, std::string_view text, Ink ink) {
  return color_code(48, behind, ink) + color_code(38, ink_on(behind), ink) + std::string(text) + "\x1b[0m";
}

[[nodiscard]] inline std::string emphasized(std::string_view text, Ink ink) {
  bool const has_colors = ink == Ink::colors256 || ink == Ink::colors24bit;
  return has_colors ? "\x1b[1m" + std::string(text) + "\x1b[0m" : std::string(text);
}

/// One cell's worth of shade where there are no colours: the more weight, the more ink. Blocks begin at an eighth of
/// the scale, because a page full of ░ hides the links that one looks for.
[[nodiscard]] inline std::string_view shade(double position, Ink ink) {
  constexpr std::string_view blocks[] = {" ", "░", "▒", "▓", "█"};
  constexpr std::string_view letters[] = {".", ":", "-", "=", "+", "*", "#", "%", "@"};
  auto const pick = [&](auto const& inks) {
    return inks[static_cast<std::size_t>(std::lround(position * static_cast<double>(std::size(inks) - 1)))];
  };
  return ink == Ink::ascii ? pick(letters) : pick(blocks);
}

[[nodiscard]] inline std::string repeated(std::string_view text, Index count) {
  std::string all;
  for (Index i = 0; i < count; ++i) all += text;
  return all;
}

}  // namespace attend::detail
