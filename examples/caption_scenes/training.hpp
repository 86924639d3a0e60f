#pragma once

#include "../train/adam.hpp"
#include "../train/clip.hpp"
#include "../train/cross_entropy.hpp"
#include "../train/progress.hpp"
#include "speech.hpp"

#include <attend/hard/categorical.hpp>
#include <attend/hard/doubly_stochastic.hpp>
#include <attend/hard/half_soft.hpp>
#include <attend/hard/moving_average.hpp>
#include <attend/hard/reinforce.hpp>
#include <attend/hard/returns.hpp>

#include <algorithm>
#include <cstdio>
#include <span>
#include <string>
#include <vector>

namespace caption_scenes {

struct Options {
  std::string attention = "both";
  Index steps = 6000;
  Index batch = 16;
  Index objects = 3;  // at most, in a scene
  Index tests = 500;
  std::uint64_t seed = 1;
  std::string out = "caption-scenes-pictures";
  bool is_quiet = false;
};

/// λ: there are fewer words than cells, so that no cell's weights can sum up to 1 without taking from an object's. Five
/// times as much, and words between objects looked at empty cells instead of the next object.
inline constexpr float doubly_stochastic = 0.002f;
inline constexpr float entropy_bonus = 0.01f;  // λ_e
inline constexpr float discount = 0.5f;        // of the rewards of later words

/// Word t of every caption.
[[nodiscard]] inline std::vector<Index> words_at(std::span<Scene const> scenes, std::size_t t) {
  std::vector<Index> column;
  for (Scene const& scene : scenes) column.push_back(scene.caption[t]);
  return column;
}

/// The derivatives of λ Σ_j (1 − Σ_t α_tj)², the mean over the batch, by the weights of soft looks.
inline void ask_for_all_cells(float weight, Speech const& speech, SpeechGradient& d_speech) {
  Index const b = speech.start.hidden.rows(), length = std::ssize(speech.words);
  attend::DoublyStochastic<float> const penalty{weight / static_cast<float>(b)};
  for (auto& d_weights : d_speech.weights) d_weights = Matrix<float>::Zero(b, cells);
  for (Index i = 0; i < b; ++i) {
    Matrix<float> alpha(length, cells);
    for (Index t = 0; t < length; ++t) alpha.row(t) = speech.words[static_cast<std::size_t>(t)].look.weights().row(i);
    Matrix<float> const d_alpha = penalty.gradient(alpha);
    for (Index t = 0; t < length; ++t) d_speech.weights[static_cast<std::size_t>(t)].row(i) = d_alpha.row(t);
  }
}

/// Rewards a look for the word that it led to, and a little for the words after.
///
/// Source   Xu 2015, section 4.1 (arXiv 1502.03044): REINFORCE with a moving average and an entropy bonus
class Rewards {
 public:
  void give(std::span<Scene const> scenes, Speech& speech) {
    auto const b = std::ssize(scenes), length = std::ssize(speech.words);
    averages_.resize(std::max(averages_.size(), static_cast<std::size_t>(length + 1)));
    auto& averages = averages_[static_cast<std::size_t>(length)];  // captions of one length: the words stand alike
    averages.resize(static_cast<std::size_t>(length));
    Matrix<float> rewards(b, length);
    for (Index t = 0; t < length; ++t)
      for (Index i = 0; i < b; ++i)
        rewards(i, t) = attend::Categorical<float>(speech.words[static_cast<std::size_t>(t)].logits.row(i))
                            .log_probability(scenes[static_cast<std::size_t>(i)].caption[static_cast<std::size_t>(t)]);
    for (Index i = 0; i < b; ++i) rewards.row(i) = attend::returns_to_go(Vector<float>(rewards.row(i)), discount);
    for (Index t = 0; t < length; ++t) {
      auto& average = averages[static_cast<std::size_t>(t)];
      Look& look = speech.words[static_cast<std::size_t>(t)].look;
      Vector<float> const reward = rewards.col(t);
      look.d_log_probability = -attend::Reinforce<float>::coefficients(reward, average.value);
      look.d_entropy = Vector<float>::Constant(b, -entropy_bonus / static_cast<float>(b));
      average.add(reward.mean());
    }
  }

 private:
  std::vector<std::vector<attend::MovingAverage<float>>> averages_;
};

struct Report {
  double loss = 0, words_right = 0;
};

/// The loss of a batch; derivatives are added to `gradient`.
[[nodiscard]] inline Report learn(Model const& model, std::span<Scene const> scenes, Choice choice, Rewards& rewards,
                                  Model& gradient) {
  attend::Memory<float> const memory = model.remember(scenes);
  std::size_t const length = scenes.front().caption.size();
  Speech speech{model.cell.zero_state(memory.batch), {}};
  std::vector<Index> last(scenes.size(), beginning);
  for (std::size_t t = 0; t < length; ++t) {
    say_next(model, memory, choice, last, speech);
    if (choice.draw) ++choice.draw->step;
    last = words_at(scenes, t);
  }
  SpeechGradient d_speech;
  d_speech.weights.resize(length);
  Report report;
  for (std::size_t t = 0; t < length; ++t) {
    auto loss = train::cross_entropy(speech.words[t].logits, std::span<Index const>(words_at(scenes, t)));
    report.loss += loss.value / static_cast<double>(length);
    report.words_right += static_cast<double>(loss.right) / static_cast<double>(scenes.size() * length);
    d_speech.logits.push_back(std::move(loss.gradient));
  }
  if (choice.is_soft)
    ask_for_all_cells(doubly_stochastic, speech, d_speech);
  else
    rewards.give(scenes, speech);
  speech_backward(model, memory, speech, d_speech, gradient);
  return report;
}

/// The losses of all steps. The learning rate falls to 0. Hard attention attends softly in half of them.
[[nodiscard]] inline std::vector<double> train_model(Model& model, Options const& options, bool is_hard) {
  train::Progress progress("caption_scenes", options.is_quiet);
  train::Adam adam;
  train::Draw draw(options.seed, 0);
  Rewards rewards;
  std::vector<double> losses;
  for (Index step = 0; step < options.steps; ++step) {
    Index const objects = 2 + draw.below(options.objects - 1);
    std::vector<Scene> scenes;
    while (std::ssize(scenes) < options.batch) scenes.push_back(draw_scene(draw, objects, false));
    Choice choice;
    attend::Draw const picks{.seed = options.seed, .step = step * 3 * options.objects};
    if (is_hard && !attend::HalfSoft{}.is_soft(picks)) choice = {false, picks};
    Model gradient = attend::zeros_like(model);
    Report const report = learn(model, scenes, choice, rewards, gradient);
    losses.push_back(report.loss);
    double const done = static_cast<double>(step) / static_cast<double>(options.steps);
    train::clip_norm(gradient, 5);
    adam.learning_rate = 5e-3 * (1 - done) + 1e-5;
    adam.step(model, gradient);
    char says[120];
    std::snprintf(says, sizeof says, "%s, step %td of %td, loss %.3g, %.0f %% of words right",
                  is_hard ? "hard" : "soft", step + 1, options.steps, report.loss, 100 * report.words_right);
    progress.say(says, done);
  }
  return losses;
}

}  // namespace caption_scenes
