#pragma once

#include <attend/visualize/display_width.hpp>
#include <attend/visualize/heatmap.hpp>
#include <attend/visualize/scale.hpp>
#include <attend/visualize/terminal_style.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace attend {

struct TerminalOptions {
  Index most_rows = 48;             // a taller picture is shrunk; its width is the terminal's
  int longest_label = 16;           // cells; longer labels end in …
  std::optional<Scale> scale = {};  // that of the weights when not given
};

namespace detail {

[[nodiscard]] inline int widest(std::vector<std::string> const& labels) {
  int width = 0;
  for (std::string const& label : labels) width = std::max(width, display_width(label));
  return width;
}

[[nodiscard]] inline std::string spaces(int count) {
  return std::string(static_cast<std::size_t>(std::max(count, 0)), ' ');
}

/// The text in the middle of `width` cells; the odd space goes before it.
[[nodiscard]] inline std::string centered(std::string const& text, int width) {
  int const room = width - display_width(text);
  return spaces(room - room / 2) + text + spaces(room / 2);
}

/// Where things are: labels on the left, then cells of `cell` columns each.
struct TerminalLayout {
  int label = 0;
  int cell = 1;
  bool stands_upright = false;  // column labels run downwards, one letter a line
  bool has_numbers = false;     // percentages in the cells

  [[nodiscard]] static TerminalLayout of(Heatmap const& picture, TerminalStyle const& style,
                                         TerminalOptions const& options) {
    TerminalLayout layout;
    layout.label = std::min({widest(picture.rows), options.longest_label, style.width / 3});
    Index const room = style.width - layout.label - 1, m = std::max<Index>(picture.values.cols(), 1);
    int const wide = std::max(widest(picture.columns), 3) + 1;
    layout.stands_upright = wide > options.longest_label + 1 || wide * m > room;
    layout.cell = layout.stands_upright ? static_cast<int>(std::clamp<Index>(room / m, 1, 4)) : wide;
    Extremes const extremes = Extremes::of(picture.values);
    layout.has_numbers =
        layout.cell >= (style.ink >= Ink::colors256 ? 3 : 5) && extremes.smallest >= 0 && extremes.largest <= 1;
    return layout;
  }
};

}  // namespace detail

}  // namespace attend
