#pragma once

#include "written_digits.hpp"

#include <attend/core/check.hpp>
#include <attend/core/random.hpp>
#include <attend/core/types.hpp>

#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

/// Digits as numbers, and the windows that a glimpse sees of them.

namespace glimpse_digits {

using attend::Index;
using attend::Matrix;
using attend::Vector;

inline constexpr Index side = 8, pixels = side * side;
inline constexpr Index window_side = 3, window_pixels = window_side * window_side;
inline constexpr Index places_a_side = side - window_side + 1, places = places_a_side * places_a_side;

struct Digits {
  Matrix<float> images;       // (n, 64), from 0 (paper) to 1 (ink)
  std::vector<Index> labels;  // (n)

  [[nodiscard]] Index size() const { return images.rows(); }
};

/// Throws   when a digit is not written as a label, a space and 64 pixels from 0 to g
[[nodiscard]] inline Digits read_digits(std::span<std::string_view const> written) {
  static constexpr std::string_view levels = "0123456789abcdefg";
  Digits digits{Matrix<float>(std::ssize(written), pixels), {}};
  for (std::size_t i = 0; i < written.size(); ++i) {
    std::string_view const text = written[i];
    bool is_right = text.size() == pixels + 2 && text[0] >= '0' && text[0] <= '9' && text[1] == ' ';
    for (std::size_t p = 0; is_right && p < pixels; ++p) {
      std::size_t const level = levels.find(text[p + 2]);
      is_right = level != std::string_view::npos;
      digits.images(static_cast<Index>(i), static_cast<Index>(p)) = static_cast<float>(level) / 16;
    }
    attend::check(is_right, "digit ", i, " is \"", text, "\"; it must be a label, a space and 64 pixels from 0 to g.");
    digits.labels.push_back(text[0] - '0');
  }
  return digits;
}

/// The digits at these places.
[[nodiscard]] inline Digits chosen(Digits const& digits, std::span<Index const> numbers) {
  Digits part{Matrix<float>(std::ssize(numbers), pixels), {}};
  for (Index i = 0; i < part.size(); ++i) {
    Index const number = numbers[static_cast<std::size_t>(i)];
    part.images.row(i) = digits.images.row(number);
    part.labels.push_back(digits.labels[static_cast<std::size_t>(number)]);
  }
  return part;
}

struct Split {
  Digits trained, held_out;
};
/// Every fourth digit is never trained on. The data do not say who wrote what, so a hand may be in both parts.
[[nodiscard]] inline Split split(Digits const& digits) {
  std::vector<Index> trained, held_out;
  for (Index i = 0; i < digits.size(); ++i) (i % 4 == 3 ? held_out : trained).push_back(i);
  return {chosen(digits, trained), chosen(digits, held_out)};
}

/// The numbers 0 … count − 1 in a random order, another one for each round.
[[nodiscard]] inline std::vector<Index> shuffled(Index count, std::uint64_t seed, Index round) {
  attend::RandomStream const stream = attend::random_stream(seed, round, 0, 0);
  std::vector<Index> numbers(static_cast<std::size_t>(count));
  for (Index i = 0; i < count; ++i) {  // Fisher and Yates, inside out
    auto const j = static_cast<Index>(attend::uniform(stream, i) * static_cast<double>(i + 1));
    numbers[static_cast<std::size_t>(i)] = numbers[static_cast<std::size_t>(j)];
    numbers[static_cast<std::size_t>(j)] = i;
  }
  return numbers;
}

/// The window at a place: window row by row, places in the order of reading.
///
/// Shapes   image (64) → (9)
template <class Image, class Window>
void look_at(Eigen::MatrixBase<Image> const& image, Index place, Eigen::MatrixBase<Window>&& window) {
  Index const top = place / places_a_side, left = place % places_a_side;
  for (Index r = 0; r < window_side; ++r)
    for (Index c = 0; c < window_side; ++c) window(r * window_side + c) = image((top + r) * side + left + c);
}

/// The windows at one place an image.
///
/// Shapes   images (b, 64), b places → (b, 9)
[[nodiscard]] inline Matrix<float> windows_at(Matrix<float> const& images, Matrix<Index> const& place) {
  Matrix<float> windows(images.rows(), window_pixels);
  for (Index i = 0; i < images.rows(); ++i) look_at(images.row(i), place(i, 0), windows.row(i));
  return windows;
}

/// The windows at all places.
///
/// Shapes   images (b, 64) → (b·36, 9)
[[nodiscard]] inline Matrix<float> windows_everywhere(Matrix<float> const& images) {
  Matrix<float> windows(images.rows() * places, window_pixels);
  for (Index i = 0; i < images.rows(); ++i)
    for (Index place = 0; place < places; ++place) look_at(images.row(i), place, windows.row(i * places + place));
  return windows;
}

}  // namespace glimpse_digits
