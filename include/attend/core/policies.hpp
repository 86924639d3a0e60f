#pragma once

#include <attend/core/call_shape.hpp>
#include <attend/core/concepts.hpp>
#include <attend/core/executor.hpp>
#include <attend/core/float_products.hpp>
#include <attend/core/query_start.hpp>
#include <attend/core/token_scales.hpp>
#include <attend/core/workspace.hpp>

#include <tuple>
#include <type_traits>
#include <utility>

namespace attend {

namespace detail {

template <class Type>
concept WorkspaceLike = has_kind<Type, WorkspaceKind>;

template <class Derived>
void probe_eigen(Eigen::EigenBase<Derived> const&);

/// Eigen matrices are no policies: a bare boolean matrix does not say whether true means keep or drop. A segment of a
/// vector is one too, though it is the EigenBase of its base class.
template <class Type>
concept EigenObject = requires(bare<Type> const& object) { detail::probe_eigen(object); };

template <template <class> class Is, class... Given>
inline constexpr int how_many = (0 + ... + int(Is<Given>::value));

template <class Type>
struct is_similarity : std::bool_constant<Similarity<Type>> {};
template <class Type>
struct is_normalizer : std::bool_constant<Normalizer<Type>> {};
template <class Type>
struct is_option : std::bool_constant<Option<Type>> {};
template <class Type>
struct is_arithmetic : std::bool_constant<Arithmetic<Type>> {};
template <class Type>
struct is_scales : std::bool_constant<Scales<Type>> {};
template <class Type>
struct is_executor : std::bool_constant<Executor<Type>> {};
template <class Type>
struct is_workspace : std::bool_constant<WorkspaceLike<Type>> {};

/// The first argument for which Is holds, or `otherwise`.
template <template <class> class Is, class Default>
Default& find(Default& otherwise) {
  return otherwise;
}
template <template <class> class Is, class Default, class First, class... Others>
auto& find(Default& otherwise, First& first, Others&... others) {
  if constexpr (Is<First>::value)
    return first;
  else
    return find<Is>(otherwise, others...);
}

template <class... Given>
constexpr void check_policy_kinds() {
  static_assert((!EigenObject<Given> && ...),
                "attend: a bare matrix is no policy: say at::Keep{matrix} or at::Drop{matrix} for a boolean mask, "
                "at::Bias{matrix} for numbers that are added to the scores.");
  static_assert(((EigenObject<Given> || Similarity<Given> || Adjuster<Given> || Mask<Given> || Normalizer<Given> ||
                  Option<Given> || Arithmetic<Given> || Scales<Given> || Executor<Given> || WorkspaceLike<Given>) &&
                 ...),
                "attend: an argument after q, k and v is no policy. A mask is called with (position), an adjuster with "
                "(score, position), both generic (`auto`); the rest says its kind: see attend/core/concepts.hpp.");
  static_assert(how_many<is_similarity, Given...> <= 1,
                "attend: two similarities in one call; give at most one (Dot, ScaledDot, Additive, …).");
  static_assert(how_many<is_normalizer, Given...> <= 1,
                "attend: two normalisers in one call; give at most one (Softmax, Sigmoid, Sparsemax, …).");
  static_assert(how_many<is_option, Given...> <= 1, "attend: two QueryStart in one call; give at most one.");
  static_assert(how_many<is_scales, Given...> <= 1, "attend: two TokenScales in one call; give at most one.");
  static_assert(how_many<is_executor, Given...> <= 1, "attend: two executors in one call; give at most one.");
  static_assert(how_many<is_workspace, Given...> <= 1, "attend: two workspaces in one call; give at most one.");
}

/// References to the adjusters among the arguments, in the order given.
template <class Policy>
auto adjuster_of(Policy const& policy) {
  if constexpr (Adjuster<Policy>)
    return std::tuple<Policy const&>(policy);
  else
    return std::tuple<>();
}

}  // namespace detail

}  // namespace attend
