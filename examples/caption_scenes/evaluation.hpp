#pragma once

#include "speech.hpp"

#include <span>
#include <vector>

namespace caption_scenes {

/// A caption that a model says by itself, and where each word looked.
struct Caption {
  std::vector<Index> words;
  Matrix<float> weights;    // (words, 16)
  std::vector<float> gate;  // β of each word
};

/// The likeliest word each time, up to the full stop.
[[nodiscard]] inline Caption say(Model const& model, Scene const& scene, bool is_hard, Index most) {
  attend::Memory<float> const memory = model.remember({&scene, 1});
  Speech speech{model.cell.zero_state(1), {}};
  Caption caption;
  caption.weights.resize(most, cells);
  std::vector<Index> last{beginning};
  for (Index t = 0; t < most && last.front() != full_stop; ++t) {
    say_next(model, memory, {!is_hard, {}}, last, speech);
    Speech::Word const& word = speech.words.back();
    word.logits.row(0).maxCoeff(&last.front());
    caption.words.push_back(last.front());
    caption.weights.row(t) = word.look.weights();
    caption.gate.push_back(word.gated.gate(0));
  }
  caption.weights.conservativeResize(std::ssize(caption.words), cells);
  return caption;
}

/// How captions are of scenes that were never trained on.
struct Evaluation {
  double exact = 0;    // share of captions with every word right
  double on_cell = 0;  // share of the words of objects whose largest weight is on their object's cell
  double weight = 0;   // mean weight there
  double gate_object = 0, gate_other = 0;  // mean β of words of objects, and of others
};

[[nodiscard]] inline Evaluation evaluate(Model const& model, std::span<Scene const> scenes, bool is_hard) {
  Evaluation result;
  double of_objects = 0, others = 0;
  for (Scene const& scene : scenes) {
    Caption const caption = say(model, scene, is_hard, 2 * std::ssize(scene.caption));
    result.exact += caption.words == scene.caption ? 1 : 0;
    for (std::size_t t = 0; t < scene.caption.size(); ++t) {
      (scene.cells[t] < 0 ? others : of_objects) += 1;
      if (t >= caption.words.size()) continue;  // a word that is not said looks nowhere
      (scene.cells[t] < 0 ? result.gate_other : result.gate_object) += static_cast<double>(caption.gate[t]);
      if (scene.cells[t] < 0) continue;
      auto const weights = caption.weights.row(static_cast<Index>(t));
      Index cell = 0;
      weights.maxCoeff(&cell);
      result.on_cell += cell == scene.cells[t] ? 1 : 0;
      result.weight += static_cast<double>(weights(scene.cells[t]));
    }
  }
  result.exact /= static_cast<double>(scenes.size());
  result.on_cell /= of_objects;
  result.weight /= of_objects;
  result.gate_object /= of_objects;
  result.gate_other /= others;
  return result;
}

}  // namespace caption_scenes
