#pragma once

#include "scenes.hpp"

#include <attend/core/parameters.hpp>
#include <attend/hard/context_gate.hpp>
#include <attend/layer/decoder_attention.hpp>
#include <attend/layer/embedding.hpp>
#include <attend/layer/initialize.hpp>
#include <attend/layer/linear.hpp>
#include <attend/layer/lstm.hpp>
#include <attend/layer/projected_additive.hpp>

#include <cmath>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace caption_scenes {

struct Sizes {
  Index word = 16;
  Index score = 32;  // hidden features of the attention's score
  Index state = 64;
};

/// What a value holds: what the cell shows, its row and column, and a 1 at its number. Of the last part attention makes
/// its own weights, as an output that can be fed on and has a derivative.
inline constexpr Index where = 2, features = what + where + cells;

/// The numbers that are learned, the same ones for soft and for hard attention:
///
///   c_t = the value that aᵀ tanh(W s_{t−1} + U value_j) chooses, or the weighted mean of all
///   [what_t; where_t] = β c_t,  β = σ(wᵀ s_{t−1} + b)
///   s_t = lstm([word_{t−1}; where_t], s_{t−1})
///   logits_t = readout [s_t; what_t]
///
/// The state is told where it looked and not what was there. Xu's is told both; but one look then tells all of an
/// object, and where the look at its second word goes would not matter.
///
/// Source   Xu 2015, sections 3.1.2 and 4 (arXiv 1502.03044)
struct Model {
  using Score = attend::ProjectedAdditive<float>;

  attend::Embedding<float> words;
  attend::DecoderAttention<float, Score> attention;
  attend::ContextGate<float> gate;
  attend::Lstm<float> cell;
  attend::Linear<float> readout;

  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    attend::each_parameter(self.words, "words", function);
    attend::each_parameter(self.attention, "attention", function);
    attend::each_parameter(self.gate, "gate", function);
    attend::each_parameter(self.cell, "cell", function);
    attend::each_parameter(self.readout, "readout", function);
  }

  Model(Sizes const& sizes, std::uint64_t seed)
      : words(std::ssize(caption_scenes::words), sizes.word),
        attention(attend::Linear<float>(features, sizes.score),
                  Score(Matrix<float>::Zero(sizes.score, sizes.state), Vector<float>::Zero(sizes.score))),
        gate(sizes.state),
        cell(sizes.word + where, sizes.state),
        readout(sizes.state + what, std::ssize(caption_scenes::words)) {
    attend::initialize_uniform(*this, 1 / std::sqrt(static_cast<double>(sizes.state)), seed);
    attend::initialize_uniform(words, 1, seed + 1);
    // A state that forgets half at every step does not know, three words on, where it looked.
    // Source: Jozefowicz 2015, section 2.2
    cell.input.bias.segment(sizes.state, sizes.state).setConstant(1.5f);  // forget gates
    // Cells that look alike to the score at first are told apart late.
    attend::initialize_uniform(attention, 0.5, seed + 2);
  }

  /// What is looked at: 16 values a scene.
  [[nodiscard]] attend::Memory<float> remember(std::span<Scene const> scenes) const {
    auto const b = std::ssize(scenes);
    Matrix<float> place(cells, where), values(b * cells, features);
    for (Index j = 0; j < cells; ++j)
      place.row(j) << static_cast<float>(j / side) / 1.5f - 1, static_cast<float>(j % side) / 1.5f - 1;  // in [−1, 1]
    for (Index i = 0; i < b; ++i)
      values.middleRows(i * cells, cells) << scenes[static_cast<std::size_t>(i)].looks, place,
          Matrix<float>::Identity(cells, cells);
    return attention.remember(std::move(values), std::vector<Index>(scenes.size(), cells));
  }
};

}  // namespace caption_scenes
