#pragma once

#include "digits.hpp"

#include <attend/core/parameters.hpp>
#include <attend/layer/gru.hpp>
#include <attend/layer/initialize.hpp>
#include <attend/layer/linear.hpp>

#include <cmath>
#include <cstdint>

namespace glimpse_digits {

struct Sizes {
  Index glimpse = 64;  // features of what is seen
  Index key = 16;
  Index state = 64;
};

/// The numbers that are learned, the same ones however a glimpse is chosen:
///
///   query_t = Q s_{t−1}         key_p          where to look next: a key is of a place and knows no pixels
///   value_p = max(0, R window_p + place_p)     what is seen at place p
///   s_t = cell(glimpse_t, s_{t−1})             the glimpse is one value, or the mean of all
///   logits = readout s_T
///
/// Source   Mnih 2014, section 3, with 36 places instead of the plane (arXiv 1406.6247)
struct Model {
  attend::Linear<float> retina;  // R (glimpse, 9), its bias is that of the place
  Matrix<float> place;           // (36, glimpse)
  Matrix<float> key;             // (36, key)
  Vector<float> start;           // s_0 (state)
  attend::Linear<float> query;   // (key, state)
  attend::Gru<float> cell;
  attend::Linear<float> readout;  // (10, state)

  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    attend::each_parameter(self.retina, "retina", function);
    function("place", attend::parameter_span(self.place));
    function("key", attend::parameter_span(self.key));
    function("start", attend::parameter_span(self.start));
    attend::each_parameter(self.query, "query", function);
    attend::each_parameter(self.cell, "cell", function);
    attend::each_parameter(self.readout, "readout", function);
  }

  Model(Sizes const& sizes, std::uint64_t seed)
      : retina(window_pixels, sizes.glimpse, false),
        place(places, sizes.glimpse),
        key(places, sizes.key),
        start(sizes.state),
        query(sizes.state, sizes.key),
        cell(sizes.glimpse, sizes.state),
        readout(sizes.state, 10) {
    attend::initialize_uniform(*this, 1 / std::sqrt(static_cast<double>(sizes.state)), seed);
    attend::initialize_uniform(retina, 1 / std::sqrt(static_cast<double>(window_pixels)), seed + 1);
    // Places that lie close together at first are told apart late.
    attend::detail::fill_uniform(attend::parameter_span(place), 1, seed, 1001);
    attend::detail::fill_uniform(attend::parameter_span(key), 1, seed, 1002);
  }
};

}  // namespace glimpse_digits
