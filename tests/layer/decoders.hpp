#pragma once

#include <attend/layer/decoder.hpp>

#include "cells.hpp"

#include <utility>
#include <vector>

/// What the tests of decoder steps share.

namespace central {

inline constexpr Index batch = 3, steps = 4, in = 2, hidden = 3, e = 5, out = 4;

/// Three memories of different lengths.
inline std::vector<Index> const lengths{4, 1, 6};

/// Every derivative through four steps, from the memory on.
template <class Step>
void expect_decoder_gradients(Step step, Index outputs) {
  attend::Decoder<Step> decoder{std::move(step)};
  Matrix<double> x = numbers(batch * steps, in, 7), values = numbers(11, e, 8);
  auto initial = decoder.step.start(random_state(decoder.step.cell, batch, 9), outputs);
  Matrix<double> const d_output = numbers(batch * steps, outputs, 12);
  auto const run = [&] { return decoder.forward(x, initial, decoder.step.attention.remember(values, lengths)); };
  auto const loss = [&] { return weighted(run().output, d_output); };

  auto gradient = attend::zeros_like(decoder);
  auto const memory = decoder.step.attention.remember(values, lengths);
  attend::MemoryGradient<double> d_memory(memory);
  auto const back = decoder.backward(x, run(), d_output, memory, d_memory, gradient);
  expect_gradient("values", values, decoder.step.attention.remember_backward(memory, d_memory, gradient.step.attention),
                  loss);
  expect_gradient("x", x, back.input, loss);
  expect_state_gradient(initial.cell, back.initial.cell, loss);
  expect_parameter_gradients(decoder, gradient, loss);
}

}  // namespace central
