#pragma once

#include <attend/core/check.hpp>
#include <attend/core/config.hpp>
#include <attend/core/parameters.hpp>
#include <attend/layer/context.hpp>
#include <attend/layer/decoder_attention.hpp>

#include <utility>

namespace attend {
inline namespace ATTEND_UNIT_NAME {

/// One step of a decoder that asks with its new state:
///
///   s_t = cell([x_t; h̃_{t−1}], s_{t−1})         input feeding: the last output is part of the input
///   c_t = attention(query s_t, memory)
///   h̃_t = context(c_t, s_t)                     with ConcatContext: tanh(W [c_t; s_t])
///
/// Shapes   x (b, in)  s (b, hidden)  c (b, e)  →  output h̃ (b, out); the cell takes in + out features
/// Throws   when the input does not fit the cell
/// Cost     the cell's, the attention's and the context's
/// Source   Luong 2015, equations 5 and 7 and figure 4 (arXiv 1508.04025). Bahdanau asks with s_{t−1}: see BahdanauStep
template <class Cell, class Context, class... Policies>
struct LuongStep {
  using Scalar = typename Cell::Number;

  Cell cell;
  DecoderAttention<Scalar, Policies...> attention;
  Context context;

  /// The gradient of a state is a state.
  struct State {
    typename Cell::State cell;
    Matrix<Scalar> output;  // (b, out)  h̃ of this step, read by the next
  };
  struct Forward {
    State after;
    Matrix<Scalar> input;  // (b, in + out)
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
    check(x.rows() == before.output.rows() && x.rows() == memory.batch && x.cols() + before.output.cols() == cell.in(),
          "LuongStep: x is (", x.rows(), ", ", x.cols(), "), the last output (", before.output.rows(), ", ",
          before.output.cols(), "), and there are ", memory.batch,
          " memories; all must have one row a sequence and x and output ", cell.in(), " columns together.");
    Forward kept;
    kept.input.resize(x.rows(), cell.in());
    kept.input << x, before.output;
    kept.cell = cell.forward(kept.input, before.cell);
    kept.read = attention.read(kept.cell.after.hidden, memory);
    kept.context = context.forward(kept.read.output, kept.cell.after.hidden);
    kept.after = {kept.cell.after, kept.context.output};
    return kept;
  }

  /// From ∂loss/∂after; adds to the gradients of the memory and of the parameters.
  [[nodiscard]] Gradient backward(State const& before, Forward const& kept, State const& d_after,
                                  Memory<Scalar> const& memory, MemoryGradient<Scalar>& d_memory,
                                  LuongStep& gradient) const {
    Matrix<Scalar> const& state = kept.cell.after.hidden;
    // h̃_t = context(c_t, s_t)
    auto const d_context = context.backward(kept.read.output, state, kept.context, d_after.output, gradient.context);
    // c_t = attention(query s_t, memory)
    typename Cell::State d_state = d_after.cell;
    d_state.hidden += d_context.state;
    d_state.hidden +=
        attention.read_backward(state, memory, kept.read, d_context.context, d_memory, gradient.attention);
    // s_t = cell([x_t; h̃_{t−1}], s_{t−1})
    auto d_cell = cell.backward(kept.input, before.cell, kept.cell, d_state, gradient.cell);
    Index const out = before.output.cols();
    return {d_cell.input.leftCols(cell.in() - out), {std::move(d_cell.before), d_cell.input.rightCols(out)}};
  }

  /// The weights of the step (b, Σm), to look at.
  [[nodiscard]] Matrix<Scalar> weights(State const& /*before*/, Forward const& kept,
                                       Memory<Scalar> const& memory) const {
    return attention.weights(kept.cell.after.hidden, memory);
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
