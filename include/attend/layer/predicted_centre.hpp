#pragma once

#include <attend/core/check.hpp>
#include <attend/core/config.hpp>
#include <attend/core/math.hpp>
#include <attend/core/parameters.hpp>
#include <attend/layer/product.hpp>

#include <cmath>
#include <utility>

namespace attend {
inline namespace ATTEND_UNIT_NAME {

/// p_t = S · σ(v_pᵀ tanh(W_p h_t)): where in a source of S tokens a decoder's state h_t wants to look.
///
/// Shapes   h (n, d)  w (hidden, d)  v (hidden)  S one, or one a state (n)  →  p (n), between 0 and S
/// Throws   when h or d_p does not fit the parameters, or there are several S but not one a state
/// Cost     n·hidden·d multiply-adds
/// Source   Luong 2015, equation 9 (arXiv 1508.04025)
template <class Scalar>
struct PredictedCentre {
  Matrix<Scalar> w;  ///< (hidden, d)
  Vector<Scalar> v;  ///< (hidden)

  struct Forward {
    Vector<Scalar> centre;  // (n)
    Matrix<Scalar> hidden;  // (n, hidden): tanh(W_p h_t)
    Vector<Scalar> length;  // (n)  S
  };

  template <class Tokens>
  [[nodiscard]] Forward forward(Eigen::MatrixBase<Tokens> const& h, Index source_length) const {
    return forward(h, Vector<Scalar>::Constant(h.rows(), static_cast<Scalar>(source_length)));
  }
  template <class Tokens>
  [[nodiscard]] Forward forward(Eigen::MatrixBase<Tokens> const& h, Vector<Scalar> source_lengths) const {
    check(h.cols() == w.cols() && v.size() == w.rows(), "PredictedCentre: h has ", h.cols(), " columns, w is (",
          w.rows(), ", ", w.cols(), ") and v has ", v.size(), " numbers; w must be (hidden, d) and v (hidden).");
    check(source_lengths.size() == h.rows(), "PredictedCentre: there are ", source_lengths.size(),
          " source lengths for ", h.rows(), " states; give one a state.");
    Forward kept;
    kept.length = std::move(source_lengths);
    kept.hidden = layer_detail::project(h, w).array().tanh();
    kept.centre = kept.hidden * v;
    for (Index i = 0; i < kept.centre.size(); ++i) kept.centre(i) = kept.length(i) * attend::sigmoid(kept.centre(i));
    return kept;
  }

  /// ∂loss/∂h (n, d) from ∂loss/∂p (n); the rest is added to `gradient`.
  template <class Tokens, class Derivative>
  [[nodiscard]] Matrix<Scalar> backward(Eigen::MatrixBase<Tokens> const& h, Forward const& kept,
                                        Eigen::MatrixBase<Derivative> const& d_centre,
                                        PredictedCentre& gradient) const {
    check(h.rows() == kept.hidden.rows() && h.cols() == w.cols(), "PredictedCentre: h is (", h.rows(), ", ", h.cols(),
          "); of what forward kept it must be (", kept.hidden.rows(), ", ", w.cols(), ").");
    check(gradient.w.rows() == w.rows() && gradient.w.cols() == w.cols() && gradient.v.size() == v.size(),
          "PredictedCentre: the gradient has w (", gradient.w.rows(), ", ", gradient.w.cols(), ") and v (",
          gradient.v.size(), ") but the layer (", w.rows(), ", ", w.cols(), ") and (", v.size(),
          "); start from zeros_like(layer).");
    check(d_centre.size() == kept.centre.size(), "PredictedCentre: d_centre has ", d_centre.size(), " numbers for ",
          kept.centre.size(), " centres.");
    // p = S·σ(a): p′ = p·(1 − p/S)
    Vector<Scalar> d_a = d_centre;
    for (Index i = 0; i < d_a.size(); ++i)
      d_a(i) *= kept.length(i) > Scalar(0) ? kept.centre(i) * (Scalar(1) - kept.centre(i) / kept.length(i)) : Scalar(0);
    gradient.v += kept.hidden.transpose() * d_a;
    Matrix<Scalar> const d_hidden =
        ((d_a * v.transpose()).array() * (Scalar(1) - kept.hidden.array().square())).matrix();
    layer_detail::add_outer(gradient.w, d_hidden, h);
    return layer_detail::project_back(d_hidden, w);
  }

  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    function("w", parameter_span(self.w));
    function("v", parameter_span(self.v));
  }
};

}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
