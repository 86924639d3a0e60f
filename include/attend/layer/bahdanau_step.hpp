#pragma once

#include <attend/core/check.hpp>
#include <attend/core/config.hpp>
#include <attend/core/parameters.hpp>
#include <attend/layer/context.hpp>
#include <attend/layer/decoder_attention.hpp>

#include <utility>

namespace attend {
inline namespace ATTEND_UNIT_NAME {

/// One step of a decoder that asks with its last state:
///
///   c_t = attention(query s_{t−1}, memory)
///   u_t = context(c_t, s_{t−1})                  BareContext: c_t itself; GatedContext: β ∘ c_t, as Xu does
///   s_t = cell([x_t; u_t], s_{t−1})
///   output_t = [s_t; u_t]                        what a readout looks at
///
/// Shapes   x (b, in)  s (b, hidden)  u (b, e)  →  output (b, hidden + e); the cell takes in + e features
/// Throws   when the input does not fit the cell
/// Cost     the cell's, the attention's and the context's
/// Source   Bahdanau 2015, A.2.2 (arXiv 1409.0473); Xu 2015, equations 1–3 and 4.2.1 (1502.03044). Luong asks with s_t:
///          see LuongStep
template <class Cell, class Context, class... Policies>
struct BahdanauStep {
  using Scalar = typename Cell::Number;

  Cell cell;
  DecoderAttention<Scalar, Policies...> attention;
  Context context;

  /// The gradient of a state is a state.
  struct State {
    typename Cell::State cell;
    Matrix<Scalar> output;  // (b, hidden + e); the next step does not read it
  };
  struct Forward {
    State after;
    Matrix<Scalar> input;  // (b, in + e)
    typename Cell::Step cell;
    typename DecoderAttention<Scalar, Policies...>::Read read;
    typename Context::Forward context;
  };
  struct Gradient {
    Matrix<Scalar> input;  // (b, in)
    State before;
  };

  /// The state before the first step: that of the cell, and no output yet.
  [[nodiscard]] State start(typename Cell::State state, Index out) const {
    Index const batch = state.hidden.rows();
    return {std::move(state), Matrix<Scalar>::Zero(batch, out)};
  }

  template <class Tokens>
  [[nodiscard]] Forward forward(Eigen::MatrixBase<Tokens> const& x, State const& before,
                                Memory<Scalar> const& memory) const {
    check(x.rows() == before.cell.hidden.rows() && x.rows() == memory.batch, "BahdanauStep: x has ", x.rows(),
          " rows, the state ", before.cell.hidden.rows(), ", and there are ", memory.batch,
          " memories; all must have one row a sequence.");
    Forward kept;
    kept.read = attention.read(before.cell.hidden, memory);
    kept.context = context.forward(kept.read.output, before.cell.hidden);
    check(x.cols() + kept.context.output.cols() == cell.in(), "BahdanauStep: x has ", x.cols(),
          " columns and the context ", kept.context.output.cols(), "; together they must have the ", cell.in(),
          " that the cell takes.");
    kept.input.resize(x.rows(), cell.in());
    kept.input << x, kept.context.output;
    kept.cell = cell.forward(kept.input, before.cell);
    kept.after.cell = kept.cell.after;
    kept.after.output.resize(x.rows(), cell.hidden() + kept.context.output.cols());
    kept.after.output << kept.cell.after.hidden, kept.context.output;
    return kept;
  }

  /// From ∂loss/∂after; adds to the gradients of the memory and of the parameters.
  [[nodiscard]] Gradient backward(State const& before, Forward const& kept, State const& d_after,
                                  Memory<Scalar> const& memory, MemoryGradient<Scalar>& d_memory,
                                  BahdanauStep& gradient) const {
    Index const e = kept.context.output.cols();
    check(d_after.output.rows() == kept.after.output.rows() && d_after.output.cols() == kept.after.output.cols(),
          "BahdanauStep: d_after.output is (", d_after.output.rows(), ", ", d_after.output.cols(), "); it must be (",
          kept.after.output.rows(), ", ", kept.after.output.cols(), ").");
    // output_t = [s_t; u_t],  s_t = cell([x_t; u_t], s_{t−1})
    typename Cell::State d_state = d_after.cell;
    d_state.hidden += d_after.output.leftCols(cell.hidden());
    auto d_cell = cell.backward(kept.input, before.cell, kept.cell, d_state, gradient.cell);
    // u_t = context(c_t, s_{t−1})
    auto const d_context = context.backward(kept.read.output, before.cell.hidden, kept.context,
                                            d_cell.input.rightCols(e) + d_after.output.rightCols(e), gradient.context);
    // c_t = attention(query s_{t−1}, memory)
    d_cell.before.hidden += d_context.state;
    d_cell.before.hidden +=
        attention.read_backward(before.cell.hidden, memory, kept.read, d_context.context, d_memory, gradient.attention);
    return {d_cell.input.leftCols(cell.in() - e),
            {std::move(d_cell.before), Matrix<Scalar>::Zero(before.output.rows(), before.output.cols())}};
  }

  /// The weights of the step (b, Σm), to look at.
  [[nodiscard]] Matrix<Scalar> weights(State const& before, Forward const& /*kept*/,
                                       Memory<Scalar> const& memory) const {
    return attention.weights(before.cell.hidden, memory);
  }

  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    attend::each_parameter(self.cell, "cell", function);
    attend::each_parameter(self.attention, "attention", function);
    attend::each_parameter(self.context, "context", function);
  }
};

}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
