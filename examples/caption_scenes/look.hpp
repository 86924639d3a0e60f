#pragma once

#include "model.hpp"

#include <attend/hard/draw.hpp>
#include <attend/hard/hard_attention.hpp>

#include <optional>
#include <tuple>

namespace caption_scenes {

/// How cells are chosen: all of them weighted, one drawn, or the likeliest.
struct Choice {
  bool is_soft = true;
  std::optional<attend::Draw> draw = {};  // hard: as this says; the likeliest where there is none
};

/// What one step of a batch has looked at.
struct Look {
  Matrix<float> context;  // (b, 26): what, where, and the weight of each cell
  std::optional<attend::Kept<float>> soft;
  attend::Picked<float> hard;
  Vector<float> d_log_probability, d_entropy;  // (b), of a hard look: what Reinforce makes of the reward

  [[nodiscard]] auto weights() const { return context.rightCols(cells); }
};

[[nodiscard]] inline Look look(Model const& model, Matrix<float> const& state, attend::Memory<float> const& memory,
                               Choice const& choice) {
  Look made;
  if (choice.is_soft) {
    made.soft = model.attention.read(state, memory);
    made.context = made.soft->output;
    return made;
  }
  attend::HardAttention const op{std::get<0>(model.attention.policies)};
  made.hard = choice.draw ? op.sample(state, memory.key(), memory.values, *choice.draw, memory.documents)
                          : op.argmax(state, memory.key(), memory.values, memory.documents);
  made.context = made.hard.output;
  return made;
}

/// ∂loss/∂state from ∂loss/∂context; adds to the gradients of memory and model.
[[nodiscard]] inline Matrix<float> look_backward(Model const& model, Matrix<float> const& state,
                                                 attend::Memory<float> const& memory, Look const& made,
                                                 Matrix<float> const& d_context,
                                                 attend::MemoryGradient<float>& d_memory, Model& gradient) {
  if (made.soft)
    return model.attention.read_backward(state, memory, *made.soft, d_context, d_memory, gradient.attention);
  attend::HardAttention const op{std::get<0>(model.attention.policies)};
  auto const back = op.backward(state, memory.key(), memory.values, made.hard, d_context, made.d_log_probability,
                                made.d_entropy, memory.documents);
  d_memory.keys += back.key;
  d_memory.values += back.value;
  attend::add_parameters(std::get<0>(gradient.attention.policies), std::get<0>(back.policies));
  return back.query;
}

}  // namespace caption_scenes
