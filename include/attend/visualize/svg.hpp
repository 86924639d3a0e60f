#pragma once

#include <attend/visualize/display_width.hpp>
#include <attend/visualize/escape.hpp>
#include <attend/visualize/shrink.hpp>
#include <attend/visualize/svg_style.hpp>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

namespace attend {

struct SvgOptions {
  double cell = 0;                  // pixels; 0: by the number of cells, 3 to 26
  Index most_cells = 256;           // rows and columns; larger pictures are shrunk
  int longest_label = 24;           // letters; longer labels end in …
  bool has_titles = true;           // each cell says its number when one points at it (up to 4096 cells)
  bool has_style = true;            // false: the page around it brings the style
  std::optional<Scale> scale = {};  // that of the weights when not given
};

namespace detail {

inline constexpr double letter_size = 12, letter_width = 0.61 * letter_size;

struct SvgLayout {
  double cell, left, top, right, bottom;  // left, top, …: pixels around the cells
  Index row_step, column_step;            // every how many rows and columns have a label
  double width, height;

  [[nodiscard]] static SvgLayout of(Heatmap const& picture, int legend, SvgOptions const& options) {
    auto const longest = [](std::vector<std::string> const& labels) {
      int letters = 0;
      for (std::string const& label : labels) letters = std::max(letters, display_width(label));
      return letters * letter_width;
    };
    auto const n = static_cast<double>(picture.values.rows()), m = static_cast<double>(picture.values.cols());
    SvgLayout layout{};
    layout.cell = options.cell > 0 ? options.cell : std::clamp(std::floor(620 / std::max({n, m, 1.0})), 3.0, 26.0);
    auto const step = [&](double pixels) {
      return std::max<Index>(1, static_cast<Index>(std::ceil(pixels / layout.cell)));
    };
    layout.row_step = step(letter_size + 1);
    layout.column_step = step(letter_size * std::sqrt(2.0));
    double const slanted = longest(picture.columns) * std::sqrt(0.5);
    layout.left = std::ceil(longest(picture.rows) + 24);
    layout.top = std::ceil(slanted) + 26 + (picture.title.empty() ? 0 : 24);
    layout.right = std::max(24.0, slanted + 20 - layout.cell / 2);
    layout.bottom = 54 + (picture.note.empty() ? 0 : 18);
    double const words =
        std::max({display_width(picture.title) * 1.2, display_width(picture.note) * 1.0, legend + 16.0});
    layout.width = std::ceil(std::max(layout.left + m * layout.cell + layout.right, words * letter_width + 32));
    layout.height = std::ceil(layout.top + n * layout.cell + layout.bottom);
    return layout;
  }
};

[[nodiscard]] inline std::string svg_text(double x, double y, std::string_view attributes, std::string_view text) {
  return "<text x=\"" + coordinate(x) + "\" y=\"" + coordinate(y) + "\" " + std::string(attributes) + ">" +
         xml_escaped(text) + "</text>\n";
}

[[nodiscard]] inline std::string svg_labels(Heatmap const& picture, SvgLayout const& layout) {
  std::string svg;
  for (Index i = 0; i < picture.values.rows(); i += layout.row_step)
    svg += svg_text(layout.left - 8, layout.top + (static_cast<double>(i) + 0.5) * layout.cell + 4,
                    "class=\"t\" text-anchor=\"end\"", picture.rows[static_cast<std::size_t>(i)]);
  for (Index j = 0; j < picture.values.cols(); j += layout.column_step) {
    double const x = layout.left + (static_cast<double>(j) + 0.5) * layout.cell + 3, y = layout.top - 7;
    svg += svg_text(x, y, "class=\"t\" transform=\"rotate(-45 " + coordinate(x) + " " + coordinate(y) + ")\"",
                    picture.columns[static_cast<std::size_t>(j)]);
  }
  return svg;
}

[[nodiscard]] inline std::string legend_words(Heatmap const& picture, Scale const& scale) {
  Extremes const extremes = Extremes::of(picture.values);
  std::string words = number_label(scale.high) + "   rows look at columns";
  if (extremes.any && (extremes.smallest != scale.low || extremes.largest != scale.high))
    words += "   min " + number_label(extremes.smallest) + ", max " + number_label(extremes.largest);
  return extremes.all_finite ? words : words + "   red: not finite";
}

[[nodiscard]] inline std::string svg_legend(Heatmap const& picture, Scale const& scale, SvgLayout const& layout) {
  double const y = layout.height - layout.bottom + 24;
  std::string const low = number_label(scale.low);
  double x = std::ceil(22 + display_width(low) * letter_width);
  std::string svg = svg_text(16, y + 10, "class=\"m\"", low) + "<g shape-rendering=\"crispEdges\">";
  for (int level = 0; level < color_levels; level += 2, x += 3)
    svg += "<path class=\"" + cell_class(level) + "\" d=\"M" + coordinate(x) + " " + coordinate(y) + "h3v12h-3z\"/>";
  svg += "</g>\n" + svg_text(x + 6, y + 10, "class=\"m\" xml:space=\"preserve\"", legend_words(picture, scale));
  return picture.note.empty() ? svg : svg + svg_text(16, y + 30, "class=\"m\"", picture.note);
}

}  // namespace detail

/// The heatmap as one self-contained SVG file: no scripts, no network, light or dark like the reader's system.
///
/// Rows look at columns; exact zeros are empty cells with a dot; pointing at a cell tells its labels and its weight.
///
/// Edge     no rows or columns: the labels that there are and no cells; NaN (×) and infinities (+, −) are red
[[nodiscard]] inline std::string to_svg(Heatmap const& picture, SvgOptions const& options = {}) {
  Heatmap shown = shrunk(picture, options.most_cells, options.most_cells);
  for (std::string& label : shown.rows) label = shortened(visible_label(label), options.longest_label);
  for (std::string& label : shown.columns) label = shortened(visible_label(label), options.longest_label);
  Index const n = shown.values.rows(), m = shown.values.cols();
  if (n == 0 || m == 0)
    shown.note = "Nothing to show: " + std::to_string(n) + " rows, " + std::to_string(m) + " columns.";
  Scale const scale = options.scale.value_or(Scale::of(picture.values));
  auto const layout = detail::SvgLayout::of(shown, display_width(detail::legend_words(shown, scale)), options);
  auto const size = [](double value) { return detail::coordinate(value); };
  std::string const name = shown.title.empty() ? "Attention weights" : xml_escaped(shown.title);
  std::string svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + size(layout.width) + " " +
                    size(layout.height) + "\" width=\"" + size(layout.width) + "\" height=\"" + size(layout.height) +
                    "\" role=\"img\" aria-label=\"" + name + ": " + std::to_string(n) + " queries, " +
                    std::to_string(m) +
                    " keys\" font-family=\"ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace\" "
                    "font-size=\"12\">\n";
  if (options.has_style) svg += "<style>" + detail::svg_style() + "</style>\n";
  svg += "<rect class=\"p\" width=\"100%\" height=\"100%\" rx=\"8\"/>\n";
  if (!shown.title.empty())
    svg += detail::svg_text(16, 28, "class=\"t\" font-size=\"14\" font-weight=\"600\"", shown.title);
  svg += detail::svg_labels(shown, layout);
  svg += layout.cell < 12 ? "<g shape-rendering=\"crispEdges\">\n" : "<g>\n";
  bool const has_titles = options.has_titles && n * m <= 4096;
  svg += detail::svg_cells(shown, scale, {layout.left, layout.top, layout.cell, has_titles}) + "</g>\n";
  // Where the cells are, for a page that answers a pointer itself.
  if (!has_titles)
    svg += "<rect class=\"cells\" fill=\"none\" pointer-events=\"all\" x=\"" + size(layout.left) + "\" y=\"" +
           size(layout.top) + "\" width=\"" + size(static_cast<double>(m) * layout.cell) + "\" height=\"" +
           size(static_cast<double>(n) * layout.cell) + "\"/>\n";
  return svg + detail::svg_legend(shown, scale, layout) + "</svg>\n";
}

}  // namespace attend
