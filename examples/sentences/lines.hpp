#pragma once

#include <attend/core/types.hpp>
#include <attend/visualize/display_width.hpp>
#include <attend/visualize/label.hpp>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace sentences {

using attend::Index;

struct Line {
  Index number = 0;  // from 1
  std::string_view text;

  [[nodiscard]] bool is_blank() const { return text.find_first_not_of(" \t\r\v\f") == std::string_view::npos; }
};

/// The lines of a text, which must outlive them; no line follows a line feed at the end.
[[nodiscard]] inline std::vector<Line> lines_of(std::string_view text) {
  std::vector<Line> lines;
  while (!text.empty()) {
    std::size_t const end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.push_back({static_cast<Index>(lines.size()) + 1, line});
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

/// A text as far as it fits so many cells of a terminal, with … where it is cut.
[[nodiscard]] inline std::string cut_to(std::string_view text, int width) {
  std::string const whole = attend::visible_label(text);
  if (attend::display_width(whole) <= width) return whole;
  std::string cut;
  int used = 1;
  attend::for_each_code_point(whole, [&](attend::CodePoint, std::string_view bytes) {
    int const cells = attend::display_width(std::string(bytes));
    if (used < 0 || used + cells > width) return void(used = -1);
    used += cells;
    cut += bytes;
  });
  return cut + "…";
}

}  // namespace sentences
