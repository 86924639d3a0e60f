#pragma once

#include <attend/core/check.hpp>
#include <attend/core/config.hpp>
#include <attend/core/parameters.hpp>
#include <attend/layer/product.hpp>

#include <array>
#include <cstddef>

namespace attend {
inline namespace ATTEND_UNIT_NAME {

/// y = x Wᵀ + b
///
/// A linear map, affine with its bias: it changes size and direction of tokens and normalises nothing.
///
/// Shapes   x (n, in)  weight (out, in)  bias (out), or empty  →  y (n, out)
/// Given    an executor and a workspace, or neither
/// Throws   when x or d_y does not fit the weight
/// Cost     n·in·out multiply-adds forward, twice that backward
template <class Scalar>
struct Linear {
  Matrix<Scalar> weight;  ///< (out, in)
  Vector<Scalar> bias;    ///< (out), or empty

  Linear() = default;
  /// All parameters 0; see layer/initialize.hpp.
  Linear(Index in, Index out, bool with_bias = true)
      : weight(Matrix<Scalar>::Zero(out, in)), bias(Vector<Scalar>::Zero(with_bias ? out : 0)) {}

  [[nodiscard]] Index in() const { return weight.cols(); }
  [[nodiscard]] Index out() const { return weight.rows(); }

  template <class Tokens, class... Given>
  [[nodiscard]] Matrix<Scalar> forward(Eigen::MatrixBase<Tokens> const& x, Given&&... given) const {
    Matrix<Scalar> y;
    forward_into(x, y, given...);
    return y;
  }
  /// The same into a matrix that is given its size: no heap use where it has it and a warm workspace is handed in.
  template <class Tokens, class... Given>
  void forward_into(Eigen::MatrixBase<Tokens> const& x, Matrix<Scalar>& y, Given&&... given) const {
    check_input(x.rows(), x.cols());
    layer_detail::with_resources(
        [&](auto& executor, Workspace& workspace) {
          layer_detail::project_into(x, weight, bias, y, executor, workspace);  // (n, out)
        },
        given...);
  }

  /// ∂loss/∂x (n, in) from ∂loss/∂y (n, out); ∂loss/∂weight and ∂loss/∂bias are added to `gradient`.
  template <class Tokens, class Derivative, class... Given>
  [[nodiscard]] Matrix<Scalar> backward(Eigen::MatrixBase<Tokens> const& x, Eigen::MatrixBase<Derivative> const& d_y,
                                        Linear& gradient, Given&&... given) const {
    check_input(x.rows(), x.cols());
    check(d_y.rows() == x.rows() && d_y.cols() == out(), "Linear: d_y is (", d_y.rows(), ", ", d_y.cols(),
          "); it must be (", x.rows(), ", ", out(), ").");
    check(gradient.weight.rows() == out() && gradient.weight.cols() == in() && gradient.bias.size() == bias.size(),
          "Linear: the gradient has weight (", gradient.weight.rows(), ", ", gradient.weight.cols(), ") and bias (",
          gradient.bias.size(), ") but the layer (", out(), ", ", in(), ") and (", bias.size(),
          "); start from zeros_like(layer).");
    Matrix<Scalar> d_x;
    layer_detail::with_resources(
        [&](auto& executor, Workspace& workspace) {
          layer_detail::add_outer(gradient.weight, d_y, x, executor, workspace);  // y = x Wᵀ
          layer_detail::project_back_into(d_y, weight, d_x, executor, workspace);
          if (bias.size() > 0) layer_detail::add_row_sums(gradient.bias, d_y, executor);  // … + b
        },
        given...);
    return d_x;
  }

  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    function("weight", parameter_span(self.weight));
    function("bias", parameter_span(self.bias));
  }

  /// Throws   when the layer cannot take x of that size, or its own parameters do not fit each other
  void check_input(Index rows, Index columns) const {
    check(columns == in(), "Linear: x is (", rows, ", ", columns, ") but the weight is (", out(), ", ", in(),
          "); x must have ", in(), " columns.");
    check(bias.size() == 0 || bias.size() == out(), "Linear: the weight is (", out(), ", ", in(), ") but the bias has ",
          bias.size(), " numbers; it must have ", out(), " or none.");
  }
};

namespace layer_detail {

/// Several maps of the same tokens as one product, for which the tokens are read once: y_i = x W_iᵀ + b_i
template <class Scalar, std::size_t count, class Tokens, class Executor>
void project_together(Eigen::MatrixBase<Tokens> const& x, std::array<Linear<Scalar> const*, count> const& maps,
                      std::array<Matrix<Scalar>*, count> const& ys, Executor& executor, Workspace& workspace) {
  for (std::size_t i = 0; i < count; ++i) {
    maps[i]->check_input(x.rows(), x.cols());
    ys[i]->resize(x.rows(), maps[i]->out());
  }
  if constexpr (has_kernel<Scalar>) {
    std::array<kernel::Factor<Scalar, Scalar>, count> factors;
    for (std::size_t i = 0; i < count; ++i)
      factors[i] = {view_of(maps[i]->weight), mutable_view_of(*ys[i]),
                    maps[i]->bias.size() == 0 ? nullptr : maps[i]->bias.data()};
    decltype(auto) tokens = in_memory(x);
    kernel::multiply(kernel::Product<Scalar, Scalar, Scalar>{View<Scalar>(view_of(tokens)), factors}, executor,
                     workspace);
  } else {
    for (std::size_t i = 0; i < count; ++i) maps[i]->forward_into(x, *ys[i], executor, workspace);
  }
}

}  // namespace layer_detail

}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
