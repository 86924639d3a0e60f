#pragma once

#include <attend/core/check.hpp>
#include <attend/core/config.hpp>
#include <attend/core/parameters.hpp>
#include <attend/layer/decoder_attention.hpp>
#include <attend/layer/sequence.hpp>

#include <utility>
#include <vector>

namespace attend {
inline namespace ATTEND_UNIT_NAME {

/// A decoder step (BahdanauStep, LuongStep) over inputs that are all known, as in training with the right answers as
/// input ("teacher forcing"), and backward through time. To write an answer that is not known, call `step.forward`.
///
/// Shapes   x (b·steps, in), one sequence after another  →  output (b·steps, out)
/// Throws   when x does not divide into b sequences, or does not fit the step
/// Source   Sutskever 2014 (arXiv 1409.3215); Bahdanau 2015 (1409.0473)
template <class Step>
struct Decoder {
  using Scalar = typename Step::Scalar;
  using State = typename Step::State;

  Step step;

  struct Forward {
    Matrix<Scalar> output;  // (b·steps, out)
    State initial;
    std::vector<typename Step::Forward> steps;

    [[nodiscard]] State const& before(Index t) const {
      return t == 0 ? initial : steps[static_cast<std::size_t>(t - 1)].after;
    }
  };
  struct Gradient {
    Matrix<Scalar> input;  // (b·steps, in)
    State initial;
  };

  [[nodiscard]] Forward forward(Matrix<Scalar> const& x, State initial, Memory<Scalar> const& memory) const {
    Index const batch = memory.batch;
    check(batch > 0 && x.rows() % batch == 0, "Decoder: x has ", x.rows(), " rows, which do not divide into the ",
          batch, " sequences of the memory.");
    Index const steps = x.rows() / batch;
    Forward kept{Matrix<Scalar>(x.rows(), initial.output.cols()), std::move(initial), {}};
    kept.steps.reserve(static_cast<std::size_t>(steps));
    for (Index t = 0; t < steps; ++t) {
      kept.steps.push_back(step.forward(layer_detail::rows_of_step(x, batch, t), kept.before(t), memory));
      Matrix<Scalar> const& output = kept.steps.back().after.output;
      check(output.cols() == kept.output.cols(), "Decoder: the initial output has ", kept.output.cols(),
            " columns but those of the steps ", output.cols(), "; see start().");
      layer_detail::rows_of_step(kept.output, batch, t) = output;
    }
    return kept;
  }

  /// From ∂loss/∂output; adds to the gradients of the memory and of the parameters.
  [[nodiscard]] Gradient backward(Matrix<Scalar> const& x, Forward const& kept, Matrix<Scalar> const& d_output,
                                  Memory<Scalar> const& memory, MemoryGradient<Scalar>& d_memory,
                                  Decoder& gradient) const {
    check(d_output.rows() == kept.output.rows() && d_output.cols() == kept.output.cols(), "Decoder: d_output is (",
          d_output.rows(), ", ", d_output.cols(), "); it must be (", kept.output.rows(), ", ", kept.output.cols(),
          ").");
    Index const batch = memory.batch;
    check(x.rows() == kept.output.rows() && batch * std::ssize(kept.steps) == x.rows(), "Decoder: x has ", x.rows(),
          " rows but forward kept ", kept.output.rows(), " in ", kept.steps.size(), " steps of ", batch,
          " sequences; hand in what forward was given and what it gave.");
    d_memory.check_sizes(memory);
    Gradient result{Matrix<Scalar>(x.rows(), x.cols()),
                    {step.cell.zero_state(batch), Matrix<Scalar>::Zero(batch, kept.output.cols())}};
    for (Index t = std::ssize(kept.steps); t-- > 0;) {
      result.initial.output += layer_detail::rows_of_step(d_output, batch, t);
      auto one = step.backward(kept.before(t), kept.steps[static_cast<std::size_t>(t)], result.initial, memory,
                               d_memory, gradient.step);
      layer_detail::rows_of_step(result.input, batch, t) = one.input;
      result.initial = std::move(one.before);
    }
    return result;
  }

  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    attend::each_parameter(self.step, function);
  }
};

}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
