#pragma once

#include "reading.hpp"

#include <algorithm>
#include <chrono>
#include <vector>

namespace glimpse_digits {

/// How digits are read that were never trained on, each by itself.
struct Evaluation {
  std::vector<Index> named;             // (n)
  std::vector<Matrix<float>> glimpses;  // (n) of (T, 36): how much each place weighs in each glimpse
  double right = 0;                     // share
  double windows = 0;                   // values that a digit's glimpses are made from, on average
  double pixels = 0;                    // different pixels of a digit that were read, on average
  double microseconds = 0;              // for one digit, the least of several rounds
};

/// A pixel is read when a window with weight covers it.
[[nodiscard]] inline Index pixels_read(Matrix<float> const& glimpses) {
  std::vector<bool> is_read(static_cast<std::size_t>(pixels));
  for (Index place = 0; place < places; ++place) {
    if ((glimpses.col(place).array() == 0).all()) continue;
    Index const corner = place / places_a_side * side + place % places_a_side;
    for (Index r = 0; r < window_side; ++r)
      for (Index c = 0; c < window_side; ++c) is_read[static_cast<std::size_t>(corner + r * side + c)] = true;
  }
  return std::ranges::count(is_read, true);
}

/// `make_look(model, image)` chooses as in use, without draws.
template <class MakeLook>
[[nodiscard]] Evaluation evaluate(Model const& model, Digits const& digits, Index glimpses, MakeLook const& make_look) {
  using Clock = std::chrono::steady_clock;
  auto const n = static_cast<double>(digits.size());
  std::vector<Matrix<float>> images;
  for (Index i = 0; i < digits.size(); ++i) images.push_back(digits.images.row(i));

  Evaluation result;
  for (Matrix<float> const& image : images) {
    auto look = make_look(model, image);
    Index named = 0;
    read(model, look, 1, glimpses).logits.row(0).maxCoeff(&named);
    Matrix<float> weights(glimpses, places);
    for (Index t = 0; t < glimpses; ++t) weights.row(t) = look.weights(static_cast<std::size_t>(t));
    result.right += (named == digits.labels[result.named.size()] ? 1 : 0) / n;
    result.windows += static_cast<double>((weights.array() != 0).count()) / n;
    result.pixels += static_cast<double>(pixels_read(weights)) / n;
    result.named.push_back(named);
    result.glimpses.push_back(std::move(weights));
  }
  for (int round = 0; round < 5; ++round) {
    auto const start = Clock::now();
    for (Matrix<float> const& image : images) {
      auto look = make_look(model, image);
      (void)read(model, look, 1, glimpses);
    }
    double const microseconds = std::chrono::duration<double, std::micro>(Clock::now() - start).count() / n;
    result.microseconds = round == 0 ? microseconds : std::min(result.microseconds, microseconds);
  }
  return result;
}

}  // namespace glimpse_digits
