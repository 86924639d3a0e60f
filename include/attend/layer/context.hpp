#pragma once

#include <attend/core/check.hpp>
#include <attend/core/config.hpp>
#include <attend/core/parameters.hpp>
#include <attend/layer/activation.hpp>
#include <attend/layer/linear.hpp>

#include <utility>

/// What becomes of a context vector c, the output of attention, beside the state h that asked for it. Each is a learned
/// object with
///
///   forward(context, state)                       → kept, with kept.output
///   backward(context, state, kept, d_output, gradient) → {context, state}
///
/// c can also be input of a recurrent cell, as it is or through a gate: see layer/bahdanau_step.hpp.

namespace attend {
inline namespace ATTEND_UNIT_NAME {

/// ∂loss/∂context and ∂loss/∂state.
template <class Scalar>
struct ContextGradient {
  Matrix<Scalar> context;  // (n, e)
  Matrix<Scalar> state;    // (n, hidden)
};

namespace layer_detail {

template <class Scalar>
void check_context(char const* name, Matrix<Scalar> const& context, Matrix<Scalar> const& state, Index e,
                   Index hidden) {
  check(context.cols() == e && state.cols() == hidden && context.rows() == state.rows(), name, ": the context is (",
        context.rows(), ", ", context.cols(), ") and the state (", state.rows(), ", ", state.cols(),
        "); they must be (n, ", e, ") and (n, ", hidden, ").");
}
template <class Scalar>
void check_derivative(char const* name, Matrix<Scalar> const& d_output, Matrix<Scalar> const& output) {
  check(d_output.rows() == output.rows() && d_output.cols() == output.cols(), name, ": d_output is (", d_output.rows(),
        ", ", d_output.cols(), "); it must be (", output.rows(), ", ", output.cols(), ").");
}

}  // namespace layer_detail

/// As it is:  output = context
///
/// Source   Bahdanau 2015, A.1.2, where c is input of the cell (arXiv 1409.0473)
template <class Scalar>
struct BareContext {
  struct Forward {
    Matrix<Scalar> output;  // (n, e)
  };

  [[nodiscard]] Forward forward(Matrix<Scalar> const& context, Matrix<Scalar> const& state) const {
    layer_detail::check_context("BareContext", context, state, context.cols(), state.cols());
    return {context};
  }
  [[nodiscard]] ContextGradient<Scalar> backward(Matrix<Scalar> const& /*context*/, Matrix<Scalar> const& state,
                                                 Forward const& kept, Matrix<Scalar> const& d_output,
                                                 BareContext& /*gradient*/) const {
    layer_detail::check_derivative("BareContext", d_output, kept.output);
    return {d_output, Matrix<Scalar>::Zero(state.rows(), state.cols())};
  }

  template <class Self, class Function>
  static void each_parameter(Self&, Function&&) {}
};

/// By concatenation:  output = tanh(W [context; state])
///
/// Luong's has no bias. In input feeding this output is also part of the next step's input.
///
/// Shapes   context (n, e)  state (n, hidden)  combine.weight (out, e + hidden)  →  output (n, out)
/// Source   Luong 2015, equation 5 (arXiv 1508.04025)
template <class Scalar>
struct ConcatContext {
  Linear<Scalar> combine;

  struct Forward {
    Matrix<Scalar> output;  // (n, out)
    Matrix<Scalar> joined;  // (n, e + hidden)
  };

  ConcatContext() = default;
  ConcatContext(Index e, Index hidden, Index out, bool with_bias = false) : combine(e + hidden, out, with_bias) {}

  [[nodiscard]] Forward forward(Matrix<Scalar> const& context, Matrix<Scalar> const& state) const {
    check(context.rows() == state.rows() && context.cols() + state.cols() == combine.in(),
          "ConcatContext: the context is (", context.rows(), ", ", context.cols(), ") and the state (", state.rows(),
          ", ", state.cols(), "); they must have the same rows and ", combine.in(), " columns together.");
    Matrix<Scalar> joined(context.rows(), combine.in());
    joined << context, state;
    Matrix<Scalar> output = layer_detail::tanh(combine.forward(joined));
    return {std::move(output), std::move(joined)};
  }
  [[nodiscard]] ContextGradient<Scalar> backward(Matrix<Scalar> const& context, Matrix<Scalar> const& state,
                                                 Forward const& kept, Matrix<Scalar> const& d_output,
                                                 ConcatContext& gradient) const {
    layer_detail::check_derivative("ConcatContext", d_output, kept.output);
    Matrix<Scalar> const d_joined =
        combine.backward(kept.joined, layer_detail::tanh_back(kept.output, d_output), gradient.combine);
    return {d_joined.leftCols(context.cols()), d_joined.rightCols(state.cols())};
  }

  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    attend::each_parameter(self.combine, "combine", function);
  }
};

/// By addition:  output = context + state
///
/// Repeated, this is how a question gathers evidence over several rounds; it is the residual connection of a
/// Transformer block.
///
/// Shapes   context, state (n, d)  →  output (n, d)
/// Source   Sukhbaatar 2015, equation 4 (arXiv 1503.08895); Yang 2016, equation 18 (1511.02274)
template <class Scalar>
struct AddContext {
  struct Forward {
    Matrix<Scalar> output;  // (n, d)
  };

