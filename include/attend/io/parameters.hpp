#pragma once

#include <attend/core/check.hpp>
#include <attend/core/parameters.hpp>
#include <attend/io/convert.hpp>
#include <attend/io/in_quotes.hpp>
#include <attend/io/name_map.hpp>
#include <attend/io/safetensors.hpp>
#include <attend/io/tensor.hpp>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

/// The parameters of learned objects as safetensors files.
///
///   io::save_parameters("decoder.safetensors", decoder);
///   io::load_parameters("decoder.safetensors", decoder);
///
/// As all of safetensors, this needs nlohmann/json on the include path.

namespace attend::io {

namespace detail {

/// Sentences of what is called, which knows no file, led by the file's name.
template <class Call>
decltype(auto) naming_file(std::string const& path, Call&& call) {
#if defined(__cpp_exceptions)
  try {
    return call();
  } catch (Error const& error) {
    fail("load_parameters: ", path, ": ", error.what());
  }
#else
  (void)path;
  return call();
#endif
}

template <class Number>
[[nodiscard]] std::span<Number> plain_span(std::span<Number> numbers) {
  return numbers;
}

/// The shape of a group; a span that a class made by itself is a row.
template <class Numbers>
[[nodiscard]] std::vector<Index> shape_of(Numbers const& numbers) {
  if constexpr (requires { numbers.shape(); })
    return numbers.shape();
  else
    return {static_cast<Index>(numbers.size())};
}

/// Whether a tensor of that shape is what the group holds. Sizes of 1 do not count, and what follows the rows of a
/// matrix may have any dimensions: a convolution's (out, channels, height, width) is a matrix of `out` rows.
template <class Numbers>
[[nodiscard]] bool fits(std::vector<Index> const& shape, Numbers const& numbers) {
  Index size = 1;
  for (Index const d : shape) size *= d;
  if (size != static_cast<Index>(numbers.size())) return false;
  if constexpr (requires { numbers.shape(); }) {
    std::vector<Index> const wanted = numbers.shape();
    if (size == 0) return true;
    if (wanted.size() == 1) return std::ranges::count_if(shape, [](Index d) { return d != 1; }) <= 1;
    Index rows = 1;
    for (std::size_t i = 0; i < shape.size() && rows != wanted[0]; ++i) rows *= shape[i];
    return rows == wanted[0];
  }
  return true;
}

}  // namespace detail

/// Writes every group of parameters under its name, in its shape and its own type.
///
/// Throws   when two groups have one name, and as write_safetensors does
template <Learned Object>
void save_parameters(std::string const& path, Object const& object,
                     std::map<std::string, std::string> const& metadata = {}) {
  std::vector<Tensor> tensors;
  each_parameter(object, [&](std::string_view name, auto numbers) {
    tensors.push_back(tensor_of(std::string(name), detail::plain_span(numbers), detail::shape_of(numbers)));
  });
  write_safetensors(path, tensors, metadata);
}

/// Reads every group of parameters from the tensor of its name, once the map has been applied: all of them, or none
/// when anything is wrong.
///
/// Shapes   those of the object, which has its sizes before. Sizes of 1 do not count; what follows the rows of a matrix
/// may have more dimensions
/// Throws   when the file, mapped, holds a name that the object does not know, lacks one that it does, or a group has
/// another shape; when a number cannot be held (Rounding); as read_safetensors and NameMap do. Nothing is written then
/// Edge     a group without numbers, like a bias that was left out, may be missing
/// Cost     a second copy of the parameters, until all are known to be right
template <Learned Object>
void load_parameters(std::string const& path, Object& object, NameMap const& map = {},
                     Rounding rounding = Rounding::none) {
  std::vector<Tensor> const given = read_safetensors(path).tensors;
  std::vector<Tensor> const tensors = detail::naming_file(path, [&] { return map.apply(given); });
  std::unordered_map<std::string_view, Tensor const*> unused;
  for (Tensor const& tensor : tensors) unused.emplace(tensor.name, &tensor);

  std::vector<std::vector<std::byte>> groups;
  std::unordered_set<std::string> names;
  each_parameter(object, [&](std::string_view name, auto numbers) {
    using Number = typename decltype(numbers)::element_type;
    check(names.emplace(name).second, "load_parameters: the object has two groups of parameters named ",
          in_quotes(name), "; they must have names of their own.");
    auto const found = unused.find(name);
    check(found != unused.end() || numbers.empty(), "load_parameters: ", path, " has no tensor ", in_quotes(name),
          " for the object's ", numbers.size(), " numbers of that name.");
    std::vector<Number> read(numbers.size());
    if (found != unused.end()) {
      Tensor const& tensor = *found->second;
      check(detail::fits(tensor.shape, numbers), "load_parameters: ", path, ": tensor ", in_quotes(name),
            " has the shape ", shape_text(tensor.shape), "; the object wants ", shape_text(detail::shape_of(numbers)),
            ".");
      detail::naming_file(path, [&] { copy_numbers(tensor, std::span(read), rounding); });
      unused.erase(found);
    }
    auto const bytes = std::as_bytes(std::span(read));
    groups.emplace_back(bytes.begin(), bytes.end());
  });
  if (!unused.empty()) {
    // The first in the file, so that the sentence is the same each time.
    std::string_view first;
    for (Tensor const& tensor : tensors)
      if (first.data() == nullptr && unused.contains(tensor.name)) first = tensor.name;
    fail("load_parameters: ", path, " has the tensor ", in_quotes(first), ", which the object does not know (",
         unused.size(), " such in all); rename it, or leave it out by NameMap::ignore.");
  }

  auto group = groups.begin();
  each_parameter(object, [&](std::string_view, auto numbers) {
    if (!numbers.empty()) std::memcpy(static_cast<void*>(numbers.data()), group->data(), group->size());
    ++group;
  });
}

}  // namespace attend::io
