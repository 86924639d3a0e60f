#pragma once

#include <attend/core/parameters.hpp>

#include <string_view>
#include <type_traits>
#include <vector>

namespace train {

/// All parameters of a learned object, in the order of each_parameter.
template <attend::Learned Object>
[[nodiscard]] std::vector<double> numbers_of(Object const& object) {
  std::vector<double> numbers;
  attend::each_parameter(
      object, [&](std::string_view, auto group) { numbers.insert(numbers.end(), group.begin(), group.end()); });
  return numbers;
}

/// Replaces each parameter by change(parameter, its place).
template <attend::Learned Object, class Change>
void change_numbers(Object& object, Change const& change) {
  std::size_t place = 0;
  attend::each_parameter(object, [&](std::string_view, auto group) {
    for (auto& number : group)
      number = static_cast<std::remove_cvref_t<decltype(number)>>(change(static_cast<double>(number), place++));
  });
}

}  // namespace train