  [[nodiscard]] Forward forward(Matrix<Scalar> const& context, Matrix<Scalar> const& state) const {
    layer_detail::check_context("AddContext", context, state, state.cols(), context.cols());
    return {context + state};
  }
  [[nodiscard]] ContextGradient<Scalar> backward(Matrix<Scalar> const& /*context*/, Matrix<Scalar> const& /*state*/,
                                                 Forward const& kept, Matrix<Scalar> const& d_output,
                                                 AddContext& /*gradient*/) const {
    layer_detail::check_derivative("AddContext", d_output, kept.output);
    return {d_output, d_output};
  }

  template <class Self, class Function>
  static void each_parameter(Self&, Function&&) {}
};

/// Through a gate of the state:  output = β ∘ context,  β = σ(W state + b)
///
/// The state decides how much of what was found is let in. One number β a row is Xu's; a gate of e numbers lets each
/// feature in by itself.
///
/// Shapes   context (n, e)  state (n, hidden)  gate.weight (1 or e, hidden)  →  output (n, e)
/// Source   Xu 2015, section 4.2.1: β_t = σ(f_β(h_{t−1})) (arXiv 1502.03044)
template <class Scalar>
struct GatedContext {
  Linear<Scalar> gate;

  struct Forward {
    Matrix<Scalar> output;  // (n, e)
    Matrix<Scalar> gate;    // (n, 1 or e)  β
  };

  GatedContext() = default;
  GatedContext(Index hidden, Index gates) : gate(hidden, gates) {}

  [[nodiscard]] Forward forward(Matrix<Scalar> const& context, Matrix<Scalar> const& state) const {
    layer_detail::check_context("GatedContext", context, state, gate.out() == 1 ? context.cols() : gate.out(),
                                gate.in());
    Matrix<Scalar> beta = layer_detail::sigmoid(gate.forward(state));
    Matrix<Scalar> output = context.cwiseProduct(widened(beta, context.cols()));
    return {std::move(output), std::move(beta)};
  }
  [[nodiscard]] ContextGradient<Scalar> backward(Matrix<Scalar> const& context, Matrix<Scalar> const& state,
                                                 Forward const& kept, Matrix<Scalar> const& d_output,
                                                 GatedContext& gradient) const {
    layer_detail::check_derivative("GatedContext", d_output, kept.output);
    // output = β ∘ context
    Matrix<Scalar> d_gate = d_output.cwiseProduct(context);
    if (gate.out() == 1) d_gate = d_gate.rowwise().sum().eval();
    return {d_output.cwiseProduct(widened(kept.gate, context.cols())),
            gate.backward(state, layer_detail::sigmoid_back(kept.gate, d_gate), gradient.gate)};
  }

  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    attend::each_parameter(self.gate, "gate", function);
  }

 private:
  [[nodiscard]] static Matrix<Scalar> widened(Matrix<Scalar> const& beta, Index e) {
    return beta.cols() == e ? beta : Matrix<Scalar>(beta.replicate(1, e));
  }
};

}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
