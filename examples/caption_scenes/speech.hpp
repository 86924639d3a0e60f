#pragma once

#include "look.hpp"

#include <utility>
#include <vector>

namespace caption_scenes {

/// Captions of a batch in the making, word by word, and what the way back needs.
struct Speech {
  using State = attend::Lstm<float>::State;
  struct Word {
    std::vector<Index> last;  // the words before (b)
    Look look;
    attend::ContextGate<float>::Kept gated;
    Matrix<float> input;  // (b, word + 2)
    attend::Lstm<float>::Step cell;
    Matrix<float> seen;    // (b, state + 8)
    Matrix<float> logits;  // (b, words)
  };

  State start;
  std::vector<Word> words;

  [[nodiscard]] State const& before(std::size_t t) const { return t == 0 ? start : words[t - 1].cell.after; }
};

/// The next word: how likely each is, after the words `last`.
inline void say_next(Model const& model, attend::Memory<float> const& memory, Choice const& choice,
                     std::vector<Index> last, Speech& speech) {
  Speech::State const before = speech.before(speech.words.size());
  Speech::Word word;
  word.last = std::move(last);
  word.look = look(model, before.hidden, memory, choice);
  word.gated = model.gate.forward(before.hidden, word.look.context);
  word.input.resize(memory.batch, model.cell.in());
  word.input << model.words.forward(word.last), word.gated.output.middleCols(what, where);
  word.cell = model.cell.forward(word.input, before);
  word.seen.resize(memory.batch, model.readout.in());
  word.seen << word.cell.after.hidden, word.gated.output.leftCols(what);
  word.logits = model.readout.forward(word.seen);
  speech.words.push_back(std::move(word));
}

/// ∂loss/∂logits of each word, and what the loss wants of the weights themselves, (b, 16) or empty.
struct SpeechGradient {
  std::vector<Matrix<float>> logits, weights;
};

/// Adds the derivatives by all parameters to `gradient`.
inline void speech_backward(Model const& model, attend::Memory<float> const& memory, Speech const& speech,
                            SpeechGradient const& d_speech, Model& gradient) {
  attend::MemoryGradient<float> d_memory(memory);
  Index const h = model.cell.hidden(), e = model.words.table.cols();
  Speech::State d_state = model.cell.zero_state(memory.batch);
  for (std::size_t t = speech.words.size(); t-- > 0;) {
    Speech::Word const& word = speech.words[t];
    Speech::State const& before = speech.before(t);
    // logits = readout [s_t; what_t]
    Matrix<float> const d_seen = model.readout.backward(word.seen, d_speech.logits[t], gradient.readout);
    d_state.hidden += d_seen.leftCols(h);
    // s_t = lstm([word_{t−1}; where_t], s_{t−1})
    auto back = model.cell.backward(word.input, before, word.cell, d_state, gradient.cell);
    model.words.backward(word.last, back.input.leftCols(e), gradient.words);
    // [what_t; where_t] = β c_t
    Matrix<float> d_gated(memory.batch, features);
    d_gated << d_seen.rightCols(what), back.input.rightCols(where), Matrix<float>::Zero(memory.batch, cells);
    auto d_gate = model.gate.backward(before.hidden, word.look.context, word.gated, d_gated, gradient.gate);
    if (d_speech.weights[t].size() > 0) d_gate.context.rightCols(cells) += d_speech.weights[t];
    d_state = std::move(back.before);
    d_state.hidden += d_gate.state;
    d_state.hidden += look_backward(model, before.hidden, memory, word.look, d_gate.context, d_memory, gradient);
  }
  (void)model.attention.remember_backward(memory, d_memory, gradient.attention);  // what is seen is not learned
}

}  // namespace caption_scenes
