#pragma once

#include <attend/core/check.hpp>
#include <attend/core/config.hpp>
#include <attend/core/parameters.hpp>
#include <attend/layer/norm_rows.hpp>
#include <attend/layer/resources.hpp>

#include <cmath>

namespace attend {
inline namespace ATTEND_UNIT_NAME {

/// y = (x − μ) / √(σ² + ε) ∘ weight + bias,  μ and σ² the mean and the variance of a row
///
/// The variance is that of the row itself, Σ(x − μ)²/d, as in the paper and in PyTorch. Backward finds μ and σ again:
/// two passes over a row that lies in the first cache, and nothing to keep.
///
/// Shapes   x (n, d)  weight (d)  bias (d), or empty  →  y (n, d)
/// Given    an executor, or none
/// Throws   when x, d_y or the gradient does not fit the weight, and when epsilon is negative
/// Error    sums are taken in double: y is off by at most 2.5 ε (max(|x̂|, 1) |weight| + |bias|), for rows around 0, 100
///          and −3000 alike, ε the type's, and d_x by 2 ε times the row's largest |d_y weight| / σ. Rows of double
///          whose first number is far out: 5 ε each, for d = 1000
/// Edge     a row of equal numbers gives the bias exactly, and so does d = 1; NaN or infinity makes its own row NaN
/// Cost     about 12 operations a number, x read and y written once; backward 25
/// Source   Ba, Kiros & Hinton 2016, equations 3 and 4 (arXiv 1607.06450)
template <class Scalar>
struct LayerNorm {
  static_assert(is_kernel_scalar<Scalar>, "attend: LayerNorm computes in float or double.");

  Vector<Scalar> weight;  ///< (d)
  Vector<Scalar> bias;    ///< (d), or empty
  double epsilon = 1e-5;

  LayerNorm() = default;
  /// weight 1 and bias 0: x̂ itself.
  explicit LayerNorm(Index d, bool with_bias = true, double epsilon_of_variance = 1e-5)
      : weight(Vector<Scalar>::Ones(d)), bias(Vector<Scalar>::Zero(with_bias ? d : 0)), epsilon(epsilon_of_variance) {}

  [[nodiscard]] Index d() const { return weight.size(); }

  template <class Tokens, class... Given>
  [[nodiscard]] Matrix<Scalar> forward(Eigen::MatrixBase<Tokens> const& x, Given&&... given) const {
    Matrix<Scalar> y;
    forward_into(x, y, given...);
    return y;
  }
  /// The same into a matrix that is given its size.
  template <class Tokens, class... Given>
  void forward_into(Eigen::MatrixBase<Tokens> const& x, Matrix<Scalar>& y, Given&&... given) const {
    check_input(x.rows(), x.cols());
    layer_detail::Rows<Scalar> const rows(x.derived());
    y.resize(x.rows(), d());
    layer_detail::with_resources(
        [&](auto& executor, Workspace&) {
          layer_detail::norm_forward<true>(rows, weight.data(), bias.size() > 0 ? bias.data() : nullptr, epsilon, y,
                                           executor);
        },
        given...);
  }

  /// ∂loss/∂x (n, d) from ∂loss/∂y (n, d); derivatives by weight and bias are added to `gradient`.
  template <class Tokens, class Derivative, class... Given>
  [[nodiscard]] Matrix<Scalar> backward(Eigen::MatrixBase<Tokens> const& x, Eigen::MatrixBase<Derivative> const& d_y,
                                        LayerNorm& gradient, Given&&... given) const {
    check_input(x.rows(), x.cols());
    check(d_y.rows() == x.rows() && d_y.cols() == d(), "LayerNorm: d_y is (", d_y.rows(), ", ", d_y.cols(),
          "); it must be (", x.rows(), ", ", d(), ").");
    check(gradient.d() == d() && gradient.bias.size() == bias.size(), "LayerNorm: the gradient has ", gradient.d(),
          " weights and ", gradient.bias.size(), " numbers of bias but the layer ", d(), " and ", bias.size(),
          "; start from zeros_like(layer).");
    layer_detail::Rows<Scalar> const rows(x.derived()), d_rows(d_y.derived());
    Matrix<Scalar> d_x(x.rows(), d());
    layer_detail::with_resources(
        [&](auto& executor, Workspace&) {
          layer_detail::norm_backward<true>(rows, d_rows, weight.data(), epsilon, d_x, gradient.weight, &gradient.bias,
                                            executor);
        },
        given...);
    return d_x;
  }

  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    function("weight", parameter_span(self.weight));
    function("bias", parameter_span(self.bias));
  }

 private:
  void check_input(Index rows, Index columns) const {
    check(columns == d(), "LayerNorm: x is (", rows, ", ", columns, ") but the weight has ", d(),
          " numbers; x must have as many columns.");
    check(bias.size() == 0 || bias.size() == d(), "LayerNorm: the weight has ", d(), " numbers but the bias ",
          bias.size(), "; it must have as many or none.");
    check(std::isfinite(epsilon) && epsilon >= 0, "LayerNorm: epsilon is ", epsilon, "; it must be 0 or more.");
  }
};

}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
