#pragma once

/// The extension points: the one file to read before you add a score, a mask or a normaliser of your own.
///
///   attention(q, k, v) = normalise( mask( adjust( similarity(q, k) ) ) ) · v
///
/// Policies are handed to a call in any order and recognised by kind:
///
///   Similarity   at most one   how alike query and key are          struct with `using kind = SimilarityKind`
///   Adjuster     any number    a new score from the old             anything callable with (score, position)
///   Mask         any number    which pairs may meet                 anything callable with (position)
///   Normalizer   at most one   scores of a row into weights         struct with `using kind = NormalizerKind`
///   Executor     at most one   who runs the tasks                   anything with for_each(count, f)
///
/// Beside them `QueryStart` says where queries stand, `FloatProducts` how bfloat16 is multiplied, and a `Workspace`
/// lends memory.
///
/// Adjusters and masks are generic functions (`auto`): the kernel instantiates them with whole SIMD vectors, the
/// reference with plain numbers, the backward pass with dual numbers. Inside them arithmetic and comparisons work
/// as on numbers; `select(condition, a, b)` chooses, and `attend::exp, log, tanh, abs, sqrt, max, min` are there.

#include <attend/core/position.hpp>

#include <concepts>
#include <cstddef>
#include <type_traits>

namespace attend {

struct SimilarityKind {};
struct NormalizerKind {};
/// Options of a call that are neither: `QueryStart`.
struct OptionKind {};
/// How numbers may be multiplied: `FloatProducts`.
struct ArithmeticKind {};
/// What stored tokens are to be multiplied by: `TokenScales`.
struct ScalesKind {};

namespace detail {

template <class Type>
using bare = std::remove_cvref_t<Type>;

template <class Type, class Kind>
concept has_kind = requires { typename bare<Type>::kind; } && std::is_same_v<typename bare<Type>::kind, Kind>;

struct probe_task {
  void operator()(std::ptrdiff_t) const {}
};

}  // namespace detail

/// A score of a query and a key as one loop over features:
///
///   acc = 0;  for f: acc = combine(query_f, key_f, weight_f, acc);  score = finish(acc)
///
/// where query_f and key_f are the features after `query_map` and `key_map` (see score/feature_map.hpp), and
/// weight_f is the similarity's own number for a feature (1 where it has none).
template <class Type>
concept Similarity = detail::has_kind<Type, SimilarityKind>;

/// How the scores of a row become weights; see normalize/family.hpp for the four families.
template <class Type>
concept Normalizer = detail::has_kind<Type, NormalizerKind>;

template <class Type>
concept Option = detail::has_kind<Type, OptionKind>;

template <class Type>
concept Arithmetic = detail::has_kind<Type, ArithmeticKind>;

template <class Type>
concept Scales = detail::has_kind<Type, ScalesKind>;

/// for_each(count, f): calls f(0) … f(count − 1), each once, in any order, perhaps at the same time, and returns
/// when all are done.
template <class Type>
concept Executor =
    requires(detail::bare<Type>& executor, detail::probe_task task) { executor.for_each(std::ptrdiff_t{}, task); };

namespace detail {

template <class Type>
concept named_kind = requires { typename bare<Type>::kind; } || Executor<Type>;

}  // namespace detail

/// operator()(position) → may this query see this key? Optionally coverage(Tile) → none, some or all, which must
/// agree with it on every pair: tiles with none are never computed, tiles with all skip the test.
template <class Type>
concept Mask = !detail::named_kind<Type> && std::is_invocable_v<detail::bare<Type> const&, Position<>>;

/// operator()(score, position) → the new score. In natural-log units when the normaliser is Softmax.
template <class Type>
concept Adjuster =
    !detail::named_kind<Type> && !Mask<Type> && std::is_invocable_v<detail::bare<Type> const&, float, Position<>>;

template <class Type>
concept CoveringMask = Mask<Type> && requires(detail::bare<Type> const& mask, Tile tile) {
  { mask.coverage(tile) } -> std::same_as<Coverage>;
};

/// What a mask says of a tile; `some` where it has no opinion.
template <Mask Type>
[[nodiscard]] constexpr Coverage coverage_of(Type const& mask, Tile const& tile) {
  if constexpr (CoveringMask<Type>)
    return mask.coverage(tile);
  else
    return Coverage::some;
}

}  // namespace attend
