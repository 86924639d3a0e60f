#pragma once

#include <attend/core/check.hpp>
#include <attend/core/math.hpp>
#include <attend/core/parameters.hpp>

#include <string_view>

namespace attend {

/// How much of the attended context a step uses: out = β · context, β = σ(wᵀh + c), one number a step.
///
/// Shapes   h (n, d), the decoder's state before the step  context (n, e)  →  β (n)  out (n, e)
/// Throws   when h does not have d columns, or h and context differ in rows
/// Source   Xu 2015, section 4.2.1, f_β linear (arXiv 1502.03044)
template <class Scalar>
struct ContextGate {
  Vector<Scalar> weight;  ///< w (d)
  Scalar bias = 0;        ///< c

  struct Kept {
    Matrix<Scalar> output;  // (n, e)
    Vector<Scalar> gate;    // β (n)
  };
  struct Gradient {
    Matrix<Scalar> state;    // (n, d)
    Matrix<Scalar> context;  // (n, e)
  };

  ContextGate() = default;
  explicit ContextGate(Index features) : weight(Vector<Scalar>::Zero(features)) {}

  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    function("weight", parameter_span(self.weight));
    function("bias", parameter_span(self.bias));
  }

  [[nodiscard]] Kept forward(Matrix<Scalar> const& state, Matrix<Scalar> const& context) const {
    check(state.cols() == weight.size(), "ContextGate: the state has ", state.cols(), " columns but the weight has ",
          weight.size(), " numbers; there must be one for each feature.");
    check(state.rows() == context.rows(), "ContextGate: the state has ", state.rows(), " rows but the context has ",
          context.rows(), "; there must be one of each for every step.");
    Vector<Scalar> const gate =
        ((state * weight).array() + bias).unaryExpr([](Scalar x) { return sigmoid(x); }).matrix();
    return {gate.asDiagonal() * context, gate};
  }

  /// The gradients of state and context; those of weight and bias are added to `gradient`.
  [[nodiscard]] Gradient backward(Matrix<Scalar> const& state, Matrix<Scalar> const& context, Kept const& kept,
                                  Matrix<Scalar> const& d_output, ContextGate& gradient) const {
    check(d_output.rows() == context.rows() && d_output.cols() == context.cols(), "ContextGate: d_output is (",
          d_output.rows(), ", ", d_output.cols(), "); it must be that of the context, (", context.rows(), ", ",
          context.cols(), ").");
    check(state.cols() == weight.size() && state.rows() == context.rows() && kept.gate.size() == context.rows() &&
              gradient.weight.size() == weight.size(),
          "ContextGate: backward was handed other sizes than forward.");
    // out = β · context
    Vector<Scalar> const d_gate = d_output.cwiseProduct(context).rowwise().sum();
    // β = σ(wᵀh + c)
    Vector<Scalar> const d_sum = (d_gate.array() * kept.gate.array() * (Scalar(1) - kept.gate.array())).matrix();
    gradient.weight += state.transpose() * d_sum;
    gradient.bias += d_sum.sum();
    return {d_sum * weight.transpose(), kept.gate.asDiagonal() * d_output};
  }
};

}  // namespace attend
