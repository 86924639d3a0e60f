#pragma once

#include <attend/layer/decoder_attention.hpp>

#include <utility>
#include <vector>

namespace translate_dates {

/// A decoder that never looks back: all that it knows of the text is its first state (Sutskever 2014, arXiv 1409.3215).
/// In place of a DecoderStep, to compare with.
template <class Cell>
struct NoAttention {
  using Scalar = typename Cell::Number;
  using Memory = attend::Memory<Scalar>;
  using MemoryGradient = attend::MemoryGradient<Scalar>;

  /// Remembers nothing but how many sequences there are.
  struct Nothing {
    [[nodiscard]] Memory remember(attend::Matrix<Scalar> values, std::vector<attend::Index> const& lengths) const {
      return {std::move(values), {}, std::ssize(lengths), attend::Documents(lengths)};
    }
    [[nodiscard]] attend::Matrix<Scalar> remember_backward(Memory const&, MemoryGradient const& d_memory,
                                                           Nothing&) const {
      return d_memory.values;
    }
  };

  Cell cell;
  Nothing attention{};

  struct State {
    typename Cell::State cell;
    attend::Matrix<Scalar> output;
  };
  struct Forward {
    State after;
    attend::Matrix<Scalar> input;
    typename Cell::Step cell;
  };
  struct Gradient {
    attend::Matrix<Scalar> input;
    State before;
  };

  [[nodiscard]] State start(typename Cell::State state, attend::Index /*out*/) const { return {state, state.hidden}; }
  template <class Tokens>
  [[nodiscard]] Forward forward(Eigen::MatrixBase<Tokens> const& x, State const& before, Memory const&) const {
    Forward kept{{}, x, cell.forward(x, before.cell)};
    kept.after = {kept.cell.after, kept.cell.after.hidden};
    return kept;
  }
  [[nodiscard]] Gradient backward(State const& before, Forward const& kept, State const& d_after, Memory const&,
                                  MemoryGradient&, NoAttention& gradient) const {
    typename Cell::State d_state = d_after.cell;
    d_state.hidden += d_after.output;
    auto d_cell = cell.backward(kept.input, before.cell, kept.cell, d_state, gradient.cell);
    attend::Matrix<Scalar> const none = attend::Matrix<Scalar>::Zero(d_state.hidden.rows(), d_state.hidden.cols());
    return {std::move(d_cell.input), {std::move(d_cell.before), none}};
  }
  [[nodiscard]] attend::Matrix<Scalar> weights(State const&, Forward const&, Memory const&) const { return {}; }

  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    attend::each_parameter(self.cell, "cell", function);
  }
};

}  // namespace translate_dates
