#pragma once

#include <attend/core/check.hpp>
#include <attend/core/parameters.hpp>

#include <algorithm>
#include <initializer_list>
#include <span>
#include <string_view>

namespace attend {

namespace detail {

/// A name chooses the group that it names and all groups inside it: "blocks.1" has "blocks.1.norm.gain", and not
/// "blocks.10".
[[nodiscard]] inline bool is_inside(std::string_view group, std::string_view name) {
  return group.starts_with(name) && (group.size() == name.size() || group[name.size()] == '.');
}

/// Sets to 0 the groups of which choose(is one of the names) is true.
template <class Gradient, class Choose>
void clear_groups(Gradient& gradient, std::span<std::string_view const> names, char const* caller,
                  Choose const& choose) {
  for (std::string_view const name : names) {
    bool known = false;
    each_parameter(gradient, [&](std::string_view group, auto) { known = known || is_inside(group, name); });
    check(known, caller, ": the object has no parameters \"", name, "\"; names are those of each_parameter.");
  }
  each_parameter(gradient, [&](std::string_view group, auto numbers) {
    bool const named = std::ranges::any_of(names, [&](std::string_view name) { return is_inside(group, name); });
    if (choose(named)) std::ranges::fill(numbers, typename decltype(numbers)::value_type(0));
  });
}

}  // namespace detail

/// Keeps parameters as they are in training: between backward and the optimiser's step, the derivatives of the named
/// groups become 0, and an optimiser that follows derivatives leaves them, bit for bit.
///
///   at::freeze(gradient, {"words", "blocks.0", "blocks.1"});
///   at::freeze_all_but(gradient, {"head"});
///
/// A body that is never trained needs no backward at all: run it, and call backward of the head alone.
///
/// Units    names as each_parameter gives them, or the leading part of some up to a dot
/// Throws   when a name is of no group; then no derivative is changed
/// Source   Howard & Ruder 2018, section 3.3 (arXiv 1801.06146)
template <Learned Gradient>
void freeze(Gradient& gradient, std::span<std::string_view const> names) {
  detail::clear_groups(gradient, names, "freeze", [](bool named) { return named; });
}
template <Learned Gradient>
void freeze(Gradient& gradient, std::initializer_list<std::string_view> names) {
  freeze(gradient, std::span(names.begin(), names.size()));
}

/// Keeps all parameters but the named.
template <Learned Gradient>
void freeze_all_but(Gradient& gradient, std::span<std::string_view const> names) {
  detail::clear_groups(gradient, names, "freeze_all_but", [](bool named) { return !named; });
}
template <Learned Gradient>
void freeze_all_but(Gradient& gradient, std::initializer_list<std::string_view> names) {
  freeze_all_but(gradient, std::span(names.begin(), names.size()));
}

}  // namespace attend
