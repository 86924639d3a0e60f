#pragma once

#include <attend/visualize/escape.hpp>
#include <attend/visualize/heatmap.hpp>

#include <charconv>
#include <cmath>
#include <limits>
#include <string>

namespace attend {
namespace detail {

/// The shortest digits that read back as the same number; one that a float can hold is written as a float.
[[nodiscard]] inline std::string exact_digits(double value) {
  if (std::isnan(value)) return "nan";
  char digits[32];
  bool const fits = std::isinf(value) || std::abs(value) <= static_cast<double>(std::numeric_limits<float>::max());
  float const narrow = fits ? static_cast<float>(value) : 0.f;
  bool const is_float = static_cast<double>(narrow) == value;
  auto const end = is_float ? std::to_chars(digits, digits + sizeof digits, narrow)
                            : std::to_chars(digits, digits + sizeof digits, value);
  return {digits, end.ptr};
}

}  // namespace detail

/// The numbers as comma-separated values: the first line names the columns, the first field of a line names its row.
///
/// Nothing is lost: weights read back to the same bits in the precision that they had (nan, inf, -inf where not
/// finite), labels are written byte for byte. A spreadsheet takes a label like `=1+1` for a formula; import such a
/// file as text.
///
/// Source   RFC 4180, with \n for line ends
[[nodiscard]] inline std::string to_csv(Heatmap const& picture) {
  std::string text;
  for (std::string const& column : picture.columns) text += "," + csv_field(column);
  text += "\n";
  for (Index i = 0; i < picture.values.rows(); ++i) {
    text += csv_field(picture.rows[static_cast<std::size_t>(i)]);
    for (double const value : picture.values.row(i)) text += "," + detail::exact_digits(value);
    text += "\n";
  }
  return text;
}

}  // namespace attend
