#pragma once

#include <attend/visualize/svg_cells.hpp>

#include <string>

namespace attend::detail {

/// The style rules of the classes that cells and letters use, for one kind of paper.
///
///   p paper   t letters   m muted letters   z dots of empty cells   x not finite   c0 … c63 colours
[[nodiscard]] inline std::string svg_colors(Paper paper) {
  bool const is_dark = paper == Paper::dark;
  std::string rules = is_dark ? ".p{fill:#0d1117}.t{fill:#e6edf3}.m{fill:#9198a1}.z{fill:#4a525c}"
                                ".x{fill:#b62324;stroke:#fff}"
                              : ".p{fill:#fff}.t{fill:#1f2328}.m{fill:#59636e}.z{fill:#c3cad1}"
                                ".x{fill:#cf222e;stroke:#fff}";
  for (int level = 0; level < color_levels; ++level)
    rules += "." + cell_class(level) + "{fill:" + hex(level_color(level, paper)) + "}";
  return rules;
}

/// Light unless the reader's system is dark.
[[nodiscard]] inline std::string svg_style() {
  return svg_colors(Paper::light) + "\n@media(prefers-color-scheme:dark){" + svg_colors(Paper::dark) + "}";
}

}  // namespace attend::detail
