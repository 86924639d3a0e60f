#pragma once

#include <attend/core/check.hpp>
#include <attend/core/math.hpp>
#include <attend/core/types.hpp>

#include <cmath>

/// Linear attention from the formulas, for any scalar: one head, all pairs or one step after another, nothing fused.

namespace attend {
namespace reference {

/// out_i = Σ_j w_ij · v_j / Σ_j w_ij,  w_ij = φ(q_i) · φ(k_j),  over the keys for which sees(i, j)
///
/// Shapes   q (n, d)  k (m, d)  v (m, e)  →  out (n, e)
/// Edge     zeros where the weights sum to 0
/// Cost     n·m·(d + e) multiply-adds: every weight is computed
/// Source   Katharopoulos 2020, equation 4 (arXiv 2006.16236)
template <class Scalar, class Sees, class FeatureMap>
[[nodiscard]] Matrix<Scalar> linear_attention(Matrix<Scalar> const& q, Matrix<Scalar> const& k, Matrix<Scalar> const& v,
                                              Sees const& sees, FeatureMap const& map) {
  check(q.cols() == k.cols() && k.rows() == v.rows(), "reference::linear_attention: q is (", q.rows(), ", ", q.cols(),
        "), k (", k.rows(), ", ", k.cols(), ") and v (", v.rows(), ", ", v.cols(),
        "); q and k must have the same features, k and v one row for each key.");
  Matrix<Scalar> out = Matrix<Scalar>::Zero(q.rows(), v.cols());
  for (Index i = 0; i < q.rows(); ++i) {
    Scalar sum(0);
    for (Index j = 0; j < k.rows(); ++j) {
      if (!sees(i, j)) continue;
      Scalar weight(0);
      for (Index f = 0; f < q.cols(); ++f) weight += map(q(i, f)) * map(k(j, f));
      sum += weight;
      out.row(i) += weight * v.row(j);
    }
    if (sum == Scalar(0))
      out.row(i).setZero();
    else
      out.row(i) /= sum;
  }
  return out;
}

/// Attention with a matrix for a memory, S (d, e), token after token:
///
///   S ← diag(exp(decay_t)) · S
///   S ← S + k_t · u_tᵀ,        u_t = v_t, or where there are rates  u_t = rate_t · (v_t − Sᵀ k_t)
///   out_t = scale · Sᵀ q_t
///
/// Shapes   q (n, d)  k (n, d)  v (n, e)  decay (n, d), (n, 1) or empty  rate (n, 1) or empty  S (d, e), left as the
///          last token leaves it
/// Source   decays: Yang 2024 (arXiv 2312.06635); the delta rule: Schlag 2021 (2102.11174), Yang 2024 (2406.06484);
/// both:
///          Yang 2025 (2412.06464)
template <class Scalar>
[[nodiscard]] Matrix<Scalar> recurrent_attention(Matrix<Scalar> const& q, Matrix<Scalar> const& k,
                                                 Matrix<Scalar> const& v, Scalar const& scale,
                                                 Matrix<Scalar> const& decay, Matrix<Scalar> const& rate,
                                                 Matrix<Scalar>& state) {
  using std::exp;
  check(q.rows() == k.rows() && k.rows() == v.rows() && q.cols() == k.cols() && state.rows() == k.cols() &&
            state.cols() == v.cols(),
        "reference::recurrent_attention: q is (", q.rows(), ", ", q.cols(), "), k (", k.rows(), ", ", k.cols(),
        "), v (", v.rows(), ", ", v.cols(), ") and the state (", state.rows(), ", ", state.cols(),
        "); they must be (n, d), (n, d), (n, e) and (d, e).");
  Matrix<Scalar> out(q.rows(), v.cols());
  for (Index t = 0; t < q.rows(); ++t) {
    if (decay.size() > 0)
      for (Index f = 0; f < state.rows(); ++f) state.row(f) *= exp(decay(t, decay.cols() == 1 ? 0 : f));
    Matrix<Scalar> added = v.row(t);
    if (rate.size() > 0) added = rate(t, 0) * (added - k.row(t) * state);
    state += k.row(t).transpose() * added;
    out.row(t) = scale * (q.row(t) * state);
  }
  return out;
}

}  // namespace reference
}  // namespace attend
