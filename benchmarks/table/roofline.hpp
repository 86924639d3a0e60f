#pragma once

#include "digits.hpp"
#include "row.hpp"
#include "text.hpp"

#include <attend/core/check.hpp>
#include <attend/visualize/svg.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <utility>
#include <vector>

/// The roofline plot: flops a second over flops a byte, both in powers. No point with data from memory lies above
/// min(peak, intensity · read rate).
///
/// Source   Williams, Waterman, Patterson 2009 (Communications of the ACM 52.4)

namespace table {

/// An instruction set on some threads, its peak, and what is drawn below that.
struct Roof {
  std::string isa;
  int threads = 1;
  double peak = 0, read = 0;         // flops and bytes a second
  std::vector<std::size_t> numbers;  // of rows, from 0

  [[nodiscard]] std::string name() const {
    return isa + ", " + std::to_string(threads) + (threads == 1 ? " thread" : " threads");
  }
  [[nodiscard]] double at(double intensity) const { return std::min(peak, intensity * read); }
};

[[nodiscard]] inline bool is_point(Row const& row) {
  return row.fault.empty() && !row.is_limit() && row.flops > 0 && row.bytes > 0;
}

/// The roofs that have points, in the order of the table; when there are no points, all that were measured.
[[nodiscard]] inline std::vector<Roof> roofs(Results const& results) {
  std::map<std::pair<std::string, int>, double> peaks;
  std::map<int, double> reads;
  for (Row const& row : results.rows) {
    if (!row.fault.empty()) continue;
    if (row.variant == "limits/multiply_adds") peaks[{row.isa, row.threads}] = row.limit;
    if (row.variant == "limits/read") reads[row.threads] = row.limit;
  }
  // A limit is the best of the whole run: others may have been at work while one program measured it.
  for (Row const& row : results.rows)
    if (auto const peak = peaks.find({row.isa, row.threads}); peak != peaks.end() && row.limit_name == "peak")
      peak->second = std::max(peak->second, row.limit);
  attend::check(!peaks.empty() && !reads.empty(),
                "table: the limits of the machine are missing; run the program limits too, and give its file.");
  std::vector<Roof> all;
  for (auto const& [where, peak] : peaks)
    if (auto const read = reads.find(where.second); read != reads.end())
      all.push_back({where.first, where.second, peak, read->second, {}});
  for (std::size_t i = 0; i < results.rows.size(); ++i) {
    Row const& row = results.rows[i];
    if (!is_point(row)) continue;
    auto const roof = std::find_if(all.begin(), all.end(),
                                   [&](Roof const& r) { return r.isa == row.isa && r.threads == row.threads; });
    attend::check(roof != all.end(), "table: ", row.variant, " ran with ", row.isa, " on ", row.threads,
                  " threads, whose limits were not measured.");
    roof->numbers.push_back(i);
  }
  bool const any = std::any_of(all.begin(), all.end(), [](Roof const& roof) { return !roof.numbers.empty(); });
  if (any) std::erase_if(all, [](Roof const& roof) { return roof.numbers.empty(); });
  // The highest first, as a rule: colours then do not depend on what a run measured.
  std::stable_sort(all.begin(), all.end(), [](Roof const& a, Roof const& b) {
    return std::pair(isa_rank(a.isa), -a.threads) < std::pair(isa_rank(b.isa), -b.threads);
  });
  return all;
}

/// From intensity and rate to pixels.
struct Axes {
  double left, top, width, height;      // of the field
  double low_x, high_x, low_y, high_y;  // flops a byte, GFLOP/s

  [[nodiscard]] double x(double intensity) const {
    return left + width * std::log(intensity / low_x) / std::log(high_x / low_x);
  }
  [[nodiscard]] double y(double rate) const {
    return top + height * (1 - std::log(rate / low_y) / std::log(high_y / low_y));
  }
};

struct Box {
  double left, top, right, bottom;

  [[nodiscard]] bool meets(Box const& other) const {
    return left < other.right && other.left < right && top < other.bottom && other.top < bottom;
  }
};

struct Point {
  std::size_t number, roof;  // of the row, and of what it is drawn below
  double x, y;

