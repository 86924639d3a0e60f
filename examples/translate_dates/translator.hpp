#pragma once

#include "../train/adam.hpp"
#include "../train/clip.hpp"
#include "../train/cross_entropy.hpp"
#include "dates.hpp"

#include <attend/layer/decoder.hpp>
#include <attend/layer/embedding.hpp>
#include <attend/layer/gru.hpp>
#include <attend/layer/initialize.hpp>
#include <attend/layer/linear.hpp>
#include <attend/layer/sequence.hpp>

#include <cmath>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace translate_dates {

using attend::Matrix;

/// What one step of training has come to.
struct Report {
  double loss = 0;
  double letters_right = 0;  // share
};

/// A text in translation: the answer, letter by letter, and which letters of the text each of them looked at.
struct Translation {
  std::string answer;
  Matrix<float> weights;  // (answer, text); empty where there is no attention
};

/// A translator of texts, whatever attends in it.
class Translator {
 public:
  virtual ~Translator() = default;
  /// One step of training on texts of one length and answers of one length.
  virtual Report train(std::vector<Example> const& batch, double learning_rate) = 0;
  /// Texts of one length; `length` letters each, the likeliest one by one.
  [[nodiscard]] virtual std::vector<Translation> translate(std::vector<std::string> const& texts,
                                                           Index length) const = 0;
  [[nodiscard]] virtual Index parameters() const = 0;
};

struct Sizes {
  Index letter = 16;   // features of a letter
  Index encoder = 48;  // of each of the two directions
  Index decoder = 64;
  double radius = 8;  // of local attention, in letters
};

/// Letters → both directions of a GRU → memory; the decoder writes the answer letter by letter.
template <class Step>
struct Model {
  using Reader = attend::Sequence<attend::Gru<float>>;

  attend::Embedding<float> letters;  // of the text
  Reader onwards, back{{}, attend::Reading::backwards};
  attend::Linear<float> start;  // (decoder, 2·encoder): its tanh is the first state
  attend::Embedding<float> answer_letters;
  attend::Decoder<Step> decoder;
  attend::Linear<float> readout;  // (letters of ISO dates, out)

  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    attend::each_parameter(self.letters, "letters", function);
    attend::each_parameter(self.onwards, "onwards", function);
    attend::each_parameter(self.back, "back", function);
    attend::each_parameter(self.start, "start", function);
    attend::each_parameter(self.answer_letters, "answer_letters", function);
    attend::each_parameter(self.decoder, "decoder", function);
    attend::each_parameter(self.readout, "readout", function);
  }

  /// A model whose decoder step makes outputs of `out` features.
  Model(Sizes const& sizes, Step step, Index out, std::uint64_t seed)
      : letters(written.size(), sizes.letter),
        onwards{attend::Gru<float>(sizes.letter, sizes.encoder)},
        back{attend::Gru<float>(sizes.letter, sizes.encoder), attend::Reading::backwards},
        start(2 * sizes.encoder, sizes.decoder),
        answer_letters(iso.size(), sizes.letter),
        decoder{std::move(step)},
        readout(out, iso.size()) {
    attend::initialize_uniform(*this, 1 / std::sqrt(static_cast<double>(sizes.decoder)), seed);
    // Letters that lie close together at first are told apart late: digits above all.
    attend::initialize_uniform(letters, 1, seed + 1);
    attend::initialize_uniform(answer_letters, 1, seed + 2);
    // As in Bahdanau 2015, B.1: with recurrent matrices of small numbers the end of a text does not remember its
    // beginning at first, and where scores are not near 0 attention does not wait for it: with concat it settled on the
    // year's digits for the day of "1791, may 4" for 3 seeds of 7, and what has settled hardly learns.
    attend::initialize_orthogonal(onwards.cell.recurrent.weight, seed + 3);
    attend::initialize_orthogonal(back.cell.recurrent.weight, seed + 4);
    attend::initialize_orthogonal(decoder.step.cell.recurrent.weight, seed + 5);
    if constexpr (attend::Learned<decltype(decoder.step.attention)>)
      attend::initialize_uniform(decoder.step.attention, 0.01, seed + 6);
  }
};

/// What an encoder leaves for the decoder and for the way back.
template <class Step>
struct Encoded {
  std::vector<Index> tokens;  // (b·m)
  Matrix<float> x;            // (b·m, letter)
  typename Model<Step>::Reader::Forward onwards, back;
  Matrix<float> ends;   // (b, 2·encoder): the last state of both directions
  Matrix<float> state;  // (b, decoder)
  attend::Memory<float> memory;
};

template <class Step>
class TrainedTranslator : public Translator {
 public:
  explicit TrainedTranslator(Model<Step> model) : model_(std::move(model)) {}

