#pragma once

#include "../train/adam.hpp"
#include "../train/clip.hpp"
#include "../train/cross_entropy.hpp"
#include "../train/progress.hpp"
#include "reading.hpp"

#include <attend/hard/learned_baseline.hpp>
#include <attend/hard/reinforce.hpp>

#include <algorithm>
#include <cstdio>
#include <span>
#include <string>
#include <vector>

namespace glimpse_digits {

struct Options {
  std::string look = "both";
  Index glimpses = 4;
  Index steps = 4000;
  Index batch = 64;
  float entropy_bonus = 0.02f;
  std::uint64_t seed = 1;
  std::string out = "glimpse-digits-pictures";
  bool is_quiet = false;
};

/// One step's loss, from a batch of digits; derivatives are added to `gradient`.
class SoftTeacher {
 public:
  train::Loss<float> learn(Model const& model, Digits const& digits, Options const& options, Index, Model& gradient) {
    SoftLook look(model, digits.images);
    Reading const reading = read(model, look, digits.size(), options.glimpses);
    auto loss = train::cross_entropy(reading.logits, std::span<Index const>(digits.labels));
    read_backward(model, look, reading, loss.gradient, gradient);
    return loss;
  }
};

/// What is seen learns from the derivative of the loss, where to look from the reward: 1 for a digit that is named
/// right. What reward to expect is learned beside it, from the state that chooses, and taken off.
///
/// Source   Mnih 2014, section 3.1 (arXiv 1406.6247)
class HardTeacher {
 public:
  explicit HardTeacher(Index state) : baseline_(state) { adam_.learning_rate = 1e-2; }

  train::Loss<float> learn(Model const& model, Digits const& digits, Options const& options, Index step,
                           Model& gradient) {
    auto const b = digits.size();
    HardLook look(model, digits.images, attend::Draw{.seed = options.seed, .step = step * options.glimpses});
    Reading const reading = read(model, look, b, options.glimpses);
    auto loss = train::cross_entropy(reading.logits, std::span<Index const>(digits.labels));
    Vector<float> reward(b);
    for (Index i = 0; i < b; ++i) {
      Index named = 0;
      reading.logits.row(i).maxCoeff(&named);
      reward(i) = named == digits.labels[static_cast<std::size_t>(i)] ? 1.0f : 0.0f;
    }
    auto d_baseline = attend::zeros_like(baseline_);
    for (std::size_t t = 0; t < reading.steps.size(); ++t) {
      Matrix<float> const& state = reading.before(t).hidden;
      // Minus: rewards are to grow, and the rest is a loss.
      look.learn(t, -attend::Reinforce<float>::coefficients(reward, baseline_.values(state)),
                 Vector<float>::Constant(b, -options.entropy_bonus / static_cast<float>(b)));
      (void)baseline_.loss(state, reward, d_baseline);
    }
    adam_.step(baseline_, d_baseline);
    read_backward(model, look, reading, loss.gradient, gradient);
    return loss;
  }

 private:
  attend::LearnedBaseline<float> baseline_;
  train::Adam adam_;
};

/// Never the same ink twice: a network that knows its digits by heart does not read others. Of digits held out soft
/// glimpses named 94.9 to 98.0 % right without (3000 steps, seeds 1 to 3), and 98.2 to 99.1 % with (4000 steps).
inline void blot(Matrix<float>& images, attend::RandomStream stream) {
  for (Index i = 0; i < images.size(); ++i) images.data()[i] += 0.6f * attend::uniform<float>(stream, i) - 0.3f;
}

/// The losses of all steps. The learning rate falls to 0.
template <class Teacher>
[[nodiscard]] std::vector<double> train_model(Model& model, Teacher teacher, Digits const& digits,
                                              Options const& options, std::string const& name) {
  train::Progress progress("glimpse_digits", options.is_quiet);
  train::Adam adam;
  std::vector<double> losses;
  std::vector<Index> waiting;
  Index round = 0;
  for (Index step = 0; step < options.steps; ++step) {
    if (std::ssize(waiting) < options.batch) waiting = shuffled(digits.size(), options.seed, round++);
    Digits batch = chosen(digits, std::span(waiting).last(static_cast<std::size_t>(options.batch)));
    waiting.resize(waiting.size() - static_cast<std::size_t>(options.batch));
    blot(batch.images, attend::random_stream(options.seed, 1, step, 0));
    Model gradient = attend::zeros_like(model);
    auto const loss = teacher.learn(model, batch, options, step, gradient);
    losses.push_back(loss.value);
    double const done = static_cast<double>(step) / static_cast<double>(options.steps);
    train::clip_norm(gradient, 5);
    adam.learning_rate = 3e-3 * (1 - done) + 1e-5;
    adam.step(model, gradient);
    char says[100];
    std::snprintf(says, sizeof says, "%s, step %td of %td, loss %.3g, %.0f %% right", name.c_str(), step + 1,
                  options.steps, loss.value,
                  100 * static_cast<double>(loss.right) / static_cast<double>(options.batch));
    progress.say(says, done);
  }
  return losses;
}

}  // namespace glimpse_digits
