#pragma once

#include <attend/core/check.hpp>
#include <attend/core/config.hpp>
#include <attend/core/parameters.hpp>
#include <attend/layer/activation.hpp>
#include <attend/layer/linear.hpp>

#include <utility>

namespace attend {
inline namespace ATTEND_UNIT_NAME {

/// One step of a gated recurrent unit, for a batch of rows:
///
///   r = σ(W_r x + b_r + U_r h + c_r)              reset gate
///   z = σ(W_z x + b_z + U_z h + c_z)              update gate
///   n = tanh(W_n x + b_n + r ∘ (U_n h + c_n))     proposal
///   h' = (1 − z) ∘ n + z ∘ h
///
/// Gates lie in the order r, z, n in the rows of `input` (W, b) and `recurrent` (U, c), as in PyTorch, whose parameters
/// can be copied. Cho's paper resets h before the product, U_n (r ∘ h), and lets z and 1 − z change places.
///
/// Shapes   x (b, in)  h (b, hidden)  input.weight (3·hidden, in)  recurrent.weight (3·hidden, hidden)
///          →  h' (b, hidden)
/// Throws   when x, h or a derivative does not fit
/// Cost     3·b·hidden·(in + hidden) multiply-adds forward, twice that backward
/// Source   Cho 2014, equations 5–8 (arXiv 1406.1078); Chung 2014, equations 4–7 (1412.3555)
template <class Scalar>
struct Gru {
  using Number = Scalar;

  Linear<Scalar> input;      ///< weight (3·hidden, in), bias (3·hidden)
  Linear<Scalar> recurrent;  ///< weight (3·hidden, hidden), bias (3·hidden)

  /// What goes from step to step. The gradient of a state is a state.
  struct State {
    Matrix<Scalar> hidden;  // (b, hidden)
  };
  /// The new state, and what backward needs.
  struct Step {
    State after;
    Matrix<Scalar> gates;     // (b, 3·hidden)  r, z, n
    Matrix<Scalar> recalled;  // (b, hidden)    U_n h + c_n
  };
  struct StepGradient {
    Matrix<Scalar> input;  // (b, in), or of the projected input (b, 3·hidden)
    State before;
  };

  Gru() = default;
  /// All parameters 0; see layer/initialize.hpp.
  Gru(Index in, Index hidden) : input(in, 3 * hidden), recurrent(hidden, 3 * hidden) {}

  [[nodiscard]] Index in() const { return input.in(); }
  [[nodiscard]] Index hidden() const { return recurrent.in(); }
  [[nodiscard]] State zero_state(Index batch) const { return {Matrix<Scalar>::Zero(batch, hidden())}; }

  template <class Tokens>
  [[nodiscard]] Step forward(Eigen::MatrixBase<Tokens> const& x, State const& before) const {
    check(x.cols() == in(), "Gru: x is (", x.rows(), ", ", x.cols(), ") but the cell takes ", in(), " features.");
    return step(input.forward(x), before);
  }
  /// ∂loss/∂x and ∂loss/∂before from ∂loss/∂after; derivatives by parameters are added to `gradient`.
  template <class Tokens>
  [[nodiscard]] StepGradient backward(Eigen::MatrixBase<Tokens> const& x, State const& before, Step const& kept,
                                      State const& d_after, Gru& gradient) const {
    // The recurrent part is added first; it must not be when x is refused.
    check(x.rows() == kept.gates.rows() && x.cols() == in(), "Gru: x is (", x.rows(), ", ", x.cols(),
          "); of what forward kept it must be (", kept.gates.rows(), ", ", in(), ").");
    check(gradient.input.in() == in() && gradient.hidden() == hidden(), "Gru: the gradient takes ", gradient.input.in(),
          " features to ", gradient.hidden(), " but the cell ", in(), " to ", hidden(),
          "; start from zeros_like(cell).");
    StepGradient result = step_backward(before, kept, d_after, gradient);
    result.input = input.backward(x, result.input, gradient.input);
    return result;
  }

  /// The same for an input that is projected already, W x + b (b, 3·hidden): a sequence projects all its steps at once.
  template <class Projected>
  [[nodiscard]] Step step(Eigen::MatrixBase<Projected> const& projected, State const& before) const {
    check_state(before, projected.rows(), "the state");
    check(projected.cols() == 3 * hidden() && recurrent.out() == 3 * hidden(), "Gru: the projected input has ",
          projected.cols(), " columns and recurrent.weight is (", recurrent.out(), ", ", hidden(),
          "); both must have 3 times the ", hidden(), " hidden features.");
    Index const h = hidden();
    Matrix<Scalar> const from_state = recurrent.forward(before.hidden);  // (b, 3·hidden)
    Step kept{{Matrix<Scalar>()}, Matrix<Scalar>(projected.rows(), 3 * h), from_state.rightCols(h)};
    kept.gates.leftCols(2 * h) = layer_detail::sigmoid(projected.leftCols(2 * h) + from_state.leftCols(2 * h));
    auto const r = kept.gates.leftCols(h), z = kept.gates.middleCols(h, h);
    kept.gates.rightCols(h) = layer_detail::tanh(projected.rightCols(h) + r.cwiseProduct(kept.recalled));
    auto const n = kept.gates.rightCols(h);
    kept.after.hidden = n + z.cwiseProduct(before.hidden - n);
    return kept;
  }
  [[nodiscard]] StepGradient step_backward(State const& before, Step const& kept, State const& d_after,
                                           Gru& gradient) const {
    check(kept.gates.cols() == 3 * hidden(), "Gru: forward kept ", kept.gates.cols(),
          " gates but the cell has 3 times ", hidden(), "; hand in what forward gave.");
    check_state(before, kept.gates.rows(), "the state");
    check_state(d_after, kept.gates.rows(), "d_after");
    Index const h = hidden();
    auto const r = kept.gates.leftCols(h), z = kept.gates.middleCols(h, h), n = kept.gates.rightCols(h);
    Matrix<Scalar> const& d_h = d_after.hidden;

    // h' = (1 − z) ∘ n + z ∘ h
    Matrix<Scalar> const one_minus_z = Scalar(1) - z.array();
    Matrix<Scalar> d_gates(kept.gates.rows(), 3 * h);  // by what σ and tanh are handed
    d_gates.middleCols(h, h) = layer_detail::sigmoid_back(z, d_h.cwiseProduct(before.hidden - n));
    d_gates.rightCols(h) = layer_detail::tanh_back(n, d_h.cwiseProduct(one_minus_z));
    // n = tanh(W_n x + b_n + r ∘ recalled)
    auto const d_n = d_gates.rightCols(h);
    d_gates.leftCols(h) = layer_detail::sigmoid_back(r, d_n.cwiseProduct(kept.recalled));

    Matrix<Scalar> d_from_state = d_gates;
    d_from_state.rightCols(h).array() *= r.array();
    State d_before{d_h.cwiseProduct(z) + recurrent.backward(before.hidden, d_from_state, gradient.recurrent)};
    return {std::move(d_gates), std::move(d_before)};
  }

  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    attend::each_parameter(self.input, "input", function);
    attend::each_parameter(self.recurrent, "recurrent", function);
  }

 private:
  void check_state(State const& state, Index rows, char const* name) const {
    check(state.hidden.rows() == rows && state.hidden.cols() == hidden(), "Gru: ", name, " is (", state.hidden.rows(),
          ", ", state.hidden.cols(), "); it must be (", rows, ", ", hidden(), ").");
  }
};

}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