  [[nodiscard]] Box box() const { return {x - 5, y - 5, x + 5, y + 5}; }
};

[[nodiscard]] inline std::vector<Point> points_of(Results const& results, std::vector<Roof> const& all,
                                                  Axes const& axes) {
  std::vector<Point> points;
  for (std::size_t i = 0; i < all.size(); ++i)
    for (std::size_t const number : all[i].numbers) {
      Row const& row = results.rows[number];
      points.push_back({number, i, axes.x(row.flops / row.bytes), axes.y(row.flops / row.time() * 1e-9)});
    }
  std::sort(points.begin(), points.end(), [](Point const& a, Point const& b) { return a.number < b.number; });
  return points;
}

namespace detail {

using attend::detail::coordinate;
using attend::detail::svg_text;

inline constexpr double small_letter = 10.5, small_width = 0.61 * small_letter;

[[nodiscard]] inline std::string roofline_style() {
  char const* const light[] = {"#bc4c00", "#0969da", "#1a7f37", "#8250df", "#bf3989", "#7d5700"};
  char const* const dark[] = {"#f0883e", "#58a6ff", "#3fb950", "#bc8cff", "#f778ba", "#d29922"};
  auto const rules = [](char const* paper, char const* letters, char const* muted, char const* grid,
                        char const* const(&colors)[6]) {
    std::string style = std::string(".p{fill:") + paper + "}.t{fill:" + letters + "}.m{fill:" + muted +
                        "}.g{stroke:" + grid + ";fill:none}.r{stroke:" + muted + ";fill:none}.h{stroke:" + paper +
                        ";stroke-width:3;paint-order:stroke;stroke-linejoin:round}";
    for (int i = 0; i < 6; ++i) {
      std::string const number = std::to_string(i);
      style += ".f" + number + "{fill:" + colors[i] + "}.s" + number + "{stroke:" + colors[i] + ";fill:none}";
    }
    return style;
  };
  return rules("#fff", "#1f2328", "#59636e", "#e4e8ec", light) + "\n@media(prefers-color-scheme:dark){" +
         rules("#0d1117", "#e6edf3", "#9198a1", "#262c34", dark) + "}";
}

/// A mark of another form for every roof, so that they differ without colours.
[[nodiscard]] inline std::string mark(std::size_t kind, double x, double y) {
  auto const at = [](double px, double py) { return coordinate(px) + " " + coordinate(py); };
  std::string path;
  switch (kind % 4) {
    case 0:
      path = "M" + at(x - 4, y) + "a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z";
      break;
    case 1:
      path = "M" + at(x - 3.6, y - 3.6) + "h7.2v7.2h-7.2z";
      break;
    case 2:
      path = "M" + at(x, y - 4.6) + "l4.6 8h-9.2z";
      break;
    default:
      path = "M" + at(x, y - 5) + "l5 5l-5 5l-5 -5z";
  }
  return "d=\"" + path + "\"";
}

[[nodiscard]] inline std::string line(char const* classes, double x1, double y1, double x2, double y2,
                                      char const* more = "") {
  return std::string("<path class=\"") + classes + "\" d=\"M" + coordinate(x1) + " " + coordinate(y1) + "L" +
         coordinate(x2) + " " + coordinate(y2) + "\"" + more + "/>\n";
}

[[nodiscard]] inline std::string row_label(Row const& row) {
  return three_digits(row.rate() * 1e-9) + " " + row.unit() + ", " + fixed(row.of_limit(), 2) + " of " + row.limit_name;
}

/// The grid, its numbers and what the axes are.
[[nodiscard]] inline std::string grid(Axes const& axes) {
  std::string svg;
  double const bottom = axes.top + axes.height;
  int const first = static_cast<int>(std::ceil(std::log2(axes.low_x) - 1e-9));
  int const last = static_cast<int>(std::floor(std::log2(axes.high_x) + 1e-9));
  int const step = std::max(1, (last - first + 13) / 14);
  for (int power = first; power <= last; power += step) {
    double const x = axes.x(std::exp2(power));
    svg += line("g", x, axes.top, x, bottom);
    std::string const label = power < 0 ? "1/" + std::to_string(1L << -power) : std::to_string(1L << power);
    svg += svg_text(x, bottom + 18, "class=\"m\" text-anchor=\"middle\"", label);
  }
  for (int decade = static_cast<int>(std::floor(std::log10(axes.low_y))); std::pow(10, decade) <= axes.high_y; ++decade)
    for (int const digit : {1, 2, 5}) {
      double const rate = digit * std::pow(10, decade);
      if (rate < axes.low_y * 0.999 || rate > axes.high_y * 1.001) continue;
      double const y = axes.y(rate);
      svg += line("g", axes.left, y, axes.left + axes.width, y);
      svg += svg_text(axes.left - 8, y + 4, "class=\"m\" text-anchor=\"end\"",
                      decade < 0 ? fixed(rate, -decade) : fixed(rate, 0));
    }
  svg += svg_text(axes.left + axes.width / 2, bottom + 38, "class=\"t\" text-anchor=\"middle\"",
                  "useful flops for each byte that is read or written once");
  std::string const middle = coordinate(axes.top + axes.height / 2);
  return svg + "<text class=\"t\" text-anchor=\"middle\" transform=\"translate(18 " + middle +
         ") rotate(-90)\">GFLOP/s</text>\n";
}

/// Slopes, one for each number of threads; above where they meet it, the ceiling of each roof in its colour.
/// `taken` is where marks are; the labels are added.
[[nodiscard]] inline std::string lines_of_roofs(std::vector<Roof> const& all, Axes const& axes,
                                                std::vector<Box>& taken) {
  std::string svg;
  std::map<int, Roof const*> slopes;  // to the highest ceiling
  for (Roof const& roof : all)
    if (auto& highest = slopes[roof.threads]; highest == nullptr || highest->peak < roof.peak) highest = &roof;
  for (auto const& [threads, roof] : slopes) {
    double const from = std::max(axes.low_x, axes.low_y * 1e9 / roof->read);
    double const to = std::min(axes.high_x, roof->peak / roof->read);
    if (from >= to) continue;
    double const x1 = axes.x(from), y1 = axes.y(roof->at(from) * 1e-9);
    double const x2 = axes.x(to), y2 = axes.y(roof->at(to) * 1e-9);
    svg += line("r", x1, y1, x2, y2, " stroke-width=\"1.5\"");
    std::string const place = coordinate(x1 + 0.06 * (x2 - x1)) + " " + coordinate(y1 + 0.06 * (y2 - y1));
    std::string const angle = coordinate(std::atan2(y2 - y1, x2 - x1) * 180 / 3.14159265358979);
    svg += "<text class=\"m h\" font-size=\"11\" transform=\"translate(" + place + ") rotate(" + angle +
           ")\" dy=\"-6\">read " + three_digits(roof->read * 1e-9) + " GB/s, " + std::to_string(threads) +
           (threads == 1 ? " thread" : " threads") + "</text>\n";
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    std::string const color = std::to_string(i % 6);
    double const y = axes.y(all[i].peak * 1e-9), right = axes.left + axes.width;
    double const from = std::clamp(axes.x(all[i].peak / all[i].read), axes.left, right);
    svg += line(("s" + color).c_str(), from, y, right, y, " stroke-width=\"1.5\"");
    // Marks and labels of other ceilings push it to the left.
    std::string const label = all[i].name() + ": " + three_digits(all[i].peak * 1e-9) + " GFLOP/s";
    double const width = static_cast<double>(label.size()) * 11 * 0.61;
    Box box{right - 14 - width, y - 17, right - 6, y - 3};
    auto const is_taken = [&] {
      return std::any_of(taken.begin(), taken.end(), [&](Box const& other) { return other.meets(box); });
    };
    Box const first = box;
    while (is_taken() && box.left > from) box.left -= 12, box.right -= 12;
    if (is_taken()) box = first;
    taken.push_back(box);
    svg += svg_text(box.right, y - 6, "class=\"f" + color + " h\" font-size=\"11\" text-anchor=\"end\"", label);
  }
  return svg;
}

/// Marks with the numbers of their rows. A number stands as near to its mark as others leave room for, else a line
/// leads to it.
[[nodiscard]] inline std::string marks_of(std::vector<Point> const& points, Results const& results,
                                          std::vector<Roof> const& all, Axes const& axes, std::vector<Box>& taken) {
  std::string leaders, marks, numbers;
  Box const field{axes.left, axes.top, axes.left + axes.width, axes.top + axes.height};
  for (Point const& point : points) {
    Row const& row = results.rows[point.number];
    std::string const label = std::to_string(point.number + 1), color = std::to_string(point.roof % 6);
    double const half = static_cast<double>(label.size()) * small_width / 2;
    auto const box_at = [&](double distance, int direction) {
      double const angle = (direction * 2 - 3) * 3.14159265358979 / 16;  // first to the upper right
      double const x = point.x + (distance + half) * std::cos(angle), y = point.y - distance * std::sin(angle);
      return Box{x - half, y - 5.5, x + half, y + 5.5};
    };
    auto const is_free = [&](Box const& box) {
      return box.left >= field.left && box.right <= field.right && box.top >= field.top && box.bottom <= field.bottom &&
             std::none_of(taken.begin(), taken.end(), [&](Box const& other) { return other.meets(box); });
    };
    Box box = box_at(10, 3);
    bool is_placed = false;
    double distance = 10;
    for (; distance < 160 && !is_placed; distance += 4)
      for (int direction = 3; direction < 19 && !is_placed; ++direction)
        if (Box const there = box_at(distance, direction); is_free(there)) box = there, is_placed = true;
    taken.push_back(box);
    double const x = (box.left + box.right) / 2, y = (box.top + box.bottom) / 2;
    if (distance > 22)
      leaders += line(("s" + color).c_str(), point.x, point.y, x, y, " stroke-width=\"0.6\" opacity=\"0.6\"");
    marks += "<path class=\"f" + color + " h\" style=\"stroke-width:1\" " + mark(point.roof, point.x, point.y) +
             "><title>" +
             attend::xml_escaped(label + ": " + row.variant + " " + row.shape + ", " + all[point.roof].name() + ": " +
                                 time_label(row.time()) + ", " + row_label(row)) +
             "</title></path>\n";
    numbers += svg_text(x, y + 3.8, "class=\"t h\" font-size=\"10.5\" text-anchor=\"middle\"", label);
  }
  return leaders + marks + numbers;
}

/// A line of the key: empty, the name of a roof, or what a number means.
struct KeyLine {
  enum Kind { empty, heading, row } kind;
  std::size_t roof = 0, number = 0;
};

[[nodiscard]] inline std::vector<KeyLine> key_lines(std::vector<Roof> const& all) {
  std::vector<KeyLine> lines;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].numbers.empty()) continue;
    if (!lines.empty()) lines.push_back({KeyLine::empty});
    lines.push_back({KeyLine::heading, i});
    for (std::size_t const number : all[i].numbers) lines.push_back({KeyLine::row, i, number});
  }
  return lines;
}

