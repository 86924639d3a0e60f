#pragma once

#include <attend/core/check.hpp>
#include <attend/core/config.hpp>
#include <attend/core/parameters.hpp>
#include <attend/layer/norm_rows.hpp>
#include <attend/layer/resources.hpp>

#include <cmath>

namespace attend {
inline namespace ATTEND_UNIT_NAME {

/// y = x / √(mean(x²) + ε) ∘ weight
///
/// A layer norm without the mean. PyTorch's own ε is that of the type unless one is given; models say 1e-5 or 1e-6.
///
/// Shapes   x (n, d)  weight (d)  →  y (n, d)
/// Given    an executor, or none
/// Throws   when x, d_y or the gradient does not fit the weight, and when epsilon is negative
/// Error    the sum is taken in double: y is off by at most 2 ε max(|x̂|, 1) |weight|, ε the type's. Rows of double
///          whose first number is far out: 5 ε, for d = 1000
/// Edge     a row of zeros gives zeros (with ε = 0 NaN, which is 0/0); NaN makes its own row NaN
/// Cost     about 6 operations a number, x read and y written once; backward 18
/// Source   Zhang & Sennrich 2019, equation 4 (arXiv 1910.07467)
template <class Scalar>
struct RmsNorm {
  static_assert(is_kernel_scalar<Scalar>, "attend: RmsNorm computes in float or double.");

  Vector<Scalar> weight;  ///< (d)
  double epsilon = 1e-5;

  RmsNorm() = default;
  /// weight 1.
  explicit RmsNorm(Index d, double epsilon_of_square = 1e-5)
      : weight(Vector<Scalar>::Ones(d)), epsilon(epsilon_of_square) {}

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
          layer_detail::norm_forward<false>(rows, weight.data(), static_cast<Scalar const*>(nullptr), epsilon, y,
                                            executor);
        },
        given...);
  }

  /// The same where x lies.
  template <class... Given>
  void forward_in_place(Eigen::Ref<Matrix<Scalar>> x, Given&&... given) const {
    check_input(x.rows(), x.cols());
    layer_detail::with_resources(
        [&](auto& executor, Workspace&) {
          layer_detail::norm_forward<false>(layer_detail::Rows<Scalar>(x), weight.data(),
                                            static_cast<Scalar const*>(nullptr), epsilon, x, executor);
        },
        given...);
  }

  /// ∂loss/∂x (n, d) from ∂loss/∂y (n, d); derivatives by the weight are added to `gradient`.
  template <class Tokens, class Derivative, class... Given>
  [[nodiscard]] Matrix<Scalar> backward(Eigen::MatrixBase<Tokens> const& x, Eigen::MatrixBase<Derivative> const& d_y,
                                        RmsNorm& gradient, Given&&... given) const {
    check_input(x.rows(), x.cols());
    check(d_y.rows() == x.rows() && d_y.cols() == d(), "RmsNorm: d_y is (", d_y.rows(), ", ", d_y.cols(),
          "); it must be (", x.rows(), ", ", d(), ").");
    check(gradient.d() == d(), "RmsNorm: the gradient has ", gradient.d(), " weights but the layer ", d(),
          "; start from zeros_like(layer).");
    layer_detail::Rows<Scalar> const rows(x.derived()), d_rows(d_y.derived());
    Matrix<Scalar> d_x(x.rows(), d());
    layer_detail::with_resources(
        [&](auto& executor, Workspace&) {
          layer_detail::norm_backward<false>(rows, d_rows, weight.data(), epsilon, d_x, gradient.weight,
                                             static_cast<Vector<Scalar>*>(nullptr), executor);
        },
        given...);
    return d_x;
  }

  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    function("weight", parameter_span(self.weight));
  }

 private:
  void check_input(Index rows, Index columns) const {
    check(columns == d(), "RmsNorm: x is (", rows, ", ", columns, ") but the weight has ", d(),
          " numbers; x must have as many columns.");
    check(std::isfinite(epsilon) && epsilon >= 0, "RmsNorm: epsilon is ", epsilon, "; it must be 0 or more.");
  }
};

}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
