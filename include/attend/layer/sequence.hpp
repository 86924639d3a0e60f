#pragma once

#include <attend/core/check.hpp>
#include <attend/core/config.hpp>
#include <attend/core/parameters.hpp>

#include <string_view>
#include <utility>
#include <vector>

namespace attend {
inline namespace ATTEND_UNIT_NAME {

namespace layer_detail {

/// Step t of b sequences that lie one after another: rows t, steps + t, 2·steps + t, … of x (b·steps, features).
template <class Scalar>
[[nodiscard]] auto rows_of_step(Matrix<Scalar> const& x, Index batch, Index t) {
  Index const steps = x.rows() / batch;
  return Eigen::Map<Matrix<Scalar> const, 0, Eigen::OuterStride<>>(x.data() + t * x.cols(), batch, x.cols(),
                                                                   Eigen::OuterStride<>(steps * x.cols()));
}
template <class Scalar>
[[nodiscard]] auto rows_of_step(Matrix<Scalar>& x, Index batch, Index t) {
  Index const steps = x.rows() / batch;
  return Eigen::Map<Matrix<Scalar>, 0, Eigen::OuterStride<>>(x.data() + t * x.cols(), batch, x.cols(),
                                                             Eigen::OuterStride<>(steps * x.cols()));
}

}  // namespace layer_detail

/// From the first step to the last, or the other way round: what a bidirectional encoder also reads.
enum class Reading { forwards, backwards };

/// A cell (Gru, Lstm) run over time:  state_t = cell(x_t, state_{t−1}),  output_t = hidden part of state_t.
///
/// Several sequences of one length are a batch: they lie one after another in the rows, as everywhere in attend. The
/// output of a step stands in the row of its input, in whichever direction the sequence is read.
///
/// Shapes   x (b·steps, in)  initial state (b, hidden)  →  output (b·steps, hidden)
/// Throws   when x does not fit the cell or does not divide into b sequences
/// Edge     no steps: no output, and the last state is the first
/// Cost     steps times the cell's; inputs are projected in one product. Backward through all steps keeps each
///          step's gates
/// Source   back-propagation through time: Werbos 1990; both directions: Schuster & Paliwal 1997
template <class Cell>
struct Sequence {
  using Scalar = typename Cell::Number;
  using State = typename Cell::State;

  Cell cell;
  Reading reading = Reading::forwards;

  /// What a forward pass gives, and what backward needs.
  struct Forward {
    Matrix<Scalar> output;  // (b·steps, hidden)
    State initial;
    std::vector<typename Cell::Step> steps;  // in the order of computation

    /// The state after the last step that was computed.
    [[nodiscard]] State const& last() const { return steps.empty() ? initial : steps.back().after; }
  };
  struct Gradient {
    Matrix<Scalar> input;  // (b·steps, in)
    State initial;
  };

  [[nodiscard]] Forward forward(Matrix<Scalar> const& x, State initial) const {
    Index const batch = initial.hidden.rows();
    check(x.cols() == cell.in(), "Sequence: x is (", x.rows(), ", ", x.cols(), ") but the cell takes ", cell.in(),
          " features.");
    check(batch > 0 && x.rows() % batch == 0, "Sequence: x has ", x.rows(), " rows, which do not divide into the ",
          batch, " sequences of the initial state.");
    Index const steps = x.rows() / batch;
    Matrix<Scalar> const projected = cell.input.forward(x);  // (b·steps, gates)
    Forward kept{Matrix<Scalar>(x.rows(), cell.hidden()), std::move(initial), {}};
    kept.steps.reserve(static_cast<std::size_t>(steps));
    for (Index step = 0; step < steps; ++step) {
      Index const t = time_of(step, steps);
      kept.steps.push_back(cell.step(layer_detail::rows_of_step(projected, batch, t), kept.last()));
      layer_detail::rows_of_step(kept.output, batch, t) = kept.last().hidden;
    }
    return kept;
  }
  /// From zero states.
  [[nodiscard]] Forward forward(Matrix<Scalar> const& x, Index batch = 1) const {
    check(batch > 0, "Sequence: x has ", x.rows(), " rows for ", batch, " sequences; there must be at least one.");
    return forward(x, cell.zero_state(batch));
  }

  /// From ∂loss/∂output and ∂loss/∂(last state); derivatives by parameters are added to `gradient`.
  [[nodiscard]] Gradient backward(Matrix<Scalar> const& x, Forward const& kept, Matrix<Scalar> const& d_output,
                                  State d_last, Sequence& gradient) const {
    check(x.rows() == kept.output.rows() && x.cols() == cell.in(), "Sequence: x is (", x.rows(), ", ", x.cols(),
          "); of what forward kept it must be (", kept.output.rows(), ", ", cell.in(), ").");
    check(d_output.rows() == kept.output.rows() && d_output.cols() == kept.output.cols(), "Sequence: d_output is (",
          d_output.rows(), ", ", d_output.cols(), "); it must be (", kept.output.rows(), ", ", kept.output.cols(),
          ").");
    Index const batch = kept.initial.hidden.rows(), steps = std::ssize(kept.steps);
    check(d_last.hidden.rows() == batch && d_last.hidden.cols() == cell.hidden(), "Sequence: d_last is (",
          d_last.hidden.rows(), ", ", d_last.hidden.cols(), "); it must be (", batch, ", ", cell.hidden(), ").");
    Matrix<Scalar> d_projected(x.rows(), cell.input.out());
    State d_state = std::move(d_last);
    for (Index step = steps; step-- > 0;) {
      Index const t = time_of(step, steps);
      State const& before = step == 0 ? kept.initial : kept.steps[static_cast<std::size_t>(step - 1)].after;
      d_state.hidden += layer_detail::rows_of_step(d_output, batch, t);
      auto one = cell.step_backward(before, kept.steps[static_cast<std::size_t>(step)], d_state, gradient.cell);
      layer_detail::rows_of_step(d_projected, batch, t) = one.input;
      d_state = std::move(one.before);
    }
    return {cell.input.backward(x, d_projected, gradient.cell.input), std::move(d_state)};
  }
  /// When the loss depends on the outputs only.
  [[nodiscard]] Gradient backward(Matrix<Scalar> const& x, Forward const& kept, Matrix<Scalar> const& d_output,
                                  Sequence& gradient) const {
    return backward(x, kept, d_output, cell.zero_state(kept.initial.hidden.rows()), gradient);
  }

  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    attend::each_parameter(self.cell, function);
  }

 private:
  [[nodiscard]] Index time_of(Index step, Index steps) const {
    return reading == Reading::forwards ? step : steps - 1 - step;
  }
};

}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
