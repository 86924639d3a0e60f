#pragma once

#include <attend/reference/adjust_backward.hpp>
#include <attend/reference/attention.hpp>
#include <attend/reference/normalize_backward.hpp>
#include <attend/reference/policy_sums.hpp>
#include <attend/reference/similarity_backward.hpp>

#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

/// The gradient of attention as one writes it on paper: dense and plain, for any scalar.
///
///   out = W v           ∂loss/∂v_j = Σ_i w_ij d_output_i,   ∂loss/∂w_ij = d_output_i · v_j
///   W = normalise(S)    row by row: normalize_backward.hpp
///   S = adjust(S₀)      in reverse: adjust_backward.hpp
///   S₀ = similarity     one pair at a time: similarity_backward.hpp
///
/// Every sum runs over the pairs that are seen, and over no other.

namespace attend::reference {

/// What a backward pass gives. `policies`: for each learned policy, in the order given, an object of its own class
/// whose numbers are derivatives.
template <class T, class Policies>
struct Backward {
  Matrix<T> query;  // (n, d)
  Matrix<T> key;    // (m, d)
  Matrix<T> value;  // (m, e)
  Policies policies;
};

namespace detail {

/// From ∂loss/∂(adjusted score) to ∂loss/∂(the similarity's score) of one pair.
template <class T, class... Given>
[[nodiscard]] T adjusters_gradient(Call<Given...> const& call, T const& score, T slope, Position<> const& p,
                                   PolicySums<T, Given...>& sums) {
  std::vector<T> handed{score};  // to each policy
  auto const adjust = [&]<class Policy>(Policy const& policy) {
    if constexpr (Adjuster<Policy>)
      handed.push_back(plain<T>(policy(evaluated_t<T>(handed.back()), p)));
    else
      handed.push_back(handed.back());
  };
  std::apply([&](auto const&... policy) { (adjust(policy), ...); }, call.policies());
  auto const back = [&]<class Policy>(Policy const& policy, std::size_t index) {
    if constexpr (Adjuster<Policy>) {
      add_parameter_gradient(policy, slope, p, sums.adjusters[index + 1]);
      slope = slope * adjuster_slope<T>(policy, handed[index], p);
    }
  };
  [&]<std::size_t... index>(std::index_sequence<index...>) {
    constexpr std::size_t count = sizeof...(Given);
    (back(std::get<count - 1 - index>(call.policies()), count - 1 - index), ...);
  }(std::index_sequence_for<Given...>());
  return slope;
}

/// Adds the gradients of one segment.
template <class T, class... Given, class Result>
void add_backward(Matrix<T> const& q, Matrix<T> const& k, Matrix<T> const& v, Matrix<T> const& d_output,
                  Vector<T> const& d_log_sum_exp, Call<Given...> const& call, Segment const& segment, Result& result,
                  PolicySums<T, Given...>& sums) {
  Matrix<T> const raw = similarity<T>(call.similarity(), q.middleRows(segment.row, segment.queries),
                                      k.middleRows(segment.column, segment.keys));
  Matrix<T> const s = scores(q, k, call, segment);
  for (Index i = 0; i < segment.queries; ++i) {
    Index const query = segment.row + i;
    ScoreRow<T> const row{s.row(i).transpose(), call.position(segment, i, 0)};
    WeightRow<T> const weights = normalize(call.normalizer(), row);

    Vector<T> d_weights = Vector<T>::Constant(segment.keys, T(0));
    for (Index j = 0; j < segment.keys; ++j)
      if (takes_part(call.normalizer(), s(i, j), weights.weights(j))) {
        result.value.row(segment.column + j) += weights.weights(j) * d_output.row(query);
        d_weights(j) = d_output.row(query).dot(v.row(segment.column + j));
      }
    if constexpr (std::remove_cvref_t<decltype(call.normalizer())>::family != Family::pick) {
      Vector<T> const d_scores =
          normalize_gradient<T>(call.normalizer(), row, weights, d_weights, d_log_sum_exp(query), sums.normalizer);
      for (Index const j : row.seen()) {
        T const slope = adjusters_gradient<T>(call, raw(i, j), d_scores(j), call.position(segment, i, j), sums);
        PairGradient<T> const pair =
            similarity_gradient<T>(call.similarity(), q.row(query).transpose(), k.row(segment.column + j).transpose(),
                                   j, slope, sums.similarity);
        result.query.row(query) += pair.query.transpose();
        result.key.row(segment.column + j) += pair.key.transpose();
      }
    }
  }
}

/// Adds the gradients of one head to `sums` and gives those of its tokens.
template <class T, class... Given>
[[nodiscard]] Backward<T, std::tuple<>> backward(Matrix<T> const& q, Matrix<T> const& k, Matrix<T> const& v,
                                                 Matrix<T> const& d_output, Vector<T> const& d_log_sum_exp,
                                                 Call<Given...> const& call, PolicySums<T, Given...>& sums) {
  static_assert(
      !is_logarithmic<std::remove_cvref_t<decltype(call.normalizer())>>,
      "attend: LogSoftmax gives logarithms, which cannot weigh values, so there is no backward through them.");
  Backward<T, std::tuple<>> result{Matrix<T>::Constant(q.rows(), q.cols(), T(0)),
                                   Matrix<T>::Constant(k.rows(), k.cols(), T(0)),
                                   Matrix<T>::Constant(v.rows(), v.cols(), T(0)),
                                   {}};
  for (Segment const& segment : call.segments())
    add_backward(q, k, v, d_output, d_log_sum_exp, call, segment, result, sums);
  return result;
}

template <class T, class... Given>
[[nodiscard]] auto checked_backward(Matrix<T> const& q, Matrix<T> const& k, Matrix<T> const& v,
                                    Matrix<T> const& d_output, Vector<T> const& d_log_sum_exp, Given const&... given) {
  Call<Given...> const call({1, 1, q.rows(), k.rows()}, given...);
  call.check_sizes(q.cols(), k.cols());
  check(k.rows() == v.rows(), "attention: k has ", k.rows(), " rows but v has ", v.rows(),
        "; both must have one row for each key.");
  check(d_output.rows() == q.rows() && d_output.cols() == v.cols(), "attention: d_output is (", d_output.rows(), ", ",
        d_output.cols(), ") but the output is (", q.rows(), ", ", v.cols(), ").");
  check(d_log_sum_exp.size() == q.rows(), "attention: d_log_sum_exp has ", d_log_sum_exp.size(),
        " numbers but there are ", q.rows(), " queries.");
  PolicySums<T, Given...> sums(call);
  Backward<T, std::tuple<>> tokens = backward(q, k, v, d_output, d_log_sum_exp, call, sums);
  return Backward<T, learned_policies<Given...>>{std::move(tokens.query), std::move(tokens.key),
                                                 std::move(tokens.value), sums.as_policies(call)};
}

template <class... Given>
constexpr void check_log_sum_exp_gradient() {
  using Chosen = std::remove_cvref_t<decltype(std::declval<Call<Given...> const&>().normalizer())>;
  static_assert(AnySoftmax<Chosen>,
                "attend: only Softmax's log-sum-exp has a gradient; leave d_log_sum_exp out for other normalisers.");
}

}  // namespace detail

/// The gradient of a loss, given d_output (n, e) = ∂loss/∂output.
///
/// Shapes   q (n, d)  k (m, d)  v (m, e)  d_output (n, e)  →  query (n, d)  key (m, d)  value (m, e)
/// Throws   when the sizes do not fit each other or a policy
/// Edge     a pair that a mask hides gives nothing, whatever its numbers are; a row that sees nothing has gradient 0;
///          Argmax and GumbelMax have gradients for the values that were picked alone
/// Cost     a few n·m·(d + e) multiply-adds and much copying: to compare with, not to train with
template <class Compute = void, class Query, class Key, class Value, class Output, class... Given>
  requires(!attend::detail::EigenObject<Given> && ...)
[[nodiscard]] auto backward(Eigen::MatrixBase<Query> const& q, Eigen::MatrixBase<Key> const& k,
                            Eigen::MatrixBase<Value> const& v, Eigen::MatrixBase<Output> const& d_output,
                            Given const&... given) {
  using T = detail::scalar_of<Compute, typename Query::Scalar>;
  return detail::checked_backward<T>(q.template cast<T>(), k.template cast<T>(), v.template cast<T>(),
                                     d_output.template cast<T>(), Vector<T>::Constant(q.rows(), T(0)), given...);
}

/// The same, for a loss that also depends on the log-sum-exp of the rows, d_log_sum_exp (n) = ∂loss/∂lse:
/// ∂lse_i/∂s_ij = w_ij / τ. For Softmax alone.
template <class Compute = void, class Query, class Key, class Value, class Output, class LogSumExp, class... Given>
  requires(!attend::detail::EigenObject<Given> && ...)
[[nodiscard]] auto backward(Eigen::MatrixBase<Query> const& q, Eigen::MatrixBase<Key> const& k,
                            Eigen::MatrixBase<Value> const& v, Eigen::MatrixBase<Output> const& d_output,
                            Eigen::MatrixBase<LogSumExp> const& d_log_sum_exp, Given const&... given) {
  using T = detail::scalar_of<Compute, typename Query::Scalar>;
  detail::check_log_sum_exp_gradient<Given...>();
  return detail::checked_backward<T>(q.template cast<T>(), k.template cast<T>(), v.template cast<T>(),
                                     d_output.template cast<T>(), d_log_sum_exp.template cast<T>(), given...);
}

}  // namespace attend::reference