  Report train(std::vector<Example> const& batch, double learning_rate) override {
    std::vector<std::string> texts;
    std::vector<Index> inputs, targets;
    for (Example const& example : batch) {
      texts.push_back(example.text);
      char last = '^';
      for (char const letter : example.answer) {
        inputs.push_back(iso.number(last));
        targets.push_back(iso.number(letter));
        last = letter;
      }
    }
    // Forward
    Encoded<Step> const encoded = encode(texts);
    Matrix<float> const y = model_.answer_letters.forward(inputs);
    auto const start = model_.decoder.step.start({encoded.state}, model_.readout.in());
    auto const decoded = model_.decoder.forward(y, start, encoded.memory);
    auto const loss = train::cross_entropy(model_.readout.forward(decoded.output), std::span<Index const>(targets));

    // Backward
    Model<Step> gradient = attend::zeros_like(model_);
    attend::MemoryGradient<float> d_memory(encoded.memory);
    Matrix<float> const d_output = model_.readout.backward(decoded.output, loss.gradient, gradient.readout);
    auto const d_decoder = model_.decoder.backward(y, decoded, d_output, encoded.memory, d_memory, gradient.decoder);
    model_.answer_letters.backward(inputs, d_decoder.input, gradient.answer_letters);
    encode_backward(encoded, d_decoder.initial.cell.hidden, d_memory, gradient);

    train::clip_norm(gradient, 1);
    adam_.learning_rate = learning_rate;
    adam_.step(model_, gradient);
    return {loss.value, static_cast<double>(loss.right) / static_cast<double>(targets.size())};
  }

  [[nodiscard]] std::vector<Translation> translate(std::vector<std::string> const& texts, Index length) const override {
    auto const& step = model_.decoder.step;
    Encoded<Step> const encoded = encode(texts);
    auto const b = std::ssize(texts), m = std::ssize(texts.front());
    std::vector<Translation> result(texts.size());
    std::vector<Index> last(texts.size(), iso.number('^'));
    auto state = step.start({encoded.state}, model_.readout.in());
    for (Index t = 0; t < length; ++t) {
      auto const kept = step.forward(model_.answer_letters.forward(last), state, encoded.memory);
      Matrix<float> const logits = model_.readout.forward(kept.after.output);
      Matrix<float> const weights = step.weights(state, kept, encoded.memory);
      for (Index i = 0; i < b; ++i) {
        auto const place = static_cast<std::size_t>(i);
        logits.row(i).maxCoeff(&last[place]);
        result[place].answer += iso.letter(last[place]);
        if (weights.size() > 0) {
          result[place].weights.conservativeResize(t + 1, m);
          result[place].weights.row(t) = weights.row(i).segment(i * m, m);
        }
      }
      state = kept.after;
    }
    return result;
  }

  [[nodiscard]] Index parameters() const override { return std::ssize(train::numbers_of(model_)); }

 private:
  [[nodiscard]] Encoded<Step> encode(std::vector<std::string> const& texts) const {
    auto const batch = std::ssize(texts);
    Encoded<Step> kept;
    for (std::string const& text : texts) {
      attend::check(text.size() == texts.front().size(), "a batch has texts of ", texts.front().size(), " and ",
                    text.size(), " letters; all must be of one length.");
      for (char const letter : text) kept.tokens.push_back(written.number(letter));
    }
    kept.x = model_.letters.forward(kept.tokens);
    kept.onwards = model_.onwards.forward(kept.x, batch);
    kept.back = model_.back.forward(kept.x, batch);
    kept.ends.resize(batch, 2 * model_.onwards.cell.hidden());
    kept.ends << kept.onwards.last().hidden, kept.back.last().hidden;
    kept.state = model_.start.forward(kept.ends).array().tanh();
    Matrix<float> values(kept.x.rows(), kept.ends.cols());
    values << kept.onwards.output, kept.back.output;
    kept.memory = model_.decoder.step.attention.remember(std::move(values),
                                                         std::vector<Index>(texts.size(), std::ssize(texts.front())));
    return kept;
  }

  void encode_backward(Encoded<Step> const& kept, Matrix<float> const& d_state,
                       attend::MemoryGradient<float> const& d_memory, Model<Step>& gradient) const {
    Index const h = model_.onwards.cell.hidden();
    Matrix<float> const d_values =
        model_.decoder.step.attention.remember_backward(kept.memory, d_memory, gradient.decoder.step.attention);
    Matrix<float> const d_sum = d_state.array() * (1 - kept.state.array().square());
    Matrix<float> const d_ends = model_.start.backward(kept.ends, d_sum, gradient.start);
    Matrix<float> d_x =
        model_.onwards.backward(kept.x, kept.onwards, d_values.leftCols(h), {d_ends.leftCols(h)}, gradient.onwards)
            .input;
    d_x += model_.back.backward(kept.x, kept.back, d_values.rightCols(h), {d_ends.rightCols(h)}, gradient.back).input;
    model_.letters.backward(kept.tokens, d_x, gradient.letters);
  }

  Model<Step> model_;
  train::Adam adam_;
};

}  // namespace translate_dates
