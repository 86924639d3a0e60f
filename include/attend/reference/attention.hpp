#pragma once

#include <attend/core/check.hpp>
#include <attend/reference/call.hpp>
#include <attend/reference/normalize.hpp>
#include <attend/reference/similarity.hpp>

#include <type_traits>

/// Attention as the papers write it: dense and plain, for any scalar. What "right" means, and the page to read first.
///
///   S = similarity(q, k)                   (n, m)   how alike each query is to each key
///   S = adjust(S)                                   soft cap, biases, …, in the order given
///   S = −∞ where a mask forbids the pair            "not seen"
///   W = normalise(S), row by row           (n, m)   0 where not seen
///   out = W · v                            (n, e)   over the keys that are seen, so that no NaN of another gets in
///
/// Query i stands at position i + (m − n), or where `QueryStart` says. In a batch of documents each is a problem of its
/// own.

namespace attend::reference {

/// What a forward pass gives.
template <class T>
struct Forward {
  Matrix<T> output;       // (n, e)
  Vector<T> log_sum_exp;  // (n)
};

namespace detail {

/// S of one segment; −∞ where a mask forbids the pair.
template <class T, class... Given>
[[nodiscard]] Matrix<T> scores(Matrix<T> const& q, Matrix<T> const& k, Call<Given...> const& call,
                               Segment const& segment) {
  Matrix<T> s = similarity<T>(call.similarity(), q.middleRows(segment.row, segment.queries),
                              k.middleRows(segment.column, segment.keys));
  for (Index i = 0; i < segment.queries; ++i)
    for (Index j = 0; j < segment.keys; ++j) {
      Position<> const p = call.position(segment, i, j);
      s(i, j) = call.visible(p) ? call.adjusted(s(i, j), p) : -infinity<T>;
    }
  return s;
}

/// Row i of W of one segment.
template <class T, class... Given>
[[nodiscard]] WeightRow<T> weights_of_row(Index i, Matrix<T> const& s, Call<Given...> const& call,
                                          Segment const& segment) {
  return normalize(call.normalizer(), ScoreRow<T>{s.row(i).transpose(), call.position(segment, i, 0)});
}

template <class T, class... Given>
[[nodiscard]] Matrix<T> scores(Matrix<T> const& q, Matrix<T> const& k, Call<Given...> const& call) {
  Matrix<T> all = Matrix<T>::Constant(q.rows(), k.rows(), -infinity<T>);
  for (Segment const& segment : call.segments())
    all.block(segment.row, segment.column, segment.queries, segment.keys) = scores(q, k, call, segment);
  return all;
}

template <class T, class... Given>
[[nodiscard]] Matrix<T> weights(Matrix<T> const& q, Matrix<T> const& k, Call<Given...> const& call) {
  Matrix<T> all = Matrix<T>::Constant(q.rows(), k.rows(), weight_of_unseen<T>(call.normalizer()));
  for (Segment const& segment : call.segments()) {
    Matrix<T> const s = scores(q, k, call, segment);
    for (Index i = 0; i < segment.queries; ++i)
      all.block(segment.row + i, segment.column, 1, segment.keys) =
          weights_of_row(i, s, call, segment).weights.transpose();
  }
  return all;
}

template <class T, class... Given>
[[nodiscard]] Forward<T> forward(Matrix<T> const& q, Matrix<T> const& k, Matrix<T> const& v,
                                 Call<Given...> const& call) {
  Forward<T> result{Matrix<T>::Constant(q.rows(), v.cols(), T(0)), Vector<T>(q.rows())};
  for (Segment const& segment : call.segments()) {
    Matrix<T> const s = scores(q, k, call, segment);
    for (Index i = 0; i < segment.queries; ++i) {
      WeightRow<T> const row = weights_of_row(i, s, call, segment);
      for (Index j = 0; j < segment.keys; ++j)
        if (takes_part(call.normalizer(), s(i, j), row.weights(j)))
          result.output.row(segment.row + i) += row.weights(j) * v.row(segment.column + j);
      result.log_sum_exp(segment.row + i) = row.log_sum_exp;
    }
  }
  return result;
}

/// Compute where one is named, else what the inputs are computed in.
template <class Compute, class Storage>
using scalar_of = std::conditional_t<std::is_void_v<Compute>, compute_t<Storage>, Compute>;

}  // namespace detail

/// The scores S (n, m) that the normaliser is handed; −∞ where a pair is not seen.
template <class Compute = void, class Query, class Key, class... Given>
[[nodiscard]] auto scores(Eigen::MatrixBase<Query> const& q, Eigen::MatrixBase<Key> const& k, Given const&... given) {
  using T = detail::scalar_of<Compute, typename Query::Scalar>;
  Call<Given...> const call({1, 1, q.rows(), k.rows()}, given...);
  call.check_sizes(q.cols(), k.cols());
  return detail::scores<T>(q.template cast<T>(), k.template cast<T>(), call);
}

/// The weights W (n, m).
template <class Compute = void, class Query, class Key, class... Given>
[[nodiscard]] auto weights(Eigen::MatrixBase<Query> const& q, Eigen::MatrixBase<Key> const& k, Given const&... given) {
  using T = detail::scalar_of<Compute, typename Query::Scalar>;
  Call<Given...> const call({1, 1, q.rows(), k.rows()}, given...);
  call.check_sizes(q.cols(), k.cols());
  return detail::weights<T>(q.template cast<T>(), k.template cast<T>(), call);
}

/// out (n, e) and the log-sum-exp of each row (n).
template <class Compute = void, class Query, class Key, class Value, class... Given>
[[nodiscard]] auto forward(Eigen::MatrixBase<Query> const& q, Eigen::MatrixBase<Key> const& k,
                           Eigen::MatrixBase<Value> const& v, Given const&... given) {
  using T = detail::scalar_of<Compute, typename Query::Scalar>;
  Call<Given...> const call({1, 1, q.rows(), k.rows()}, given...);
  call.check_sizes(q.cols(), k.cols());
  static_assert(!is_logarithmic<std::remove_cvref_t<decltype(call.normalizer())>>,
                "attend: LogSoftmax gives logarithms, which cannot weigh values: ask for weights(q, k, LogSoftmax{}).");
  check(k.rows() == v.rows(), "attention: k has ", k.rows(), " rows but v has ", v.rows(),
        "; both must have one row for each key.");
  return detail::forward<T>(q.template cast<T>(), k.template cast<T>(), v.template cast<T>(), call);
}

/// out = normalise( mask( adjust( similarity(q, k) ) ) ) · v
///
/// Shapes   q (n, d)  k (m, d)  v (m, e)  →  out (n, e)
/// Throws   when the sizes do not fit each other or a policy
/// Edge     a row that sees nothing: zeros, log-sum-exp −∞
/// Cost     n·m·(d + e) multiply-adds and the whole (n, m) matrix in memory: to compare with, not to run models on
/// Source   Vaswani 2017, equation 1 (arXiv 1706.03762), with each part replaceable
template <class Compute = void, class Query, class Key, class Value, class... Given>
[[nodiscard]] auto attention(Eigen::MatrixBase<Query> const& q, Eigen::MatrixBase<Key> const& k,
                             Eigen::MatrixBase<Value> const& v, Given const&... given) {
  return forward<Compute>(q, k, v, given...).output;
}

}  // namespace attend::reference
