#pragma once

#include <attend/core/config.hpp>
#include <attend/core/executor.hpp>
#include <attend/core/policies.hpp>
#include <attend/core/types.hpp>
#include <attend/core/workspace.hpp>
#include <attend/layer/shared.hpp>
#include <attend/layer/training.hpp>

#include <algorithm>
#include <tuple>
#include <type_traits>

/// The executor, the workspace and Training among the arguments of a layer's call, and work on rows that an executor
/// shares out.

namespace attend {
inline namespace ATTEND_UNIT_NAME {
namespace layer_detail {

template <class Type>
inline constexpr bool is_resource =
    attend::detail::is_executor<Type>::value || attend::detail::is_workspace<Type>::value || is_training<Type>;

/// Calls use(executor, workspace) with those among the arguments, or with a serial executor and a workspace that lives
/// as long as the call.
template <class Use, class... Given>
void with_resources_among(Use const& use, Given&... given) {
  Serial serial;
  Workspace own;
  use(attend::detail::find<attend::detail::is_executor>(serial, given...),
      attend::detail::find<attend::detail::is_workspace>(own, given...));
}

/// The same for calls that take nothing else after their arrays.
template <class Use, class... Given>
void with_resources(Use const& use, Given&... given) {
  static_assert((is_resource<Given> && ...), "attend: this layer is handed an executor and a workspace, or neither.");
  with_resources_among(use, given...);
}

/// Calls use(…) with the arguments that keep(type) is true of.
template <template <class> class Keep, class Use, class... Given>
void with_those_among(Use const& use, Given&... given) {
  [[maybe_unused]] auto const one = [](auto& argument) {
    if constexpr (Keep<std::remove_reference_t<decltype(argument)>>::value)
      return std::tie(bare_policy(argument));
    else
      return std::tuple<>();
  };
  std::apply(use, std::tuple_cat(one(given)...));
}

template <class Type>
struct IsResource : std::bool_constant<is_resource<Type>> {};
template <class Type>
struct IsPolicy : std::bool_constant<!is_resource<Type>> {};

/// Calls use(…) with the arguments that are no resources.
template <class Use, class... Given>
void with_policies_among(Use const& use, Given&... given) {
  with_those_among<IsPolicy>(use, given...);
}
/// Calls use(…) with the executor and the workspace, whichever were given: what a call with policies hands to layers
/// that take none.
template <class Use, class... Given>
void with_only_resources(Use const& use, Given&... given) {
  with_those_among<IsResource>(use, given...);
}

/// Rows of a task: the same blocks for any number of threads, so that sums over rows have the same bits.
inline constexpr Index block_rows = 64;

[[nodiscard]] inline Index row_blocks(Index rows) { return (rows + block_rows - 1) / block_rows; }

/// Calls f(block, first, count) for the blocks of the rows.
template <class Executor, class Function>
void each_row_block(Index rows, Executor& executor, Function const& f) {
  auto const one = [&](Index block) {
    Index const first = block * block_rows;
    f(block, first, std::min(block_rows, rows - first));
  };
  Index const blocks = row_blocks(rows);
  if (blocks == 1)
    one(0);
  else if (blocks > 1)
    executor.for_each(blocks, one);
}

}  // namespace layer_detail
}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
