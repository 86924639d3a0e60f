#pragma once

#include "digits.hpp"
#include "row.hpp"

#include <attend/visualize/display_width.hpp>
#include <attend/visualize/label.hpp>

#include <array>
#include <string>
#include <vector>

namespace table {

/// "over_forward 2.61, MiB 12.0": what else a row measured, the medians.
[[nodiscard]] inline std::string also_label(Row const& row) {
  std::string label;
  for (auto const& [name, values] : row.also)
    label += (label.empty() ? "" : ", ") + name + " " + three_digits(median(values));
  return label;
}

/// The machine in one line.
[[nodiscard]] inline std::string machine_label(Machine const& machine) {
  std::string label;
  auto const add = [&](std::string const& text) { label += (label.empty() || text.empty() ? "" : ", ") + text; };
  add(machine.processor);
  if (machine.cpus > 0) add(std::to_string(machine.cpus) + (machine.cpus == 1 ? " CPU" : " CPUs"));
  add(machine.compiler.empty() ? "" : "compiler " + machine.compiler);
  add(machine.date);
  return attend::visible_label(label);
}

/// The table for people: one line a row, columns aligned, programs apart.
[[nodiscard]] inline std::string to_text(Results const& results) {
  constexpr std::size_t columns = 10;
  using Line = std::array<std::string, columns>;
  std::vector<Line> lines{{"#", "variant", "shape", "isa", "threads", "time", "rate", "of limit", "spread", "also"}};
  std::size_t number = 0;
  for (Row const& row : results.rows) {
    Line line{std::to_string(++number), row.variant, row.shape, row.isa, std::to_string(row.threads)};
    if (row.fault.empty()) {
      line[5] = time_label(row.time());
      line[6] = three_digits(row.rate() * 1e-9) + " " + row.unit();
      line[7] = fixed(row.of_limit(), 2) + " " + row.limit_name;
      line[8] = fixed(100 * row.spread(), row.spread() < 0.0995 ? 1 : 0) + " %";
      line[9] = also_label(row);
    } else {
      line[9] = "no time: " + row.fault;
    }
    for (std::string& cell : line) cell = attend::visible_label(cell);
    lines.push_back(std::move(line));
  }

  std::array<int, columns> widths{};
  for (Line const& line : lines)
    for (std::size_t c = 0; c < columns; ++c) widths[c] = std::max(widths[c], attend::display_width(line[c]));
  std::string text;
  std::string program = results.rows.empty() ? "" : results.rows[0].program;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i > 0 && results.rows[i - 1].program != program) {
      text += "\n";
      program = results.rows[i - 1].program;
    }
    std::string line;
    for (std::size_t c = 0; c < columns; ++c) {
      auto const gap = static_cast<std::size_t>(widths[c] - attend::display_width(lines[i][c]));
      bool const is_text = c == 1 || c == 2 || c == 3 || c == 9;
      line += is_text ? lines[i][c] + std::string(gap, ' ') : std::string(gap, ' ') + lines[i][c];
      line += "  ";
    }
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  text +=
      "\n" + machine_label(results.machine) +
      "\n"
      "shape: batch, heads, heads of keys, queries, keys, features; time: median of the repetitions; spread: the\n"
      "middle half of them, over it. Fractions are of multiply-adds on registers (peak), of a sum over as many bytes\n"
      "(read) or of a loop of nothing but tanh, on as many threads, measured before and after the row.\n";
  if (double const share = results.share_of_core(); share < 0.95)
    text += "Others were at work: rows on one thread had a core for " + fixed(100 * share, 0) +
            " % of their time. These figures say little.\n";
  if (results.machine.has_scaling) text += "The clock of this processor changes by itself: figures wander.\n";
  return text;
}

}  // namespace table
