#pragma once

#include <attend/core/check.hpp>
#include <attend/core/config.hpp>
#include <attend/core/parameters.hpp>
#include <attend/layer/activation.hpp>
#include <attend/layer/linear.hpp>

#include <utility>

namespace attend {
inline namespace ATTEND_UNIT_NAME {

/// s_t = g_t ∘ tanh(m_t),  g_t = σ(W_x x_t + W_h h_{t−1} + b): what a decoder knows already, in place of what it could
/// look at. m is the memory cell of an Lstm.
///
/// SentinelAttention decides how much of it is taken.
///
/// Shapes   x (n, in)  h (n, hidden)  m (n, hidden)  →  s (n, hidden)
/// Throws   when x, h, m or a derivative does not fit
/// Cost     n·hidden·(in + hidden) multiply-adds
/// Source   Lu 2017, equations 9 and 10 (arXiv 1612.01887)
template <class Scalar>
struct Sentinel {
  Linear<Scalar> input;      ///< weight (hidden, in), bias (hidden)
  Linear<Scalar> recurrent;  ///< weight (hidden, hidden), no bias

  struct Forward {
    Matrix<Scalar> output;  // (n, hidden)  s
    Matrix<Scalar> gate;    // (n, hidden)  g
    Matrix<Scalar> memory;  // (n, hidden)  tanh(m)
  };
  struct Gradient {
    Matrix<Scalar> input;   // (n, in)
    Matrix<Scalar> hidden;  // (n, hidden), by h_{t−1}
    Matrix<Scalar> memory;  // (n, hidden), by m_t
  };

  Sentinel() = default;
  /// All parameters 0; see layer/initialize.hpp.
  Sentinel(Index in, Index hidden) : input(in, hidden), recurrent(hidden, hidden, false) {}

  [[nodiscard]] Forward forward(Matrix<Scalar> const& x, Matrix<Scalar> const& hidden,
                                Matrix<Scalar> const& memory) const {
    check(x.rows() == hidden.rows() && memory.rows() == hidden.rows() && memory.cols() == input.out(),
          "Sentinel: x has ", x.rows(), " rows, h is (", hidden.rows(), ", ", hidden.cols(), ") and m (", memory.rows(),
          ", ", memory.cols(), "); all must have the same rows, and m ", input.out(), " columns.");
    Matrix<Scalar> gate = layer_detail::sigmoid(input.forward(x) + recurrent.forward(hidden));
    Matrix<Scalar> squashed = layer_detail::tanh(memory);
    Matrix<Scalar> output = gate.cwiseProduct(squashed);
    return {std::move(output), std::move(gate), std::move(squashed)};
  }

  /// From ∂loss/∂s (n, hidden); derivatives by parameters are added to `gradient`.
  [[nodiscard]] Gradient backward(Matrix<Scalar> const& x, Matrix<Scalar> const& hidden, Forward const& kept,
                                  Matrix<Scalar> const& d_output, Sentinel& gradient) const {
    check(d_output.rows() == kept.output.rows() && d_output.cols() == kept.output.cols(), "Sentinel: d_output is (",
          d_output.rows(), ", ", d_output.cols(), "); it must be (", kept.output.rows(), ", ", kept.output.cols(),
          ").");
    check(x.rows() == kept.output.rows() && hidden.rows() == kept.output.rows() && hidden.cols() == recurrent.in(),
          "Sentinel: x has ", x.rows(), " rows and h is (", hidden.rows(), ", ", hidden.cols(),
          "); of what forward kept both must have ", kept.output.rows(), " rows, and h ", recurrent.in(), " columns.");
    // s = g ∘ tanh(m)
    Matrix<Scalar> const d_gate = layer_detail::sigmoid_back(kept.gate, d_output.cwiseProduct(kept.memory));
    return {input.backward(x, d_gate, gradient.input), recurrent.backward(hidden, d_gate, gradient.recurrent),
            layer_detail::tanh_back(kept.memory, d_output.cwiseProduct(kept.gate))};
  }

  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    attend::each_parameter(self.input, "input", function);
    attend::each_parameter(self.recurrent, "recurrent", function);
  }
};

}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
