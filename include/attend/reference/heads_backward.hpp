#pragma once

#include <attend/core/heads.hpp>
#include <attend/reference/backward.hpp>
#include <attend/reference/heads.hpp>

#include <tuple>
#include <utility>
#include <vector>

/// The gradient for batches of heads: each query head by itself. A key or value head that a group of query heads shares
/// gets the sum over the group; a policy's parameters get the sum over all heads and sequences that they serve.

namespace attend::reference {

/// What a backward pass over a batch of heads gives, the last index fastest.
template <class T, class Policies>
struct HeadsBackward {
  std::vector<T> query;  // (b, h, n, d)
  std::vector<T> key;    // (b, key heads, m, d)
  std::vector<T> value;  // (b, key heads, m, e)
  Policies policies;
};

namespace detail {

/// Adds a matrix to block number `block` of an array of such matrices.
template <class T>
void add_to_block(std::vector<T>& all, Index block, Matrix<T> const& one) {
  for (Index i = 0; i < one.size(); ++i) all[static_cast<std::size_t>(block * one.size() + i)] += one.data()[i];
}

template <class T, class Storage>
[[nodiscard]] std::vector<T> zeros_of(Heads<Storage> const& heads) {
  return std::vector<T>(static_cast<std::size_t>(heads.batch() * heads.heads() * heads.length() * heads.dim()), T(0));
}

template <class T, class Query, class Key, class Value, class Output, class LogSumExp, class... Given>
[[nodiscard]] auto heads_backward(Heads<Query> const& q, Heads<Key> const& k, Heads<Value> const& v,
                                  Heads<Output> const& d_output, LogSumExp const& d_log_sum_exp,
                                  Given const&... given) {
  auto const call = checked_call(q, k, given...);
  check(k.batch() == v.batch() && k.heads() == v.heads() && k.length() == v.length(), "attention: k is (", k.batch(),
        ", ", k.heads(), ", ", k.length(), ", d) but v is (", v.batch(), ", ", v.heads(), ", ", v.length(),
        ", e); both must have the same batch, heads and keys.");
  check(d_output.batch() == q.batch() && d_output.heads() == q.heads() && d_output.length() == q.length() &&
            d_output.dim() == v.dim(),
        "attention: d_output is (", d_output.batch(), ", ", d_output.heads(), ", ", d_output.length(), ", ",
        d_output.dim(), ") but the output is (", q.batch(), ", ", q.heads(), ", ", q.length(), ", ", v.dim(), ").");
  PolicySums<T, Given...> sums(call);
  HeadsBackward<T, learned_policies<Given...>> result{zeros_of<T>(q), zeros_of<T>(k), zeros_of<T>(v),
                                                      sums.as_policies(call)};
  for (Index b = 0; b < q.batch(); ++b)
    for (Index h = 0; h < q.heads(); ++h) {
      Index const shared = h * k.heads() / q.heads();
      auto const one = backward(head_of<T>(q, b, h), head_of<T>(k, b, shared), head_of<T>(v, b, shared),
                                head_of<T>(d_output, b, h), Vector<T>(d_log_sum_exp(b, h)), call.at(b, h), sums);
      add_to_block(result.query, b * q.heads() + h, one.query);
      add_to_block(result.key, b * k.heads() + shared, one.key);
      add_to_block(result.value, b * k.heads() + shared, one.value);
    }
  result.policies = sums.as_policies(call);
  return result;
}

}  // namespace detail

/// The gradient of a loss, given d_output (b, h, n, e) = ∂loss/∂output.
template <class Compute = void, class Query, class Key, class Value, class Output, class... Given>
  requires(!is_heads<Given> && ...)
[[nodiscard]] auto backward(Heads<Query> const& q, Heads<Key> const& k, Heads<Value> const& v,
                            Heads<Output> const& d_output, Given const&... given) {
  using T = detail::scalar_of<Compute, Query>;
  auto const zero = [&q](Index, Index) { return Vector<T>::Constant(q.length(), T(0)); };
  return detail::heads_backward<T>(q, k, v, d_output, zero, given...);
}

/// The same, for a loss that also depends on the log-sum-exp of the rows, given as heads (b, h, n, 1).
template <class Compute = void, class Query, class Key, class Value, class Output, class LogSumExp, class... Given>
  requires(!is_heads<Given> && ...)
[[nodiscard]] auto backward(Heads<Query> const& q, Heads<Key> const& k, Heads<Value> const& v,
                            Heads<Output> const& d_output, Heads<LogSumExp> const& d_log_sum_exp,
                            Given const&... given) {
  using T = detail::scalar_of<Compute, Query>;
  detail::check_log_sum_exp_gradient<Given...>();
  check(d_log_sum_exp.batch() == q.batch() && d_log_sum_exp.heads() == q.heads() &&
            d_log_sum_exp.length() == q.length() && d_log_sum_exp.dim() == 1,
        "attention: d_log_sum_exp is (", d_log_sum_exp.batch(), ", ", d_log_sum_exp.heads(), ", ",
        d_log_sum_exp.length(), ", ", d_log_sum_exp.dim(), "); it must be (", q.batch(), ", ", q.heads(), ", ",
        q.length(), ", 1).");
  auto const of_head = [&](Index b, Index h) { return Vector<T>(detail::head_of<T>(d_log_sum_exp, b, h)); };
  return detail::heads_backward<T>(q, k, v, d_output, of_head, given...);
}

}  // namespace attend::reference
