#pragma once

#include "evaluation.hpp"

#include <attend/visualize/color_map.hpp>
#include <attend/visualize/escape.hpp>

#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

/// Digits and the glimpses that were had of them, as one SVG file.

namespace glimpse_digits {

inline constexpr Index cell = 12, panel = side * cell, gap = 14;

[[nodiscard]] inline std::string box(Index x, Index y, Index width) {
  char path[80];
  std::snprintf(path, sizeof path, "M%td %tdh%tdv%tdh-%tdz", x, y, width, width, width);
  return path;
}

/// The pixels of an image as one path a shade.
[[nodiscard]] inline std::string pixels_svg(Matrix<float> const& image, Index left, Index top) {
  std::array<std::string, 17> shades;
  for (Index p = 0; p < pixels; ++p)
    shades[static_cast<std::size_t>(std::lround(image(0, p) * 16))] +=
        box(left + p % side * cell, top + p / side * cell, cell);
  std::string svg;
  for (std::size_t shade = 0; shade < shades.size(); ++shade) {
    // Pale ink, on which frames stand out.
    auto const grey = static_cast<std::uint8_t>(255 - 9 * shade);
    if (!shades[shade].empty())
      svg += "<path fill=\"" + attend::hex({grey, grey, grey}) + "\" d=\"" + shades[shade] + "\"/>";
  }
  return svg + "<path fill=\"none\" stroke=\"#8c959f\" d=\"" + box(left, top, panel) + "\"/>\n";
}

[[nodiscard]] inline std::string words_svg(Index x, Index y, std::string const& attributes, std::string const& words) {
  return "<text x=\"" + std::to_string(x) + "\" y=\"" + std::to_string(y) + "\" " + attributes + ">" +
         attend::xml_escaped(words) + "</text>\n";
}

/// Frames around the windows at `picks`, each with its number. Frames at one place stand inside each other, with their
/// numbers side by side, so that all are seen.
[[nodiscard]] inline std::string frames_svg(std::vector<Index> const& picks, Index left, Index top) {
  static constexpr char const* colors[] = {"#0550ae", "#bc4c00", "#116329", "#8250df"};
  Index const width = window_side * cell, tag = width / 4;
  std::string frames, tags;
  for (std::size_t t = 0; t < picks.size(); ++t) {
    Index const turn = static_cast<Index>(t) % 4, inset = 2 * turn;
    Index const x = left + picks[t] % places_a_side * cell, y = top + picks[t] / places_a_side * cell;
    std::string const color = colors[turn];
    frames += "<path fill=\"none\" stroke-width=\"2\" stroke=\"" + color + "\" d=\"" +
              box(x + inset, y + inset, width - 2 * inset) + "\"/>";
    tags += "<path fill=\"" + color + "\" d=\"" + box(x + turn * tag, y, tag) + "\"/>" +
            words_svg(x + turn * tag + 2, y + 8, "font-size=\"8\" font-weight=\"700\" fill=\"#fff\"",
                      std::to_string(t + 1));
  }
  return frames + "\n" + tags;
}

/// How much a glimpse sees of each pixel: the weights of the windows that cover it.
[[nodiscard]] inline std::string tint_svg(Matrix<float> const& weights, Index left, Index top) {
  Matrix<float> cover = Matrix<float>::Zero(side, side);
  for (Index place = 0; place < places; ++place)
    cover.block(place / places_a_side, place % places_a_side, window_side, window_side).array() += weights(0, place);
  std::string svg;
  for (Index p = 0; p < pixels; ++p) {
    float const share = cover(p / side, p % side);
    if (share < 0.02f) continue;
    char fill[60];
    std::snprintf(fill, sizeof fill, "<path fill=\"#d9480f\" fill-opacity=\"%.2f\" d=\"",
                  0.75 * static_cast<double>(share));
    svg += fill + box(left + p % side * cell, top + p / side * cell, cell) + "\"/>";
  }
  return svg;
}

/// A row for each digit in `rows`: the frames of the picks, then one panel for each soft glimpse. `hard`, `soft`: null
/// where there is none.
[[nodiscard]] inline std::string glimpses_svg(Digits const& digits, std::vector<Index> const& rows,
                                              Evaluation const* hard, Evaluation const* soft, Index glimpses) {
  Index const panels = (hard ? 1 : 0) + (soft ? glimpses : 0), head = 44, label = 18;
  Index const width = gap + panels * (panel + gap), row_height = panel + label + gap;
  auto const height = head + std::ssize(rows) * row_height;
  std::string svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + std::to_string(width) + " " +
                    std::to_string(height) + "\" width=\"" + std::to_string(width) + "\" height=\"" +
                    std::to_string(height) +
                    "\" role=\"img\" aria-label=\"Glimpses of digits\" font-family=\"sans-serif\" font-size=\"12\">\n"
                    "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n";
  Index left = gap;
  if (hard) svg += words_svg(left, 28, "", "picks, in order");
  if (hard) left += panel + gap;
  for (Index t = 0; soft && t < glimpses; ++t)
    svg += words_svg(left + t * (panel + gap), 28, "", "soft, " + std::to_string(t + 1));
  for (std::size_t r = 0; r < rows.size(); ++r) {
    auto const number = static_cast<std::size_t>(rows[r]);
    Index const top = head + static_cast<Index>(r) * row_height;
    Matrix<float> const image = digits.images.row(rows[r]);
    left = gap;
    auto const named = [&](Evaluation const& evaluation) {
      bool const is_right = evaluation.named[number] == digits.labels[number];
      return words_svg(left, top + panel + 14, is_right ? "" : "fill=\"#cf222e\"",
                       "read as " + std::to_string(evaluation.named[number]) +
                           (is_right ? "" : ", it is " + std::to_string(digits.labels[number])));
    };
    if (hard) {
      svg += pixels_svg(image, left, top) + named(*hard);
      std::vector<Index> picks(static_cast<std::size_t>(glimpses));
      for (Index t = 0; t < glimpses; ++t) hard->glimpses[number].row(t).maxCoeff(&picks[static_cast<std::size_t>(t)]);
      svg += frames_svg(picks, left, top);
      left += panel + gap;
    }
    if (soft) svg += named(*soft);
    for (Index t = 0; soft && t < glimpses; ++t, left += panel + gap)
      svg += pixels_svg(image, left, top) + tint_svg(soft->glimpses[number].row(t), left, top) + "\n";
  }
  return svg + "</svg>\n";
}

}  // namespace glimpse_digits
