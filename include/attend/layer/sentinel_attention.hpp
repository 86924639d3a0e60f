#pragma once

#include <attend/attention.hpp>
#include <attend/core/check.hpp>
#include <attend/core/math.hpp>
#include <attend/core/parameters.hpp>
#include <attend/mask/documents.hpp>

#include <tuple>
#include <utility>
#include <vector>

namespace attend {
inline namespace ATTEND_UNIT_NAME {

/// Attention that need not look: each query has one key and value more, of its own, the sentinel.
///
///   w = softmax([score(q, k_1) … score(q, k_m), score(q, r)]),  β = w_{m+1}
///   out = Σ_j w_j v_j + β s
///
/// With c = softmax(score(q, k)) v and its log-sum-exp that is out = (1 − β) c + β s, β = σ(score(q, r) − lse): no
/// weight is computed twice, and none is stored. Sentinel makes s from a decoder's memory; r = s, or a projection of
/// it.
///
/// Masks and adjusters given to a call are of the tokens; the sentinel is always seen, as it is.
///
/// Shapes   q (n, d)  k (m, d_k)  v (m, e)  r (n, d_k)  s (n, e)  →  out (n, e), β (n)
/// Throws   when r or s does not have one row a query, or sizes do not fit the similarity
/// Edge     a query that sees no token: β = 1, out = s
/// Cost     that of attention, and n scores
/// Source   Lu 2017, equations 11–13 (arXiv 1612.01887)
template <class Scalar, class Similarity>
struct SentinelAttention {
  Similarity similarity;

  struct Forward {
    Matrix<Scalar> output;  // (n, e)
    Vector<Scalar> beta;    // (n): the weight of the sentinel
    Kept<Scalar> tokens;    // c, and the log-sum-exp over the tokens alone
    Kept<Scalar> own;       // log_sum_exp: the score of the sentinel
  };
  struct Gradient {
    Matrix<Scalar> query, key, value;       // (n, d)  (m, d_k)  (m, e)
    Matrix<Scalar> sentinel_key, sentinel;  // (n, d_k)  (n, e)
  };

  template <class... Given>
  [[nodiscard]] Forward forward(Matrix<Scalar> const& q, Matrix<Scalar> const& k, Matrix<Scalar> const& v,
                                Matrix<Scalar> const& sentinel_key, Matrix<Scalar> const& sentinel,
                                Given&&... given) const {
    static_assert((!Normalizer<Given> && ...), "attend: SentinelAttention is a softmax over tokens and sentinel.");
    check(sentinel_key.rows() == q.rows() && sentinel.rows() == q.rows() && sentinel.cols() == v.cols(),
          "SentinelAttention: for ", q.rows(), " queries and ", v.cols(),
          " features of values the sentinel's keys are (", sentinel_key.rows(), ", ", sentinel_key.cols(),
          ") and the sentinels (", sentinel.rows(), ", ", sentinel.cols(), "); both must have one row a query.");
    Forward kept{{}, {}, op().forward(q, k, v, given...), op().forward(q, sentinel_key, none(q), each_by_itself(q))};
    kept.beta.resize(q.rows());
    for (Index i = 0; i < q.rows(); ++i)
      kept.beta(i) = attend::sigmoid(kept.own.log_sum_exp(i) - kept.tokens.log_sum_exp(i));
    // out = c + β (s − c)
    kept.output = kept.tokens.output + kept.beta.asDiagonal() * (sentinel - kept.tokens.output);
    return kept;
  }

  /// From ∂loss/∂out (n, e); the gradients of the similarity's parameters are added to `gradient`.
  template <class... Given>
  [[nodiscard]] Gradient backward(Matrix<Scalar> const& q, Matrix<Scalar> const& k, Matrix<Scalar> const& v,
                                  Matrix<Scalar> const& sentinel_key, Matrix<Scalar> const& sentinel,
                                  Forward const& kept, Matrix<Scalar> const& d_output, SentinelAttention& gradient,
                                  Given&&... given) const {
    check(d_output.rows() == kept.output.rows() && d_output.cols() == kept.output.cols(),
          "SentinelAttention: d_output is (", d_output.rows(), ", ", d_output.cols(), "); it must be (",
          kept.output.rows(), ", ", kept.output.cols(), ").");
    check(q.rows() == kept.output.rows() && sentinel.rows() == kept.output.rows() &&
              sentinel.cols() == kept.output.cols(),
          "SentinelAttention: there are ", q.rows(), " queries and the sentinels are (", sentinel.rows(), ", ",
          sentinel.cols(), "); of what forward kept they must be (", kept.output.rows(), ", ", kept.output.cols(),
          ").");
    Vector<Scalar> const& beta = kept.beta;
    // out = (1 − β) c + β s,  β = σ(z − lse)
    Vector<Scalar> const d_beta = d_output.cwiseProduct(sentinel - kept.tokens.output).rowwise().sum();
    Vector<Scalar> const d_score = d_beta.array() * beta.array() * (Scalar(1) - beta.array());
    Matrix<Scalar> const d_tokens = (Scalar(1) - beta.array()).matrix().asDiagonal() * d_output;
    auto of_tokens = op().backward(q, k, v, kept.tokens, d_tokens, Vector<Scalar>(-d_score), given...);
    auto of_own = op().backward(q, sentinel_key, none(q), kept.own, none(q), d_score, each_by_itself(q));
    if constexpr (Learned<Similarity>) {
      add_parameters(gradient.similarity, std::get<Similarity>(of_tokens.policies));
      add_parameters(gradient.similarity, std::get<Similarity>(of_own.policies));
    }
    return {of_tokens.query + of_own.query, std::move(of_tokens.key), std::move(of_tokens.value), std::move(of_own.key),
            beta.asDiagonal() * d_output};
  }

  /// w (n, m + 1), the sentinel's last: to look at.
  template <class... Given>
  [[nodiscard]] Matrix<Scalar> weights(Matrix<Scalar> const& q, Matrix<Scalar> const& k, Forward const& kept,
                                       Given&&... given) const {
    check(kept.beta.size() == q.rows(), "SentinelAttention: forward kept ", kept.beta.size(),
          " weights of sentinels but there are ", q.rows(), " queries; hand in what forward gave for this q.");
    Matrix<Scalar> w(q.rows(), k.rows() + 1);
    w << (Scalar(1) - kept.beta.array()).matrix().asDiagonal() * op().weights(q, k, given...), kept.beta;
    return w;
  }

  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    if constexpr (Learned<Similarity>) attend::each_parameter(self.similarity, "similarity", function);
  }

 private:
  [[nodiscard]] auto op() const { return Attention{similarity}; }
  /// Query i with sentinel i: the log-sum-exp of one score is that score.
  [[nodiscard]] static Documents each_by_itself(Matrix<Scalar> const& q) {
    return Documents(std::vector<Index>(static_cast<std::size_t>(q.rows()), 1));
  }
  /// Values without features, where only log-sum-exp is asked for.
  [[nodiscard]] static Matrix<Scalar> none(Matrix<Scalar> const& q) { return Matrix<Scalar>(q.rows(), 0); }
};

}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
