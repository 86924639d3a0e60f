#pragma once

#include <attend/core/parameters.hpp>

/// Two groups of parameters, of which one is a single number.
struct Model {
  attend::Vector<double> weight = attend::Vector<double>::Zero(2);
  float offset = 0;

  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    function("weight", attend::parameter_span(self.weight));
    function("offset", attend::parameter_span(self.offset));
  }
};
