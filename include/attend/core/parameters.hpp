#pragma once

#include <attend/core/types.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

/// What learns: scores, normalisers and layers with numbers that training changes.
///
/// Such a class names them once, in a static member that serves it constant or not,
///
///   template <class Self, class Function>
///   static void each_parameter(Self& self, Function&& function) {
///     function("weight", parameter_span(self.weight));
///   }
///
/// and its gradient is an object of the same class whose numbers are derivatives. So optimisers, gradient checks and
/// readers of files walk over any of them without knowing it.

namespace attend {

namespace detail {

struct probe_parameter {
  template <class Number>
  void operator()(std::string_view, std::span<Number>) const {}
};

}  // namespace detail

template <class Type>
concept Learned = requires(std::remove_cvref_t<Type>& object) {
  std::remove_cvref_t<Type>::each_parameter(object, detail::probe_parameter{});
};

/// The numbers of one group in the order of memory, and their shape: what files are compared with.
template <class Number>
class ParameterSpan : public std::span<Number> {
 public:
  /// A row-major matrix.
  ParameterSpan(Number* data, Index rows, Index columns)
      : std::span<Number>(data, static_cast<std::size_t>(rows * columns)), rows_(rows), columns_(columns) {}
  /// A vector.
  ParameterSpan(Number* data, Index size)
      : std::span<Number>(data, static_cast<std::size_t>(size)), rows_(size), is_vector_(true) {}

  /// (rows, columns), or (size) of a vector
  [[nodiscard]] std::vector<Index> shape() const {
    if (is_vector_) return {rows_};
    return {rows_, columns_};
  }

 private:
  Index rows_, columns_ = 1;
  bool is_vector_ = false;
};

namespace detail {

template <class Number, class Derived>
[[nodiscard]] auto span_of(Number* data, Eigen::PlainObjectBase<Derived> const& matrix) {
  if constexpr (Derived::IsVectorAtCompileTime)
    return ParameterSpan<Number>(data, matrix.size());
  else if constexpr (Derived::IsRowMajor)
    return ParameterSpan<Number>(data, matrix.rows(), matrix.cols());
  else  // not the order of files: its shape would promise more than it holds
    return std::span<Number>(data, static_cast<std::size_t>(matrix.size()));
}

}  // namespace detail

/// The numbers of a matrix or vector, in the order of memory.
template <class Derived>
[[nodiscard]] auto parameter_span(Eigen::PlainObjectBase<Derived>& matrix) {
  return detail::span_of(matrix.data(), matrix);
}
template <class Derived>
[[nodiscard]] auto parameter_span(Eigen::PlainObjectBase<Derived> const& matrix) {
  return detail::span_of(matrix.data(), matrix);
}
/// One number.
template <class Number>
  requires std::is_arithmetic_v<Number>
[[nodiscard]] std::span<Number> parameter_span(Number& number) {
  return {&number, 1};
}

/// Calls function(name, span) for each group of parameters of a learned object.
template <class Object, class Function>
  requires Learned<Object>
void each_parameter(Object& object, Function&& function) {
  std::remove_cvref_t<Object>::each_parameter(object, function);
}

/// The same with the names of a member's parameters led by its own: "forget.weight".
template <class Object, class Function>
  requires Learned<Object>
void each_parameter(Object& object, std::string_view name, Function&& function) {
  std::remove_cvref_t<Object>::each_parameter(object, [&](std::string_view inner, auto numbers) {
    function(std::string(name) + "." + std::string(inner), numbers);
  });
}

/// An object with parameters of the same sizes, all 0: where a gradient is summed up.
template <Learned Object>
[[nodiscard]] Object zeros_like(Object const& object) {
  Object zeros = object;
  each_parameter(zeros, [](std::string_view, auto numbers) {
    std::ranges::fill(numbers, typename decltype(numbers)::value_type(0));
  });
  return zeros;
}

/// sum += part, number by number: two gradients of one object.
template <Learned Object>
void add_parameters(Object& sum, Object const& part) {
  std::vector<double> numbers;
  each_parameter(part,
                 [&](std::string_view, auto group) { numbers.insert(numbers.end(), group.begin(), group.end()); });
  auto next = numbers.begin();
  each_parameter(sum, [&](std::string_view, auto group) {
    for (auto& number : group) number += static_cast<std::remove_cvref_t<decltype(number)>>(*next++);
  });
}

}  // namespace attend