inline constexpr double key_step = 15, key_column = 538;

/// In two columns.
[[nodiscard]] inline std::string key(Results const& results, std::vector<Roof> const& all, double left, double top) {
  auto const lines = key_lines(all);
  std::size_t const rows = (lines.size() + 1) / 2;
  std::string svg;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].kind == KeyLine::empty) continue;
    Roof const& roof = all[lines[i].roof];
    double const x = left + (i < rows ? 0 : key_column), y = top + key_step * static_cast<double>(i % rows);
    std::string const color = "f" + std::to_string(lines[i].roof % 6);
    if (lines[i].kind == KeyLine::heading) {
      svg += "<path class=\"" + color + "\" " + mark(lines[i].roof, x + 16, y - 4) + "/>\n";
      svg += svg_text(x + 28, y, "class=\"" + color + "\" font-size=\"11\" font-weight=\"600\"", roof.name());
      continue;
    }
    Row const& row = results.rows[lines[i].number];
    auto const cell = [&](double right, char const* classes, std::string const& text) {
      svg +=
          svg_text(x + right, y, std::string("class=\"") + classes + "\" font-size=\"10.5\" text-anchor=\"end\"", text);
    };
    cell(22, "m", std::to_string(lines[i].number + 1));
    svg += svg_text(x + 28, y, "class=\"t\" font-size=\"10.5\"",
                    attend::shortened(attend::visible_label(row.variant), 33));
    svg +=
        svg_text(x + 246, y, "class=\"m\" font-size=\"10.5\"", attend::shortened(attend::visible_label(row.shape), 20));
    cell(454, "t", three_digits(row.rate() * 1e-9) + " " + row.unit());
    cell(522, "m", fixed(row.of_limit(), 2) + " " + row.limit_name);
  }
  return svg;
}

}  // namespace detail

