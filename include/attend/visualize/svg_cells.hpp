#pragma once

#include <attend/visualize/color_map.hpp>
#include <attend/visualize/escape.hpp>
#include <attend/visualize/heatmap.hpp>
#include <attend/visualize/scale.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <string>

namespace attend::detail {

/// Colours of a picture: a cell has one of 64, which no eye tells from a continuous scale.
inline constexpr int color_levels = 64;

/// What a cell is drawn as: one of the colour levels, or left empty, or one of the three numbers that are not finite.
enum CellKind : int { empty_cell = -1, not_a_number = -2, plus_infinity = -3, minus_infinity = -4 };

[[nodiscard]] inline int cell_kind(double value, Scale const& scale) {
  if (std::isnan(value)) return not_a_number;
  if (std::isinf(value)) return value > 0 ? plus_infinity : minus_infinity;
  if (scale.leaves_empty(value)) return empty_cell;
  return std::min(static_cast<int>(scale.position(value) * color_levels), color_levels - 1);
}

[[nodiscard]] inline Rgb level_color(int level, Paper paper) { return color_at((level + 0.5) / color_levels, paper); }

/// A coordinate with at most two decimals.
[[nodiscard]] inline std::string coordinate(double value) {
  char digits[32];
  std::snprintf(digits, sizeof digits, "%.2f", value);
  std::string text = digits;
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text == "-0" ? "0" : text;
}

/// The path of one cell. Non-finite cells carry a sign: × for NaN, + and −.
[[nodiscard]] inline std::string cell_path(double x, double y, double size, int kind) {
  double const gap = size >= 12 ? 1 : 0, side = size - gap;
  auto const at = [](double px, double py) { return "M" + coordinate(px) + " " + coordinate(py); };
  auto const step = [](char const* command, double length) { return command + coordinate(length); };
  if (kind == empty_cell) {
    if (size < 8) return {};
    return at(x + side / 2 - 1, y + side / 2 - 1) + "h2v2h-2z";
  }
  std::string const box = at(x, y) + step("h", side) + step("v", side) + step("h", -side) + "z";
  if (kind >= 0) return box;
  double const arm = size / 4, middle_x = x + side / 2, middle_y = y + side / 2;
  std::string const level_stroke = at(middle_x - arm, middle_y) + step("h", 2 * arm);
  if (kind == minus_infinity) return box + level_stroke;
  if (kind == plus_infinity) return box + level_stroke + at(middle_x, middle_y - arm) + step("v", 2 * arm);
  return box + at(middle_x - arm, middle_y - arm) + step("l", 2 * arm) + step(" ", 2 * arm) +
         at(middle_x + arm, middle_y - arm) + step("l", -2 * arm) + step(" ", 2 * arm);
}

/// c0 … c63 for the levels, z for empty cells, x for those that are not finite.
[[nodiscard]] inline std::string cell_class(int kind) {
  return kind >= 0 ? "c" + std::to_string(kind) : kind == empty_cell ? "z" : "x";
}

/// Where the cells begin, how large they are, and whether each says its number when one points at it.
struct CellGrid {
  double left = 0, top = 0, cell = 1;
  bool has_titles = false;
};

[[nodiscard]] inline std::string titled_cells(Heatmap const& picture, Scale const& scale, CellGrid const& grid) {
  std::string svg;
  for (Index i = 0; i < picture.values.rows(); ++i)
    for (Index j = 0; j < picture.values.cols(); ++j) {
      double const value = picture.values(i, j);
      int const kind = cell_kind(value, scale);
      double const x = grid.left + static_cast<double>(j) * grid.cell,
                   y = grid.top + static_cast<double>(i) * grid.cell;
      svg += "<path class=\"" + cell_class(kind) + "\" d=\"" + cell_path(x, y, grid.cell, kind) + "\"><title>" +
             xml_escaped(picture.rows[static_cast<std::size_t>(i)]) + " → " +
             xml_escaped(picture.columns[static_cast<std::size_t>(j)]) + ": " + number_label(value) +
             "</title></path>\n";
    }
  return svg;
}

/// One path a colour: a third of the size, for pictures with many cells.
[[nodiscard]] inline std::string grouped_cells(Heatmap const& picture, Scale const& scale, CellGrid const& grid) {
  std::array<std::string, color_levels - minus_infinity> paths;
  for (Index i = 0; i < picture.values.rows(); ++i)
    for (Index j = 0; j < picture.values.cols(); ++j) {
      int const kind = cell_kind(picture.values(i, j), scale);
      double const x = grid.left + static_cast<double>(j) * grid.cell,
                   y = grid.top + static_cast<double>(i) * grid.cell;
      paths[static_cast<std::size_t>(kind - minus_infinity)] += cell_path(x, y, grid.cell, kind);
    }
  std::string svg;
  for (std::size_t i = 0; i < paths.size(); ++i)
    if (!paths[i].empty())
      svg += "<path class=\"" + cell_class(static_cast<int>(i) + minus_infinity) + "\" d=\"" + paths[i] + "\"/>\n";
  return svg;
}

[[nodiscard]] inline std::string svg_cells(Heatmap const& picture, Scale const& scale, CellGrid const& grid) {
  return grid.has_titles ? titled_cells(picture, scale, grid) : grouped_cells(picture, scale, grid);
}

}  // namespace attend::detail
