#pragma once

#include <attend/visualize/label.hpp>
#include <attend/visualize/shrink.hpp>
#include <attend/visualize/terminal_cell.hpp>
#include <attend/visualize/terminal_layout.hpp>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

namespace attend {

namespace detail {

[[nodiscard]] inline std::string column_header(Heatmap const& picture, TerminalLayout const& layout, int longest) {
  std::string const margin = spaces(layout.label + 1);
  std::string header = margin;
  if (!layout.stands_upright) {
    for (std::string const& column : picture.columns) header += centered(column, layout.cell);
    return header + "\n";
  }
  std::vector<std::vector<std::string>> letters;
  std::size_t height = 0;
  for (std::string const& column : picture.columns) {
    letters.push_back(drawn_characters(shortened(column, longest)));
    height = std::max(height, letters.back().size());
  }
  header.clear();
  for (std::size_t line = 0; line < height; ++line) {
    header += margin;
    for (auto const& column : letters) {
      std::size_t const begins = height - column.size();
      std::string const letter = line < begins ? " " : column[line - begins];
      // Two cells of a wide letter do not fit in a cell of one.
      header += display_width(letter) > layout.cell ? "?" : centered(letter, layout.cell);
    }
    header += "\n";
  }
  return header;
}

[[nodiscard]] inline std::string terminal_cell(double value, Scale const& scale, TerminalLayout const& layout,
                                               TerminalStyle style) {
  bool const has_colors = style.ink >= Ink::colors256;
  if (!std::isfinite(value)) {
    std::string const sign = std::isnan(value) ? "?" : value > 0 ? "+" : "-";
    std::string const text = centered(std::isnan(value) || layout.cell < 4 ? sign : sign + "inf", layout.cell);
    return has_colors ? in_color({190, 20, 60}, text, style.ink) : text;
  }
  if (scale.leaves_empty(value)) return centered(style.ink == Ink::ascii ? " " : "·", layout.cell);
  double const position = scale.position(value);
  std::string number;
  if (layout.has_numbers) number = std::to_string(std::lround(100 * value));
  if (has_colors)
    return in_color(color_at(position, style.is_light ? Paper::light : Paper::dark), centered(number, layout.cell),
                    style.ink);
  int const tail = layout.has_numbers ? 3 : 0;
  return repeated(shade(position, style.ink), layout.cell - tail) + spaces(tail - display_width(number)) + number;
}

[[nodiscard]] inline std::string terminal_legend(Heatmap const& picture, Scale const& scale,
                                                 TerminalLayout const& layout, TerminalStyle const& style) {
  Extremes const extremes = Extremes::of(picture.values);
  std::string bar;
  for (int i = 0; i < 8; ++i) {
    TerminalLayout const plain{0, 2, false, false};
    bar += terminal_cell(scale.low + (scale.high - scale.low) * (i + 0.5) / 8, {scale.low, scale.high}, plain, style);
  }
  std::string legend = number_label(scale.low) + " " + bar + " " + number_label(scale.high);
  if (extremes.any) legend += "   min " + number_label(extremes.smallest) + ", max " + number_label(extremes.largest);
  if (layout.has_numbers) legend += "   in percent";
  if (scale.low >= 0 && (picture.values.array() == 0).any())
    legend += style.ink == Ink::ascii ? "   blank: 0" : "   ·: exactly 0";
  if (!extremes.all_finite) legend += "   ?, +, -: not finite";
  return legend + "\n";
}

}  // namespace detail

/// The heatmap as lines of text: one line a row, the strongest cells furthest from the background, a legend below.
///
/// Column labels stand upright where they do not fit side by side; a picture that is still too wide is shrunk and
/// says so.
///
/// Edge     no rows or columns: a sentence; NaN and infinities are red (or ?, +, -); exact zeros are dots
[[nodiscard]] inline std::string to_terminal(Heatmap const& picture, TerminalStyle const& style = terminal_style(),
                                             TerminalOptions const& options = {}) {
  Index const n = picture.values.rows(), m = picture.values.cols();
  std::string text = picture.title.empty() ? "" : detail::emphasized(visible_label(picture.title), style.ink) + "\n";
  if (n == 0 || m == 0)
    return text + "(nothing to show: " + std::to_string(n) + " rows, " + std::to_string(m) + " columns)\n";
  std::vector<std::string> names;
  for (std::string const& label : picture.rows) names.push_back(visible_label(label));
  int const labels = std::min({detail::widest(names) + 1, options.longest_label, style.width / 3});
  Heatmap shown = shrunk(picture, options.most_rows, style.width - labels - 1);
  for (std::string& label : shown.rows) label = shortened(visible_label(label), labels);
  for (std::string& label : shown.columns) label = shortened(visible_label(label), options.longest_label);
  Scale const scale = options.scale.value_or(Scale::of(picture.values));
  auto const layout = detail::TerminalLayout::of(shown, style, options);
  text += detail::column_header(shown, layout, options.longest_label);
  for (Index i = 0; i < shown.values.rows(); ++i) {
    std::string const& label = shown.rows[static_cast<std::size_t>(i)];
    text += detail::spaces(layout.label - display_width(label)) + label + " ";
    for (double const value : shown.values.row(i)) text += detail::terminal_cell(value, scale, layout, style);
    text += "\n";
  }
  text += "\n" + detail::terminal_legend(shown, scale, layout, style);
  return shown.note.empty() ? text : text + visible_label(shown.note) + "\n";
}

}  // namespace attend
