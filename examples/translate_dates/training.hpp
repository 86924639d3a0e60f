#pragma once

#include "../train/progress.hpp"
#include "translator.hpp"

#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace translate_dates {

struct Options {
  std::string attention = "general";
  Index steps = 2500;
  Index batch = 64;
  Index dates = 1;  // at most, in a text
  Index tests = 1000;
  std::uint64_t seed = 1;
  std::string out = "translate-dates-pictures";
  bool is_compared = false;
  bool is_quiet = false;
};

/// Draws examples until there are enough of one length: no padding, and lengths as often as they are written.
class Batches {
 public:
  Batches(Options const& options, Index stream, bool held_out)
      : draw_(options.seed, stream), most_(options.dates), held_out_(held_out) {}

  [[nodiscard]] Example next() { return draw_example(draw_, 1 + draw_.below(most_), held_out_); }
  [[nodiscard]] std::vector<Example> next(Index count) {
    for (;;) {
      Example example = next();
      auto& waiting = waiting_[{example.text.size(), example.answer.size()}];
      waiting.push_back(std::move(example));
      if (std::ssize(waiting) == count) return std::exchange(waiting, {});
    }
  }

 private:
  Draw draw_;
  Index most_;
  bool held_out_;
  std::map<std::pair<std::size_t, std::size_t>, std::vector<Example>> waiting_;
};

/// The losses of all steps. The learning rate rises for a twentieth of them and then falls to 0.
[[nodiscard]] inline std::vector<double> train_translator(Translator& translator, Options const& options,
                                                          std::string const& name) {
  train::Progress progress("translate_dates", options.is_quiet);
  Batches batches(options, 0, false);
  std::vector<double> losses;
  for (Index step = 0; step < options.steps; ++step) {
    double const done = static_cast<double>(step) / static_cast<double>(options.steps);
    auto const report = translator.train(batches.next(options.batch), 4e-3 * std::min(20 * done, 1 - done) + 1e-5);
    losses.push_back(report.loss);
    char says[120];
    std::snprintf(says, sizeof says, "%s, step %td of %td, loss %.3g, %.0f %% of letters right", name.c_str(), step + 1,
                  options.steps, report.loss, 100 * report.letters_right);
    progress.say(says, done);
  }
  return losses;
}

/// How many answers are right in every letter, by the number of dates in the text.
struct Score {
  Index right = 0, all = 0;
};

/// What a translator makes of texts whose dates it has not been trained on.
struct Evaluation {
  std::vector<Score> of_dates;  // [i]: of texts with i + 1 dates
  double on_source = 0;         // share of the weight on the letters that an answer's letter comes from,
  double near_source = 0;       // or on one up to two letters away from them
  bool attends = false;
  std::vector<std::string> wrong;  // a few: "3.5.1988 -> 1988-03-05"
};

[[nodiscard]] inline Evaluation evaluate(Translator const& translator, Options const& options) {
  Evaluation result;
  result.of_dates.resize(static_cast<std::size_t>(options.dates));
  Batches batches(options, 1, true);
  std::map<std::pair<std::size_t, std::size_t>, std::vector<Example>> by_length;
  for (Index i = 0; i < options.tests; ++i) {
    Example example = batches.next();
    by_length[{example.text.size(), example.answer.size()}].push_back(std::move(example));
  }
  double letters = 0;
  for (auto const& [length, examples] : by_length) {
    std::vector<std::string> texts;
    for (Example const& example : examples) texts.push_back(example.text);
    auto const translations = translator.translate(texts, static_cast<Index>(length.second));
    for (std::size_t i = 0; i < examples.size(); ++i) {
      Score& score = result.of_dates[examples[i].answer.size() / 11];
      ++score.all;
      if (translations[i].answer == examples[i].answer)
        ++score.right;
      else if (result.wrong.size() < 5)
        result.wrong.push_back("\"" + texts[i] + "\" -> " + translations[i].answer);
      Matrix<float> const& w = translations[i].weights;
      result.attends = result.attends || w.size() > 0;
      for (Index t = 0; t < w.rows(); ++t) {
        auto const source = examples[i].alignment.row(t);
        if (source.sum() == 0) continue;  // a stroke comes from nowhere
        ++letters;
        for (Index j = 0; j < w.cols(); ++j) {
          Index const from = std::max<Index>(j - 2, 0), to = std::min(j + 2, w.cols() - 1);
          if (source(j) > 0) result.on_source += static_cast<double>(w(t, j));
          if (source.segment(from, to - from + 1).sum() > 0) result.near_source += static_cast<double>(w(t, j));
        }
      }
    }
  }
  result.on_source /= std::max(letters, 1.0);
  result.near_source /= std::max(letters, 1.0);
  return result;
}

}  // namespace translate_dates
