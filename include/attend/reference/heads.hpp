#pragma once

#include <attend/core/heads.hpp>
#include <attend/reference/attention.hpp>

#include <algorithm>
#include <vector>

/// The same for batches of heads: each head by itself. Fewer key and value heads than query heads are shared by groups
/// of neighbours: query head h reads key head h / (query heads / key heads).

namespace attend::reference {

/// What a forward pass over a batch of heads gives, the last index fastest.
template <class T>
struct HeadsForward {
  std::vector<T> output;       // (b, h, n, e)
  std::vector<T> log_sum_exp;  // (b, h, n)
};

namespace detail {

/// A head as a matrix of its own.
template <class T, class Storage>
[[nodiscard]] Matrix<T> head_of(Heads<Storage> const& heads, Index b, Index h) {
  Matrix<T> matrix(heads.length(), heads.dim());
  for (Index i = 0; i < matrix.rows(); ++i)
    for (Index f = 0; f < matrix.cols(); ++f) matrix(i, f) = static_cast<T>(heads(b, h, i, f));
  return matrix;
}

template <class Query, class Key, class... Given>
[[nodiscard]] Call<Given...> checked_call(Heads<Query> const& q, Heads<Key> const& k, Given const&... given) {
  check(q.batch() == k.batch(), "attention: q is a batch of ", q.batch(), " but k one of ", k.batch(), ".");
  check(k.heads() > 0 ? q.heads() % k.heads() == 0 : q.heads() == 0, "attention: q has ", q.heads(),
        " heads but k has ", k.heads(), "; the first must be a multiple of the second.");
  Call<Given...> const call({q.batch(), q.heads(), q.length(), k.length()}, given...);
  call.check_sizes(q.dim(), k.dim());
  return call;
}

template <class T>
void append(std::vector<T>& all, Matrix<T> const& one) {
  all.insert(all.end(), one.data(), one.data() + one.size());
}

}  // namespace detail

/// The scores of every head (b, h, n, m); −∞ where a pair is not seen.
template <class Compute = void, class Query, class Key, class... Given>
[[nodiscard]] auto scores(Heads<Query> const& q, Heads<Key> const& k, Given const&... given) {
  using T = detail::scalar_of<Compute, Query>;
  auto const call = detail::checked_call(q, k, given...);
  std::vector<T> result;
  for (Index b = 0; b < q.batch(); ++b)
    for (Index h = 0; h < q.heads(); ++h)
      detail::append(result, detail::scores(detail::head_of<T>(q, b, h),
                                            detail::head_of<T>(k, b, h * k.heads() / q.heads()), call.at(b, h)));
  return result;
}

/// The weights of every head (b, h, n, m).
template <class Compute = void, class Query, class Key, class... Given>
[[nodiscard]] auto weights(Heads<Query> const& q, Heads<Key> const& k, Given const&... given) {
  using T = detail::scalar_of<Compute, Query>;
  auto const call = detail::checked_call(q, k, given...);
  std::vector<T> result;
  for (Index b = 0; b < q.batch(); ++b)
    for (Index h = 0; h < q.heads(); ++h)
      detail::append(result, detail::weights(detail::head_of<T>(q, b, h),
                                             detail::head_of<T>(k, b, h * k.heads() / q.heads()), call.at(b, h)));
  return result;
}

template <class Compute = void, class Query, class Key, class Value, class... Given>
[[nodiscard]] auto forward(Heads<Query> const& q, Heads<Key> const& k, Heads<Value> const& v, Given const&... given) {
  using T = detail::scalar_of<Compute, Query>;
  auto const call = detail::checked_call(q, k, given...);
  static_assert(!is_logarithmic<std::remove_cvref_t<decltype(call.normalizer())>>,
                "attend: LogSoftmax gives logarithms, which cannot weigh values: ask for weights(Q, K, LogSoftmax{}).");
  check(k.batch() == v.batch() && k.heads() == v.heads() && k.length() == v.length(), "attention: k is (", k.batch(),
        ", ", k.heads(), ", ", k.length(), ", d) but v is (", v.batch(), ", ", v.heads(), ", ", v.length(),
        ", e); both must have the same batch, heads and keys.");
  HeadsForward<T> result;
  for (Index b = 0; b < q.batch(); ++b)
    for (Index h = 0; h < q.heads(); ++h) {
      Index const shared = h * k.heads() / q.heads();
      Forward<T> const one = detail::forward(detail::head_of<T>(q, b, h), detail::head_of<T>(k, b, shared),
                                             detail::head_of<T>(v, b, shared), call.at(b, h));
      detail::append(result.output, one.output);
      result.log_sum_exp.insert(result.log_sum_exp.end(), one.log_sum_exp.begin(), one.log_sum_exp.end());
    }
  return result;
}

/// The output of every head (b, h, n, e).
template <class Compute = void, class Query, class Key, class Value, class... Given>
[[nodiscard]] auto attention(Heads<Query> const& q, Heads<Key> const& k, Heads<Value> const& v, Given const&... given) {
  return forward<Compute>(q, k, v, given...).output;
}

}  // namespace attend::reference
