#pragma once

#include "evaluation.hpp"

#include <attend/visualize/color_map.hpp>
#include <attend/visualize/escape.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

/// Scenes and where each word of their captions looked, as one SVG file.

namespace caption_scenes {

/// A scene, and what was said of it.
struct Strip {
  Scene scene;
  Caption caption;
};

inline constexpr Index cell_size = 18, panel = side * cell_size, gap = 12;

[[nodiscard]] inline std::string number(double value) {
  char digits[32];
  std::snprintf(digits, sizeof digits, "%.1f", value);
  return digits;
}

/// "M x y L x y … z": corners around a middle, in units of a radius.
[[nodiscard]] inline std::string polygon(double x, double y, double radius,
                                         std::vector<std::pair<double, double>> const& corners) {
  std::string path;
  for (auto const& [across, down] : corners)
    path += (path.empty() ? "M" : "L") + number(x + radius * across) + " " + number(y + radius * down);
  return path + "z";
}

/// An object in the middle of its cell.
[[nodiscard]] inline std::string object_svg(Object const& object, Index left, Index top) {
  static constexpr std::array<char const*, kinds> colors{"#d1242f", "#1a7f37", "#0969da", "#d4a72c"};
  double const x = static_cast<double>(left + object.column() * cell_size) + cell_size / 2.0,
               y = static_cast<double>(top + object.row() * cell_size) + cell_size / 2.0, radius = 0.36 * cell_size;
  std::string const fill = std::string("fill=\"") + colors[static_cast<std::size_t>(object.color)] +
                           "\" stroke=\"#fff\" stroke-width=\"1\"/>";
  switch (object.shape) {
    case 0:
      return "<circle cx=\"" + number(x) + "\" cy=\"" + number(y) + "\" r=\"" + number(radius) + "\" " + fill;
    case 1:
      return "<path d=\"" + polygon(x, y, radius, {{-0.9, -0.9}, {0.9, -0.9}, {0.9, 0.9}, {-0.9, 0.9}}) + "\" " + fill;
    case 2:
      return "<path d=\"" + polygon(x, y, radius, {{0, -1}, {1, 0.8}, {-1, 0.8}}) + "\" " + fill;
    default:
      return "<path d=\"" +
             polygon(x, y, radius,
                     {{0, -1.1},
                      {0.25, -0.35},
                      {1.05, -0.34},
                      {0.4, 0.13},
                      {0.65, 0.89},
                      {0, 0.42},
                      {-0.65, 0.89},
                      {-0.4, 0.13},
                      {-1.05, -0.34},
                      {-0.25, -0.35}}) +
             "\" " + fill;
  }
}

/// The grid, its cells coloured by weights (16), and the objects on it.
[[nodiscard]] inline std::string grid_svg(Scene const& scene, Vector<float> const& weights, Index left, Index top) {
  std::string svg;
  for (Index j = 0; j < cells; ++j)
    svg += "<rect x=\"" + std::to_string(left + j % side * cell_size) + "\" y=\"" +
           std::to_string(top + j / side * cell_size) + "\" width=\"" + std::to_string(cell_size) + "\" height=\"" +
           std::to_string(cell_size) + "\" fill=\"" +
           attend::hex(attend::color_at(static_cast<double>(weights(j)), attend::Paper::light)) +
           "\" stroke=\"#d1d9e0\" stroke-width=\"0.5\"/>";
  for (Object const& object : scene.objects) svg += object_svg(object, left, top);
  return svg + "\n";
}

/// One line a scene: the scene by itself, then a grid for each word, coloured by how much the word looks at each cell.
/// A word that should have been another is red.
[[nodiscard]] inline std::string strips_svg(std::string const& title, std::vector<Strip> const& strips) {
  Index const head = 40, line = panel + 34;
  std::size_t most = 0;
  for (Strip const& strip : strips) most = std::max(most, strip.caption.words.size());
  auto const width = gap + (static_cast<Index>(most) + 1) * (panel + gap), height = head + std::ssize(strips) * line;
  std::string svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + std::to_string(width) + " " +
                    std::to_string(height) + "\" width=\"" + std::to_string(width) + "\" height=\"" +
                    std::to_string(height) + "\" role=\"img\" aria-label=\"" + attend::xml_escaped(title) +
                    "\" font-family=\"sans-serif\" font-size=\"13\">\n<rect width=\"100%\" height=\"100%\" "
                    "fill=\"#fff\"/>\n<text x=\"" +
                    std::to_string(gap) + "\" y=\"24\" font-weight=\"600\">" + attend::xml_escaped(title) + "</text>\n";
  for (std::size_t i = 0; i < strips.size(); ++i) {
    auto const& [scene, caption] = strips[i];
    Index const top = head + static_cast<Index>(i) * line;
    svg += grid_svg(scene, Vector<float>::Zero(cells), gap, top);
    for (std::size_t t = 0; t < caption.words.size(); ++t) {
      Index const left = gap + (static_cast<Index>(t) + 1) * (panel + gap);
      bool const is_right = t < scene.caption.size() && scene.caption[t] == caption.words[t];
      svg += grid_svg(scene, caption.weights.row(static_cast<Index>(t)), left, top) + "<text x=\"" +
             std::to_string(left + panel / 2) + "\" y=\"" + std::to_string(top + panel + 16) +
             "\" text-anchor=\"middle\"" + (is_right ? ">" : " fill=\"#cf222e\">") +
             attend::xml_escaped(words[static_cast<std::size_t>(caption.words[t])]) + "</text>\n";
    }
  }
  return svg + "</svg>\n";
}

}  // namespace caption_scenes
