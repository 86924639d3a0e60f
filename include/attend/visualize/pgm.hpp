#pragma once

#include <attend/visualize/heatmap.hpp>
#include <attend/visualize/scale.hpp>

#include <cmath>
#include <optional>
#include <string>

namespace attend {

struct PgmOptions {
  Index cell = 1;                   // pixels of a cell, in both directions
  std::optional<Scale> scale = {};  // that of the weights when not given
};

/// A grey picture (binary PGM, "P5", 255 greys) that every image tool reads: white is the most weight, black is none.
///
/// A PGM has no colours and no room for labels, so the title becomes a comment and NaN is drawn black; +∞ is white.
///
/// Throws   when there is no cell (the format has no empty pictures) or the size of a cell is not positive
[[nodiscard]] inline std::string to_pgm(Heatmap const& picture, PgmOptions const& options = {}) {
  Index const n = picture.values.rows(), m = picture.values.cols();
  check(n > 0 && m > 0, "to_pgm: a PGM picture has at least one pixel, but the weights are ", n, " × ", m, ".");
  check(options.cell > 0, "to_pgm: a cell of ", options.cell, " pixels; it must be at least 1.");
  Scale const scale = options.scale.value_or(Scale::of(picture.values));
  std::string comment = picture.title;
  for (char& c : comment)
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  std::string image = "P5\n" + (comment.empty() ? "" : "# " + comment + "\n") + std::to_string(m * options.cell) + " " +
                      std::to_string(n * options.cell) + "\n255\n";
  for (Index i = 0; i < n; ++i) {
    std::string line;
    for (double const value : picture.values.row(i)) {
      double const position = std::isnan(value) ? 0 : std::isinf(value) ? (value > 0 ? 1 : 0) : scale.position(value);
      line.append(static_cast<std::size_t>(options.cell),
                  static_cast<char>(static_cast<unsigned char>(std::lround(255 * position))));
    }
    for (Index copy = 0; copy < options.cell; ++copy) image += line;
  }
  return image;
}

}  // namespace attend