[[nodiscard]] inline std::string to_roofline(Results const& results) {
  using detail::coordinate;
  std::vector<Roof> const all = roofs(results);
  Axes axes{68, 64, 1000, 560, 1e30, 0, 1e30, 0};
  for (Roof const& roof : all) {
    double const ridge = roof.peak / roof.read;
    axes.low_x = std::min(axes.low_x, ridge / 4);
    axes.high_x = std::max(axes.high_x, ridge * 8);
    axes.high_y = std::max(axes.high_y, roof.peak * 1e-9);
    axes.low_y = std::min(axes.low_y, roof.peak * 1e-9 / 4);
    for (std::size_t const number : roof.numbers) {
      Row const& row = results.rows[number];
      double const intensity = row.flops / row.bytes, rate = row.flops / row.time() * 1e-9;
      axes.low_x = std::min(axes.low_x, intensity / 1.5);
      axes.high_x = std::max(axes.high_x, intensity * 1.5);
      axes.low_y = std::min(axes.low_y, rate / 1.3);
      axes.high_y = std::max(axes.high_y, rate);
    }
  }
  axes.low_x = std::exp2(std::floor(std::log2(axes.low_x)));
  axes.high_x = std::exp2(std::ceil(std::log2(axes.high_x)));
  axes.high_y *= 1.5;

  double const key_top = axes.top + axes.height + 74;
  double const key_rows = static_cast<double>((detail::key_lines(all).size() + 1) / 2);
  double const width = axes.left + axes.width + 28, height = key_top + detail::key_step * key_rows + 10;
  std::string svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + coordinate(width) + " " +
                    coordinate(height) + "\" width=\"" + coordinate(width) + "\" height=\"" + coordinate(height) +
                    "\" role=\"img\" aria-label=\"Roofline of attend's benchmarks\" "
                    "font-family=\"ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace\" "
                    "font-size=\"12\">\n<style>" +
                    detail::roofline_style() +
                    "</style>\n<rect class=\"p\" width=\"100%\" height=\"100%\" rx=\"8\"/>\n";
  svg += detail::svg_text(16, 26, "class=\"t\" font-size=\"14\" font-weight=\"600\"",
                          "attend under the roofs of this machine");
  svg += detail::svg_text(16, 46, "class=\"m\" font-size=\"11\"", machine_label(results.machine));
  std::vector<Point> const points = points_of(results, all, axes);
  std::vector<Box> taken;
  for (Point const& point : points) taken.push_back(point.box());
  svg += detail::grid(axes) + detail::lines_of_roofs(all, axes, taken);
  svg += detail::marks_of(points, results, all, axes, taken);
  svg += detail::svg_text(axes.left + axes.width, axes.top + axes.height + 38,
                          "class=\"m\" font-size=\"11\" text-anchor=\"end\"", "above a slope: read from a cache");
  return svg + detail::key(results, all, 16, key_top) + "</svg>\n";
}

}  // namespace table
