#pragma once

#include "model.hpp"

#include <attend/attention.hpp>
#include <attend/hard/draw.hpp>
#include <attend/hard/hard_attention.hpp>
#include <attend/layer/activation.hpp>

#include <optional>
#include <utility>
#include <vector>

/// The two ways to choose a glimpse. Both are an object for one batch of images with
///
///   look(query)                          → what is seen (b, glimpse)
///   look_back(t, query, d_seen, gradient) → ∂loss/∂query; derivatives by parameters are added to `gradient`
///   finish_back(gradient)                after the last look_back
///   weights(t)                           (b, 36), to look at

namespace glimpse_digits {

/// max(0, x), and its way back.
[[nodiscard]] inline Matrix<float> rectified(Matrix<float> const& x) { return x.cwiseMax(0.0f); }
[[nodiscard]] inline Matrix<float> rectified_back(Matrix<float> const& y, Matrix<float> const& d_y) {
  return (y.array() > 0).select(d_y, 0.0f);
}

/// One place an image: its window is all that is read of it.
class HardLook {
 public:
  /// Draws where `draw` is given, and takes the likeliest place where not.
  HardLook(Model const& model, Matrix<float> const& images, std::optional<attend::Draw> draw)
      : model_(model), images_(images), draw_(draw) {}

  [[nodiscard]] Matrix<float> look(Matrix<float> const& query) {
    Step step;
    if (draw_) {
      step.picked = op_.sample(query, model_.key, model_.place, *draw_);
      ++draw_->step;
    } else {
      step.picked = op_.argmax(query, model_.key, model_.place);
    }
    step.windows = windows_at(images_, step.picked.keys);
    step.seen = rectified(model_.retina.forward(step.windows) + step.picked.output);
    steps_.push_back(std::move(step));
    return steps_.back().seen;
  }

  /// Each pick's ∂loss/∂log p and each choice's ∂loss/∂entropy (b), from Reinforce, before look_back(t).
  void learn(std::size_t t, Vector<float> d_log_probability, Vector<float> d_entropy) {
    steps_[t].d_log_probability = std::move(d_log_probability);
    steps_[t].d_entropy = std::move(d_entropy);
  }
  [[nodiscard]] Matrix<float> look_back(std::size_t t, Matrix<float> const& query, Matrix<float> const& d_seen,
                                        Model& gradient) {
    Step const& step = steps_[t];
    Matrix<float> const d_sum = rectified_back(step.seen, d_seen);
    (void)model_.retina.backward(step.windows, d_sum, gradient.retina);  // pixels have no parameters
    auto const back =
        op_.backward(query, model_.key, model_.place, step.picked, d_sum, step.d_log_probability, step.d_entropy);
    gradient.key += back.key;
    gradient.place += back.value;
    return back.query;
  }
  void finish_back(Model&) {}

  [[nodiscard]] Matrix<float> weights(std::size_t t) const { return steps_[t].picked.weights.dense(); }

 private:
  struct Step {
    attend::Picked<float> picked;
    Matrix<float> windows, seen;
    Vector<float> d_log_probability, d_entropy;
  };
  attend::HardAttention<> op_{};
  Model const& model_;
  Matrix<float> const& images_;
  std::optional<attend::Draw> draw_;
  std::vector<Step> steps_;
};

/// The mean of all places, weighted: all windows are read.
class SoftLook {
 public:
  SoftLook(Model const& model, Matrix<float> const& images)
      : model_(model),
        windows_(windows_everywhere(images)),
        values_(rectified(model.retina.forward(windows_) + model.place.replicate(images.rows(), 1))),
        d_values_(Matrix<float>::Zero(values_.rows(), values_.cols())) {}

  [[nodiscard]] Matrix<float> look(Matrix<float> const& query) {
    steps_.push_back({op_.forward(queries(query), keys(), values()), query});
    auto const& output = steps_.back().kept.output;
    return Matrix<float>::Map(output.data(), query.rows(), values_.cols());
  }

  [[nodiscard]] Matrix<float> look_back(std::size_t t, Matrix<float> const& query, Matrix<float> const& d_seen,
                                        Model& gradient) {
    auto const back = op_.backward(queries(query), keys(), values(), steps_[t].kept,
                                   attend::heads(d_seen.data(), {batch(), 1, 1, values_.cols()}));
    // Keys are shared by the batch, and so each image has a part of their derivative.
    for (Index i = 0; i < batch(); ++i)
      gradient.key += Matrix<float>::Map(back.key.data() + i * gradient.key.size(), places, gradient.key.cols());
    d_values_ += Matrix<float>::Map(back.value.data(), values_.rows(), values_.cols());
    return Matrix<float>::Map(back.query.data(), query.rows(), query.cols());
  }
  void finish_back(Model& gradient) {
    Matrix<float> const d_sum = rectified_back(values_, d_values_);
    (void)model_.retina.backward(windows_, d_sum, gradient.retina);
    for (Index i = 0; i < batch(); ++i) gradient.place += d_sum.middleRows(i * places, places);
  }

  [[nodiscard]] Matrix<float> weights(std::size_t t) const { return op_.weights(steps_[t].query, model_.key); }

 private:
  struct Step {
    attend::KeptHeads<float> kept;
    Matrix<float> query;
  };
  [[nodiscard]] Index batch() const { return values_.rows() / places; }
  /// One query an image, and the same keys for all of them: a stride of 0.
  [[nodiscard]] attend::Heads<float const> queries(Matrix<float> const& query) const {
    return attend::heads(query.data(), {query.rows(), 1, 1, query.cols()});
  }
  [[nodiscard]] attend::Heads<float const> keys() const {
    return attend::heads(model_.key.data(), {batch(), 1, places, model_.key.cols()}, {0, 0, model_.key.cols(), 1});
  }
  [[nodiscard]] attend::Heads<float const> values() const {
    return attend::heads(values_.data(), {batch(), 1, places, values_.cols()});
  }

  attend::Attention<> op_{};
  Model const& model_;
  Matrix<float> windows_;  // (b·36, 9)
  Matrix<float> values_;   // (b·36, glimpse)
  Matrix<float> d_values_;
  std::vector<Step> steps_;
};

}  // namespace glimpse_digits
