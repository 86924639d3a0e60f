#pragma once

#include <attend/core/check.hpp>
#include <attend/core/config.hpp>
#include <attend/core/parameters.hpp>
#include <attend/layer/activation.hpp>
#include <attend/layer/linear.hpp>

#include <utility>

namespace attend {
inline namespace ATTEND_UNIT_NAME {

/// One step of long short-term memory, for a batch of rows:
///
///   i = σ(W_i x + b_i + U_i h + c_i)       input gate
///   f = σ(W_f x + b_f + U_f h + c_f)       forget gate
///   g = tanh(W_g x + b_g + U_g h + c_g)    proposal
///   o = σ(W_o x + b_o + U_o h + c_o)       output gate
///   cell' = f ∘ cell + i ∘ g
///   h' = o ∘ tanh(cell')
///
/// Gates lie in the order i, f, g, o in the rows of `input` (W, b) and `recurrent` (U, c), as in PyTorch, whose
/// parameters can be copied. Hochreiter's first version had no forget gate.
///
/// Shapes   x (b, in)  h, cell (b, hidden)  input.weight (4·hidden, in)  recurrent.weight (4·hidden, hidden)
///          →  h', cell' (b, hidden)
/// Throws   when x, a state or a derivative does not fit
/// Cost     4·b·hidden·(in + hidden) multiply-adds forward, twice that backward
/// Source   Hochreiter & Schmidhuber 1997; forget gate: Gers 2000; these gates: Graves 2013, section 2
///          (arXiv 1308.0850), without its peepholes
template <class Scalar>
struct Lstm {
  using Number = Scalar;

  Linear<Scalar> input;      ///< weight (4·hidden, in), bias (4·hidden)
  Linear<Scalar> recurrent;  ///< weight (4·hidden, hidden), bias (4·hidden)

  /// What goes from step to step. The gradient of a state is a state.
  struct State {
    Matrix<Scalar> hidden;  // (b, hidden)
    Matrix<Scalar> cell;    // (b, hidden)
  };
  /// The new state, and what backward needs.
  struct Step {
    State after;
    Matrix<Scalar> gates;     // (b, 4·hidden)  i, f, g, o
    Matrix<Scalar> squashed;  // (b, hidden)    tanh(cell')
  };
  struct StepGradient {
    Matrix<Scalar> input;  // (b, in), or of the projected input (b, 4·hidden)
    State before;
  };

  Lstm() = default;
  /// All parameters 0; see layer/initialize.hpp.
  Lstm(Index in, Index hidden) : input(in, 4 * hidden), recurrent(hidden, 4 * hidden) {}

  [[nodiscard]] Index in() const { return input.in(); }
  [[nodiscard]] Index hidden() const { return recurrent.in(); }
  [[nodiscard]] State zero_state(Index batch) const {
    return {Matrix<Scalar>::Zero(batch, hidden()), Matrix<Scalar>::Zero(batch, hidden())};
  }

  template <class Tokens>
  [[nodiscard]] Step forward(Eigen::MatrixBase<Tokens> const& x, State const& before) const {
    check(x.cols() == in(), "Lstm: x is (", x.rows(), ", ", x.cols(), ") but the cell takes ", in(), " features.");
    return step(input.forward(x), before);
  }
  /// ∂loss/∂x and ∂loss/∂before from ∂loss/∂after; derivatives by parameters are added to `gradient`.
  template <class Tokens>
  [[nodiscard]] StepGradient backward(Eigen::MatrixBase<Tokens> const& x, State const& before, Step const& kept,
                                      State const& d_after, Lstm& gradient) const {
    // The recurrent part is added first; it must not be when x is refused.
    check(x.rows() == kept.gates.rows() && x.cols() == in(), "Lstm: x is (", x.rows(), ", ", x.cols(),
          "); of what forward kept it must be (", kept.gates.rows(), ", ", in(), ").");
    check(gradient.input.in() == in() && gradient.hidden() == hidden(), "Lstm: the gradient takes ",
          gradient.input.in(), " features to ", gradient.hidden(), " but the cell ", in(), " to ", hidden(),
          "; start from zeros_like(cell).");
    StepGradient result = step_backward(before, kept, d_after, gradient);
    result.input = input.backward(x, result.input, gradient.input);
    return result;
  }

  /// The same for an input that is projected already, W x + b (b, 4·hidden): a sequence projects all its steps at once.
  template <class Projected>
  [[nodiscard]] Step step(Eigen::MatrixBase<Projected> const& projected, State const& before) const {
    check_state(before, projected.rows(), "the state");
    check(projected.cols() == 4 * hidden() && recurrent.out() == 4 * hidden(), "Lstm: the projected input has ",
          projected.cols(), " columns and recurrent.weight is (", recurrent.out(), ", ", hidden(),
          "); both must have 4 times the ", hidden(), " hidden features.");
    Index const h = hidden();
    Matrix<Scalar> const sum = projected + recurrent.forward(before.hidden);  // (b, 4·hidden)
    Step kept{{}, Matrix<Scalar>(sum.rows(), 4 * h), {}};
    kept.gates.leftCols(2 * h) = layer_detail::sigmoid(sum.leftCols(2 * h));
    kept.gates.middleCols(2 * h, h) = layer_detail::tanh(sum.middleCols(2 * h, h));
    kept.gates.rightCols(h) = layer_detail::sigmoid(sum.rightCols(h));
    auto const [i, f, g, o] = split(kept.gates);
    kept.after.cell = f.cwiseProduct(before.cell) + i.cwiseProduct(g);
    kept.squashed = layer_detail::tanh(kept.after.cell);
    kept.after.hidden = o.cwiseProduct(kept.squashed);
    return kept;
  }
  [[nodiscard]] StepGradient step_backward(State const& before, Step const& kept, State const& d_after,
                                           Lstm& gradient) const {
    check(kept.gates.cols() == 4 * hidden(), "Lstm: forward kept ", kept.gates.cols(),
          " gates but the cell has 4 times ", hidden(), "; hand in what forward gave.");
    check_state(before, kept.gates.rows(), "the state");
    check_state(d_after, kept.gates.rows(), "d_after");
    Index const h = hidden();
    auto const [i, f, g, o] = split(kept.gates);

    // h' = o ∘ tanh(cell')
    Matrix<Scalar> const d_cell = d_after.cell + layer_detail::tanh_back(kept.squashed, d_after.hidden.cwiseProduct(o));
    // cell' = f ∘ cell + i ∘ g
    Matrix<Scalar> d_gates(kept.gates.rows(), 4 * h);  // by what σ and tanh are handed
    d_gates.leftCols(h) = layer_detail::sigmoid_back(i, d_cell.cwiseProduct(g));
    d_gates.middleCols(h, h) = layer_detail::sigmoid_back(f, d_cell.cwiseProduct(before.cell));
    d_gates.middleCols(2 * h, h) = layer_detail::tanh_back(g, d_cell.cwiseProduct(i));
    d_gates.rightCols(h) = layer_detail::sigmoid_back(o, d_after.hidden.cwiseProduct(kept.squashed));

    State d_before{recurrent.backward(before.hidden, d_gates, gradient.recurrent), d_cell.cwiseProduct(f)};
    return {std::move(d_gates), std::move(d_before)};
  }

  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    attend::each_parameter(self.input, "input", function);
    attend::each_parameter(self.recurrent, "recurrent", function);
  }

 private:
  struct Gates {
    using Columns = Eigen::Block<Matrix<Scalar> const, Eigen::Dynamic, Eigen::Dynamic, false>;
    Columns i, f, g, o;
  };
  [[nodiscard]] Gates split(Matrix<Scalar> const& gates) const {
    Index const h = hidden(), b = gates.rows();
    return {{gates, 0, 0, b, h}, {gates, 0, h, b, h}, {gates, 0, 2 * h, b, h}, {gates, 0, 3 * h, b, h}};
  }
  void check_state(State const& state, Index rows, char const* name) const {
    for (Matrix<Scalar> const* part : {&state.hidden, &state.cell})
      check(part->rows() == rows && part->cols() == hidden(), "Lstm: ", name, " has hidden (", state.hidden.rows(),
            ", ", state.hidden.cols(), ") and cell (", state.cell.rows(), ", ", state.cell.cols(), "); both must be (",
            rows, ", ", hidden(), ").");
  }
};

}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
