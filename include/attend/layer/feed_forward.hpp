#pragma once

#include <attend/core/check.hpp>
#include <attend/core/config.hpp>
#include <attend/core/parameters.hpp>
#include <attend/layer/activate.hpp>
#include <attend/layer/activation_kinds.hpp>
#include <attend/layer/linear.hpp>

#include <utility>

namespace attend {
inline namespace ATTEND_UNIT_NAME {

/// y = W₂ f(W₁ x + b₁) + b₂, each token by itself: the layer between two attentions.
///
/// f is an activation (layer/activation_kinds.hpp, or a lambda's type): Rectifier as in the paper, Gelu, GeluTanh,
/// Silu.
///
/// Shapes   x (n, in)  expand (hidden, in)  contract (out, hidden)  →  y (n, out)
/// Given    an executor and a workspace, or neither
/// Throws   when x, d_y or what was kept does not fit
/// Cost     n·hidden·(in + out) multiply-adds forward, twice that backward; keeps 2·n·hidden numbers
/// Source   Vaswani 2017, equation 2 (arXiv 1706.03762)
template <class Scalar, class Activation = Rectifier>
struct FeedForward {
  Linear<Scalar> expand;    ///< weight (hidden, in), bias (hidden)
  Linear<Scalar> contract;  ///< weight (out, hidden), bias (out)
  [[no_unique_address]] Activation activation{};

  struct Kept {
    Matrix<Scalar> output;     // (n, out)
    Matrix<Scalar> expanded;   // (n, hidden)  W₁ x + b₁
    Matrix<Scalar> activated;  // (n, hidden)  f of it
  };

  FeedForward() = default;
  /// All parameters 0; see layer/initialize.hpp. As many features come out as go in.
  FeedForward(Index d, Index hidden, bool with_bias = true, Activation f = Activation())
      : expand(d, hidden, with_bias), contract(hidden, d, with_bias), activation(std::move(f)) {}

  [[nodiscard]] Index in() const { return expand.in(); }
  [[nodiscard]] Index hidden() const { return expand.out(); }
  [[nodiscard]] Index out() const { return contract.out(); }

  template <class Tokens, class... Given>
  [[nodiscard]] Kept forward(Eigen::MatrixBase<Tokens> const& x, Given&&... given) const {
    Kept kept;
    forward_into(x, kept, given...);
    return kept;
  }
  /// The same into what an earlier call kept, whose memory serves again.
  template <class Tokens, class... Given>
  void forward_into(Eigen::MatrixBase<Tokens> const& x, Kept& kept, Given&&... given) const {
    check(x.cols() == in() && contract.in() == hidden(), "FeedForward: x is (", x.rows(), ", ", x.cols(),
          "), expand takes ", in(), " features to ", hidden(), " and contract ", contract.in(), " to ", out(),
          "; each must take what the one before gives.");
    expand.forward_into(x, kept.expanded, given...);
    activate_into(activation, kept.expanded, kept.activated, given...);
    contract.forward_into(kept.activated, kept.output, given...);
  }

  /// ∂loss/∂x (n, in) from ∂loss/∂y (n, out); derivatives by parameters are added to `gradient`.
  template <class Tokens, class Derivative, class... Given>
  [[nodiscard]] Matrix<Scalar> backward(Eigen::MatrixBase<Tokens> const& x, Kept const& kept,
                                        Eigen::MatrixBase<Derivative> const& d_y, FeedForward& gradient,
                                        Given&&... given) const {
    check(kept.expanded.rows() == x.rows() && kept.expanded.cols() == hidden() && kept.activated.rows() == x.rows() &&
              kept.activated.cols() == hidden(),
          "FeedForward: kept.expanded is (", kept.expanded.rows(), ", ", kept.expanded.cols(), ") and kept.activated (",
          kept.activated.rows(), ", ", kept.activated.cols(), "); of this x both must be (", x.rows(), ", ", hidden(),
          ").");
    // y = W₂ f(…) + b₂
    Matrix<Scalar> const d_activated = contract.backward(kept.activated, d_y, gradient.contract, given...);
    return expand.backward(x, activate_backward(activation, kept.expanded, d_activated, given...), gradient.expand,
                           given...);
  }

  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    attend::each_parameter(self.expand, "expand", function);
    attend::each_parameter(self.contract, "contract", function);
  }
};

}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
