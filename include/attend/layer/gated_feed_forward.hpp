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

/// y = W_down (f(W_gate x) ∘ W_up x): a feed-forward layer whose features are let through by a gate.
///
/// With Silu it is SwiGLU, with Gelu GEGLU, with Rectifier ReGLU. Models that use it have no biases and take two thirds
/// of the hidden features, so that the parameters stay as many.
///
/// Shapes   x (n, in)  gate, up (hidden, in)  down (out, hidden)  →  y (n, out)
/// Given    an executor and a workspace, or neither
/// Throws   when x, d_y or what was kept does not fit
/// Cost     n·hidden·(2·in + out) multiply-adds forward, twice that backward; keeps 3·n·hidden numbers
/// Source   Shazeer 2020, equation 6 (arXiv 2002.05202)
template <class Scalar, class Activation = Silu>
struct GatedFeedForward {
  Linear<Scalar> gate;  ///< weight (hidden, in)
  Linear<Scalar> up;    ///< weight (hidden, in)
  Linear<Scalar> down;  ///< weight (out, hidden)
  [[no_unique_address]] Activation activation{};

  struct Kept {
    Matrix<Scalar> output;  // (n, out)
    Matrix<Scalar> gate;    // (n, hidden)  W_gate x
    Matrix<Scalar> up;      // (n, hidden)  W_up x
    Matrix<Scalar> gated;   // (n, hidden)  f(gate) ∘ up
  };

  GatedFeedForward() = default;
  /// All parameters 0; see layer/initialize.hpp. As many features come out as go in.
  GatedFeedForward(Index d, Index hidden, bool with_bias = false, Activation f = Activation())
      : gate(d, hidden, with_bias), up(d, hidden, with_bias), down(hidden, d, with_bias), activation(std::move(f)) {}

  [[nodiscard]] Index in() const { return gate.in(); }
  [[nodiscard]] Index hidden() const { return gate.out(); }
  [[nodiscard]] Index out() const { return down.out(); }

  template <class Tokens, class... Given>
  [[nodiscard]] Kept forward(Eigen::MatrixBase<Tokens> const& x, Given&&... given) const {
    Kept kept;
    forward_into(x, kept, given...);
    return kept;
  }
  /// The same into what an earlier call kept, whose memory serves again.
  template <class Tokens, class... Given>
  void forward_into(Eigen::MatrixBase<Tokens> const& x, Kept& kept, Given&&... given) const {
    check(x.cols() == in() && up.in() == in() && up.out() == hidden() && down.in() == hidden(),
          "GatedFeedForward: x is (", x.rows(), ", ", x.cols(), "), gate takes ", in(), " features to ", hidden(),
          ", up ", up.in(), " to ", up.out(), " and down ", down.in(), " to ", out(),
          "; gate and up must take those of x to the same number, and down must take these.");
    kept.gated.resize(x.rows(), hidden());
    layer_detail::with_resources(
        [&](auto& executor, Workspace& workspace) {
          layer_detail::project_together<Scalar, 2>(x, {&gate, &up}, {&kept.gate, &kept.up}, executor, workspace);
          layer_detail::map_numbers(layer_detail::GateOf<Activation>{activation}, executor, &kept.gated, kept.gate,
                                    kept.up);
        },
        given...);
    down.forward_into(kept.gated, kept.output, given...);
  }

  /// ∂loss/∂x (n, in) from ∂loss/∂y (n, out); derivatives by parameters are added to `gradient`.
  template <class Tokens, class Derivative, class... Given>
  [[nodiscard]] Matrix<Scalar> backward(Eigen::MatrixBase<Tokens> const& x, Kept const& kept,
                                        Eigen::MatrixBase<Derivative> const& d_y, GatedFeedForward& gradient,
                                        Given&&... given) const {
    for (Matrix<Scalar> const* part : {&kept.gate, &kept.up, &kept.gated})
      check(part->rows() == x.rows() && part->cols() == hidden(), "GatedFeedForward: a part of what was kept is (",
            part->rows(), ", ", part->cols(), "); of this x it must be (", x.rows(), ", ", hidden(), ").");
    Matrix<Scalar> const d_gated = down.backward(kept.gated, d_y, gradient.down, given...);  // y = W_down gated
    Matrix<Scalar> d[2] = {Matrix<Scalar>(x.rows(), hidden()), Matrix<Scalar>(x.rows(), hidden())};
    // gated = f(gate) ∘ up
    layer_detail::with_resources(
        [&](auto& executor, Workspace&) {
          layer_detail::map_numbers(layer_detail::GateBack<Activation>{activation}, executor, d, kept.gate, kept.up,
                                    d_gated);
        },
        given...);
    Matrix<Scalar> d_x = gate.backward(x, d[0], gradient.gate, given...);
    d_x += up.backward(x, d[1], gradient.up, given...);
    return d_x;
  }

  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    attend::each_parameter(self.gate, "gate", function);
    attend::each_parameter(self.up, "up", function);
    attend::each_parameter(self.down, "down", function);
  }
};

/// Touvron 2023, section 2.2 (arXiv 2302.13971): what most language models of today use.
template <class Scalar>
using SwiGlu = GatedFeedForward<Scalar, Silu>;

}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
