#pragma once

#include "../glimpse_digits/digits.hpp"
#include "../train/adam.hpp"
#include "../train/clip.hpp"
#include "../train/cross_entropy.hpp"
#include "../train/draw.hpp"
#include "../train/progress.hpp"

#include <attend/layer/initialize.hpp>
#include <attend/model/vision_transformer.hpp>

#include <algorithm>
#include <cstdio>
#include <utility>
#include <vector>

namespace vit_digits {

using attend::Index;
using attend::Matrix;
using glimpse_digits::Digits;
using glimpse_digits::side;

using Model = attend::VisionTransformer<float>;

struct Training {
  Index epochs = 60, batch = 32;
  std::uint64_t seed = 1;
  bool is_quiet = false;
};

/// Matrices by Glorot's rule, the class token and positions small.
[[nodiscard]] inline Model first_model(attend::VisionShape const& shape, std::uint64_t seed) {
  Model model = attend::vision_transformer<float>(shape);
  attend::initialize_glorot(model.projection.weight, ++seed);
  attend::initialize_uniform(model.positions, 0.1, ++seed);
  for (auto& block : model.blocks.blocks) {
    block.attention.initialize(seed += 10);
    attend::initialize_glorot(block.feed_forward.expand.weight, ++seed);
    attend::initialize_glorot(block.feed_forward.contract.weight, ++seed);
  }
  attend::initialize_glorot(model.head.weight, ++seed);
  return model;
}

/// An image moved by up to one pixel each way; what comes in is paper. Written digits are never quite in the middle.
inline void shift(Eigen::Ref<attend::Vector<float>> pixels, train::Draw& draw) {
  Index const down = draw.below(3) - 1, right = draw.below(3) - 1;
  attend::Vector<float> const before = pixels;
  for (Index y = 0; y < side; ++y)
    for (Index x = 0; x < side; ++x) {
      bool const is_inside = y - down >= 0 && y - down < side && x - right >= 0 && x - right < side;
      pixels(y * side + x) = is_inside ? before((y - down) * side + x - right) : 0.f;
    }
}

/// The losses, step by step.
[[nodiscard]] inline std::vector<double> train_model(Model& model, Digits const& digits, Training const& training) {
  train::Progress progress("vit_digits", training.is_quiet);
  train::Draw draw(training.seed, 1);
  train::Adam adam;
  attend::Workspace workspace;
  attend::Serial serial;
  std::vector<double> losses;
  Index const steps = (digits.size() + training.batch - 1) / training.batch;
  for (Index epoch = 0; epoch < training.epochs; ++epoch) {
    std::vector<Index> const order = glimpse_digits::shuffled(digits.size(), training.seed, epoch);
    for (Index step = 0; step < steps; ++step) {
      Index const first = step * training.batch, count = std::min(training.batch, digits.size() - first);
      Digits batch = glimpse_digits::chosen(
          digits, std::span(order).subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count)));
      for (Index i = 0; i < count; ++i) {
        attend::Vector<float> pixels = batch.images.row(i);
        shift(pixels, draw);
        batch.images.row(i) = pixels;
      }
      auto const kept = model.forward(batch.images, serial, workspace);
      auto const loss = train::cross_entropy(kept.logits, batch.labels);
      losses.push_back(loss.value);
      Model gradient = attend::zeros_like(model);
      model.backward(kept, loss.gradient, gradient, serial, workspace);
      train::clip_norm(gradient, 1.0);
      double const done = static_cast<double>(epoch * steps + step) / static_cast<double>(training.epochs * steps);
      adam.learning_rate = 2e-3 * std::min(1.0, 20 * done + 0.05) * (1 - 0.98 * done);
      adam.step(model, gradient);
      char says[100];
      std::snprintf(says, sizeof says, "epoch %td of %td, loss %.3f", epoch + 1, training.epochs, loss.value);
      progress.say(says, done);
    }
  }
  return losses;
}

/// How many of the digits the model reads right.
[[nodiscard]] inline Index right_of(Model const& model, Digits const& digits) {
  return train::cross_entropy(model.run(digits.images), digits.labels).right;
}

}  // namespace vit_digits
