#pragma once

#include <attend/attention/masks.hpp>
#include <attend/core/one_head.hpp>
#include <attend/core/overlap.hpp>
#include <attend/kernel/run.hpp>
#include <attend/normalize/softmax.hpp>
#include <attend/reference/attention.hpp>
#include <attend/score/scaled_dot.hpp>

#include <concepts>
#include <span>
#include <tuple>
#include <type_traits>

/// From what a person hands in to one call of the kernel: sizes checked, policies sorted, arrays seen as heads. Scalars
/// that the kernel does not compute in go to the dense reference.

namespace attend {
inline namespace ATTEND_UNIT_NAME {
namespace call_detail {

/// A list of row numbers: what Attention::weights takes to name some queries.
template <class Type>
concept RowList = !requires { typename std::remove_cvref_t<Type>::kind; } && requires(Type const& rows) {
  { *rows.begin() } -> std::convertible_to<Index>;
  rows.end();
  rows.size();
};

using attend::detail::as_heads;
using attend::detail::as_mutable_heads;
using attend::detail::readable;

inline void check_same(bool holds, char const* what, HeadsShape const& a, char const* a_name, HeadsShape const& b,
                       char const* b_name) {
  attend::detail::check_same("attention", holds, what, a, a_name, b, b_name);
}

template <class Similarity>
void check_inputs(HeadsShape const& q, HeadsShape const& k, Similarity const& similarity) {
  check_same(q.batch == k.batch, "both must have the same batch.", q, "q", k, "k");
  check_same(k.heads > 0 ? q.heads % k.heads == 0 : q.heads == 0,
             "the heads of q must be a multiple of the heads of k.", q, "q", k, "k");
  check(k.length < Index{1} << 31 && q.length < Index{1} << 31, "attention: there are ", q.length, " queries and ",
        k.length, " keys; a call takes fewer than 2^31 of each.");
  similarity.check_sizes(q.dim, k.dim, k.length);
}

/// Maps come from similarities that anybody may write.
template <class Number>
void check_map(FeatureMap<Number> const& map, Index d, char const* name) {
  if (map.matrix.data != nullptr)
    check(map.matrix.columns == d, "attention: the similarity maps ", name, " by a matrix (", map.matrix.rows, ", ",
          map.matrix.columns, "), but ", name, " has ", d, " columns; the matrix must be (features, ", d, ").");
  else
    check(map.bias == nullptr, "attention: the similarity maps ", name,
          " by a bias without a matrix; give an identity matrix beside it.");
}
template <class Number>
void check_map(FeatureScale<Number> const&, Index, char const*) {}

inline void check_values(HeadsShape const& k, HeadsShape const& v) {
  if (k.batch == 1 && k.heads == 1 && v.batch == 1 && v.heads == 1)
    check(k.length == v.length, "attention: k has ", k.length, " rows but v has ", v.length,
          "; both must have one row for each key.");
  check_same(k.batch == v.batch && k.heads == v.heads && k.length == v.length,
             "both must have the same batch, heads and keys.", k, "k", v, "v");
}

template <class Written, class Other>
ATTEND_INLINE void check_apart(Heads<Written> const& written, char const* name, Heads<Other> const& other,
                               char const* other_name) {
  attend::detail::check_apart("attention", written, name, other, other_name);
}

/// What forward kept, against the result that these inputs have.
inline void check_kept(HeadsShape const& output, HeadsShape const& log_sum_exp, HeadsShape const& expected) {
  check_same(output == expected, "hand in what forward gave for these q, k and v.", output, "the kept output", expected,
             "the result");
  HeadsShape const rows{expected.batch, expected.heads, expected.length, 1};
  check_same(log_sum_exp == rows, "hand in what forward gave for these q, k and v.", log_sum_exp,
             "the kept log-sum-exp", rows, "one number a query");
}

/// The policies of a call, found among its arguments.
template <class Number, class... Given>
struct Sorted {
  ScaledDot const scaled_dot{};
  Softmax const softmax{};
  QueryStart const query_start{};
  static constexpr TokenScales<Number> token_scales{};
  Serial serial{};

  auto const& similarity(Given&... given) const {
    return attend::detail::find<attend::detail::is_similarity>(scaled_dot, given...);
  }
  auto const& normalizer(Given&... given) const {
    return attend::detail::find<attend::detail::is_normalizer>(softmax, given...);
  }
  QueryStart const& start(Given&... given) const {
    return attend::detail::find<attend::detail::is_option>(query_start, given...);
  }
  TokenScales<Number> const& scales(Given&... given) const {
    return attend::detail::find<attend::detail::is_scales>(token_scales, given...);
  }
  auto& executor(Given&... given) { return attend::detail::find<attend::detail::is_executor>(serial, given...); }
  static Workspace& workspace(Workspace& own, Given&... given) {
    return attend::detail::find<attend::detail::is_workspace>(own, given...);
  }
};

/// Builds the kernel's call and hands it to use(call, segments, segment_of, executor, workspace).
template <kernel::Purpose purpose, class Query, class Key, class Value, class Output, class Use, class... Given>
auto with_call(Heads<Query const> const& q, Heads<Key const> const& k, Heads<Value const> const& v,
               Heads<Output> const& out, Heads<compute_t<Query>> const& lse, Heads<compute_t<Query>> const& weights,
               Index const* rows, Index row_count, Use const& use, Given&... given) {
  using Number = compute_t<Query>;
  static_assert(std::is_same_v<Number, compute_t<Key>> && std::is_same_v<Number, compute_t<Value>>,
                "attend: q, k and v must be computed in one type: double with double, or any of float, half and "
                "bfloat16 together. Cast one of them.");
  static_assert((0 + ... + attend::detail::count_documents<std::remove_const_t<Given>>()) <= 1,
                "attend: two Documents in one call; give at most one.");
  Sorted<Number, Given...> sorted;
  auto const& similarity = sorted.similarity(given...);
  auto const& normalizer = sorted.normalizer(given...);
  QueryStart const& start = sorted.start(given...);
  using Similarity = std::remove_cvref_t<decltype(similarity)>;
  using Normalizer = std::remove_cvref_t<decltype(normalizer)>;
  static_assert(purpose == kernel::Purpose::weights || !is_logarithmic<Normalizer>,
                "attend: LogSoftmax gives logarithms of weights, which are no weights to average values with; ask "
                "Attention{LogSoftmax{}}.weights(q, k) for them.");

  constexpr bool scales_tokens = attend::detail::how_many<attend::detail::is_scales, Given...> > 0;
  static_assert(!scales_tokens || std::is_same_v<Similarity, Dot> || std::is_same_v<Similarity, ScaledDot>,
                "attend: TokenScales multiply the scores of keys, which is what keys times their scales score with Dot "
                "and ScaledDot only; with another similarity hand in numbers.");

  check_inputs(q.shape(), k.shape(), similarity);
  CallShape const shape{q.batch(), q.heads(), q.length(), k.length()};
  check_policy(normalizer, shape);
  (check_policy(given, shape), ...);

  auto const adjusters = std::tuple_cat(attend::detail::adjuster_of(given)...);
  auto const masks = std::tuple_cat(attend::detail::masks_of(given)...);
  Documents const* documents = nullptr;
  ((documents = documents == nullptr ? attend::detail::documents_of(given) : documents), ...);

  using Call =
      kernel::Call<Number, Query, Key, Value, Output, Similarity, Normalizer, std::remove_const_t<decltype(adjusters)>,
                   std::remove_const_t<decltype(masks)>, scales_tokens>;
  kernel::Features<Number> const features(similarity, q.dim(), k.dim());
  check_map(features.query, q.dim(), "q");
  if constexpr (!requires { Similarity::keys_are_a_table; }) {
    check_map(features.key, k.dim(), "k");
    check(features.key.features(k.dim()) == features.count, "attention: the similarity makes ", features.count,
          " features of a query but ", features.key.features(k.dim()), " of a key; it must make as many of both.");
  }
  Call const call{q,
                  k,
                  v,
                  out,
                  lse,
                  weights,
                  similarity,
                  normalizer,
                  adjusters,
                  masks,
                  k.heads() > 0 ? q.heads() / k.heads() : 1,
                  rows,
                  row_count,
                  features,
                  attend::detail::how_many<attend::detail::is_arithmetic, Given...> > 0,
                  sorted.scales(given...).key,
                  sorted.scales(given...).value};
  if constexpr (scales_tokens) {
    HeadsShape const expected{k.batch(), k.heads(), k.length(), 1};
    check_same(call.key_scale.shape() == expected && call.value_scale.shape() == expected,
               "TokenScales must be one number for each key and value.", call.key_scale.shape(), "scales of k",
               call.value_scale.shape(), "scales of v");
  }

  auto const segment_of = [&](Index number) -> kernel::Segment {
    Index const pieces = documents == nullptr ? 1 : documents->count(), batch = number / pieces;
    kernel::Segment segment{batch, 0, q.length(), 0, k.length(), 0};
    if (documents != nullptr) {
      Index const piece = number % pieces;
      segment.row = documents->query_begin(piece);
      segment.rows = documents->query_end(piece) - segment.row;
      segment.key = documents->key_begin(piece);
      segment.keys = documents->key_end(piece) - segment.key;
    }
    segment.start = start.of(batch, segment.rows, segment.keys);
    return segment;
  };
  if constexpr (purpose == kernel::Purpose::weights)
    if (documents != nullptr) {
      check(rows == nullptr, "weights: rows of packed documents cannot be picked; ask for all of them.");
      // Blocks write the keys of their own document only.
      Number const unseen = is_logarithmic<Normalizer> ? -std::numeric_limits<Number>::infinity() : Number(0);
      for (Index b = 0; b < weights.batch(); ++b)
        for (Index h = 0; h < weights.heads(); ++h)
          for (Index i = 0; i < weights.length(); ++i)
            for (Index j = 0; j < weights.dim(); ++j) weights(b, h, i, j) = unseen;
    }
  Index const segments = q.batch() * (documents == nullptr ? 1 : documents->count());
  Workspace own;
  return use(call, segments, segment_of, sorted.executor(given...), sorted.workspace(own, given...));
}

/// Builds the kernel's call and runs it. `announce` only says how many bytes of workspace it takes.
template <kernel::Purpose purpose, bool announce, class Query, class Key, class Value, class Output, class... Given>
std::size_t run(Heads<Query const> const& q, Heads<Key const> const& k, Heads<Value const> const& v,
                Heads<Output> const& out, Heads<compute_t<Query>> const& lse, Heads<compute_t<Query>> const& weights,
                Index const* rows, Index row_count, Given&... given) {
  return with_call<purpose, Query, Key, Value, Output>(
      q, k, v, out, lse, weights, rows, row_count,
      [](auto const& call, Index segments, auto const& segment_of, auto& executor, Workspace& workspace) {
        return kernel::run<purpose>(call, segments, segment_of, executor, announce ? nullptr : &workspace);
      },
      given...);
}

template <class Query, class Key, class Value, bool announce = false, class Output, class Number, class QueryElement,
          class KeyElement, class ValueElement, class... Given>
std::size_t forward_heads(Heads<Output> const& out, Heads<Number> const& lse, Heads<QueryElement> const& q,
                          Heads<KeyElement> const& k, Heads<ValueElement> const& v, Given&... given) {
  static_assert(!std::is_const_v<Output>, "attend: the output of attention_into must not be const.");
  static_assert(is_kernel_scalar<Number>,
                "attend: batches of heads are computed by the kernel, in float, double, half or bfloat16; for another "
                "scalar use attend::reference::attention, or one head at a time.");
  check_values(k.shape(), v.shape());
  HeadsShape const expected{q.batch(), q.heads(), q.length(), v.dim()};
  check_same(out.shape() == expected, "out must be (batch of q, heads of q, queries, columns of v).", out.shape(),
             "out", expected, "the result");
  check_apart(out, "out", q, "q");
  check_apart(out, "out", k, "k");
  check_apart(out, "out", v, "v");
  return run<kernel::Purpose::output, announce, Query, Key, Value, Output>(q, k, v, out, lse, no_heads<Number>, nullptr,
                                                                           0, given...);
}

/// The arguments that the reference understands: no executor, no workspace.
template <class Policy>
auto reference_policy(Policy const& policy) {
  if constexpr (attend::detail::is_executor<Policy>::value || attend::detail::is_workspace<Policy>::value)
    return std::tuple<>();
  else
    return std::tuple<Policy const&>(policy);
}

template <class Query, class Key, class Value, class Output, class Number, class... Given>
void forward(Query const& q, Key const& k, Value const& v, Output& out, Number* lse, Given&... given) {
  using Compute = compute_t<typename Query::Scalar>;
  if constexpr (is_kernel_scalar<Compute>) {
    decltype(auto) q_memory = readable(q);
    decltype(auto) k_memory = readable(k);
    decltype(auto) v_memory = readable(v);
    Heads<Compute> const kept =
        lse == nullptr ? Heads<Compute>{} : Heads<Compute>(lse, {1, 1, q.rows(), 1}, {0, 0, 1, 1});
    forward_heads<typename Query::Scalar, typename Key::Scalar, typename Value::Scalar>(
        as_mutable_heads(out), kept, as_heads(q_memory), as_heads(k_memory), as_heads(v_memory), given...);
  } else {
    auto const result = std::apply(
        [&](auto const&... policy) { return reference::forward(q.matrix(), k.matrix(), v.matrix(), policy...); },
        std::tuple_cat(reference_policy(given)...));
    check(out.rows() == result.output.rows() && out.cols() == result.output.cols(), "attention: out is (", out.rows(),
          ", ", out.cols(), "); it must be (", result.output.rows(), ", ", result.output.cols(), ").");
    for (Index i = 0; i < out.rows(); ++i)
      for (Index f = 0; f < out.cols(); ++f) out(i, f) = result.output(i, f);
    if constexpr (!std::is_same_v<Number, std::nullptr_t>)
      for (Index i = 0; i < out.rows() && lse != nullptr; ++i) lse[i] = result.log_sum_exp(i);
  }
}
template <class Query, class Key, class Value, class Output, class... Given>
void forward(Query const& q, Key const& k, Value const& v, Output& out, std::nullptr_t, Given&... given) {
  forward(q, k, v, out, static_cast<compute_t<typename Query::Scalar>*>(nullptr), given...);
}

/// The weights of all queries, or of some; with memory for `numbers` (b, h, rows, 1) also what a whole-row normaliser
/// keeps of a row.
template <class Query, class Key, class Number, class QueryElement, class KeyElement, class... Given>
void weights_heads(Heads<Number> const& w, Heads<Number> const& numbers, Heads<QueryElement> const& q,
                   Heads<KeyElement> const& k, Index const* rows, Index row_count, Given&... given) {
  HeadsShape const expected{q.batch(), q.heads(), rows == nullptr ? q.length() : row_count, k.length()};
  check_same(w.shape() == expected, "weights must be (batch of q, heads of q, rows asked for, keys).", w.shape(),
             "weights", expected, "the result");
  // Values are not looked at; a head without features stands for them.
  Heads<Number const> const none(nullptr, {k.batch(), k.heads(), k.length(), 0}, {0, 0, 0, 1});
  run<kernel::Purpose::weights, false, Query, Key, Number, Number>(q, k, none, no_heads<Number>, numbers, w, rows,
                                                                   row_count, given...);
}

template <class Query, class Key, class Number, class... Given>
void weights(Query const& q, Key const& k, std::span<Index const> rows, bool all_rows, Matrix<Number>& w,
             Given&... given) {
  for (Index const row : rows)
    check(row >= 0 && row < q.rows(), "weights: row ", row, " was asked for, but there are ", q.rows(), " queries.");
  if constexpr (is_kernel_scalar<Number>) {
    if (!all_rows && rows.empty()) return;
    if constexpr ((attend::detail::count_documents<std::remove_const_t<Given>>() + ... + 0) > 0)
      if (!all_rows) {  // a picked row has its own document: pick afterwards
        Matrix<Number> all(q.rows(), k.rows());
        weights(q, k, rows, true, all, given...);
        for (std::size_t r = 0; r < rows.size(); ++r) w.row(static_cast<Index>(r)) = all.row(rows[r]);
        return;
      }
    decltype(auto) q_memory = readable(q);
    decltype(auto) k_memory = readable(k);
    weights_heads<typename Query::Scalar, typename Key::Scalar>(
        as_mutable_heads(w), no_heads<Number>, as_heads(q_memory), as_heads(k_memory), all_rows ? nullptr : rows.data(),
        static_cast<Index>(rows.size()), given...);
  } else {
    Matrix<Number> const all =
        std::apply([&](auto const&... policy) { return reference::weights(q.matrix(), k.matrix(), policy...); },
                   std::tuple_cat(reference_policy(given)...));
    if (all_rows)
      w = all;
    else
      for (std::size_t r = 0; r < rows.size(); ++r) w.row(static_cast<Index>(r)) = all.row(rows[r]);
  }
}

}  // namespace call_detail
}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
