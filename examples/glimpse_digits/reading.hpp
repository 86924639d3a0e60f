#pragma once

#include "look.hpp"

#include <utility>
#include <vector>

namespace glimpse_digits {

/// Images read glimpse by glimpse, and what the way back needs.
struct Reading {
  using State = attend::Gru<float>::State;
  using Step = attend::Gru<float>::Step;

  State start;
  std::vector<Matrix<float>> queries, seen;
  std::vector<Step> steps;
  Matrix<float> logits;  // (b, 10)

  /// The state that asks for glimpse t (b, state).
  [[nodiscard]] State const& before(std::size_t t) const { return t == 0 ? start : steps[t - 1].after; }
};

template <class Look>
[[nodiscard]] Reading read(Model const& model, Look& look, Index batch, Index glimpses) {
  Reading reading;
  reading.start.hidden = model.start.transpose().replicate(batch, 1);
  for (std::size_t t = 0; t < static_cast<std::size_t>(glimpses); ++t) {
    reading.queries.push_back(model.query.forward(reading.before(t).hidden));
    reading.seen.push_back(look.look(reading.queries.back()));
    reading.steps.push_back(model.cell.forward(reading.seen.back(), reading.before(t)));
  }
  reading.logits = model.readout.forward(reading.steps.back().after.hidden);
  return reading;
}

/// Adds the derivatives by all parameters to `gradient`.
template <class Look>
void read_backward(Model const& model, Look& look, Reading const& reading, Matrix<float> const& d_logits,
                   Model& gradient) {
  Reading::State d_state{model.readout.backward(reading.steps.back().after.hidden, d_logits, gradient.readout)};
  for (std::size_t t = reading.steps.size(); t-- > 0;) {
    auto back = model.cell.backward(reading.seen[t], reading.before(t), reading.steps[t], d_state, gradient.cell);
    Matrix<float> const d_query = look.look_back(t, reading.queries[t], back.input, gradient);
    d_state = std::move(back.before);
    d_state.hidden += model.query.backward(reading.before(t).hidden, d_query, gradient.query);
  }
  look.finish_back(gradient);
  gradient.start += d_state.hidden.colwise().sum().transpose();
}

}  // namespace glimpse_digits
