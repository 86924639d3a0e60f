#include "../../examples/train/adam.hpp"
#include "../../examples/train/cross_entropy.hpp"

#include <attend/core/freeze.hpp>
#include <attend/io/hugging_face.hpp>
#include <attend/io/parameters.hpp>
#include <attend/layer/linear.hpp>
#include <attend/model/bert.hpp>

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

/// A model whose weights come from a file learns another task by its head: a label for each token, and the first and
/// last token of a span (Devlin 2019, sections 4.1 to 4.3).

namespace fine_tuning_tests {

namespace at = attend;
using at::Index;
using Matrix = at::Matrix<double>;

/// Bert and a linear map of what it makes of each token.
struct Tagger {
  at::Bert<double> body = at::bert<double>(
      {.words = 23, .positions = 9, .types = 2, .features = 12, .layers = 2, .heads = 3, .hidden = 20});
  at::Linear<double> head = at::Linear<double>(12, 2);

  Tagger() {
    at::io::load_parameters(std::string(ATTEND_TEST_DATA) + "/data/model/bert.safetensors", body,
                            at::io::hugging_face_bert(2));
  }

  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    at::each_parameter(self.body, "body", function);
    at::each_parameter(self.head, "head", function);
  }
};

std::map<std::string, std::vector<double>> groups_of(Tagger const& model) {
  std::map<std::string, std::vector<double>> groups;
  at::each_parameter(model, [&](std::string_view name, auto numbers) {
    groups[std::string(name)].assign(numbers.begin(), numbers.end());
  });
  return groups;
}

/// Sentences of 8 words out of five, of which two are names.
struct Sentences {
  static constexpr Index count = 24, length = 8;
  std::vector<Index> words, labels;

  explicit Sentences(std::uint64_t seed) {
    for (Index i = 0; i < count * length; ++i) {
      words.push_back(static_cast<Index>(at::uniform(seed, 0, 0, 0, i) * 5));
      labels.push_back(words.back() >= 3 ? 1 : 0);
    }
  }
};

TEST(FineTuning, TheHeadLearnsAndTheBodyKeepsItsBits) {
  Tagger model;
  auto const before = groups_of(model);
  Sentences const seen(1);
  // The body is not trained, so its vectors are made once and nothing is kept for backward.
  Matrix const vectors = model.body.run(seen.words, {}, Sentences::count);
  train::Adam adam;
  adam.learning_rate = 0.1;
  double first = 0, last = 0;
  Index right = 0;
  for (int step = 0; step < 500; ++step) {
    auto const loss = train::cross_entropy(model.head.forward(vectors), std::span<Index const>(seen.labels));
    auto gradient = at::zeros_like(model.head);
    (void)model.head.backward(vectors, loss.gradient, gradient);
    adam.step(model.head, gradient);
    (step == 0 ? first : last) = loss.value;
    right = loss.right;
  }
  EXPECT_LT(last, 0.5 * first);
  EXPECT_GT(right, 9 * Sentences::count * Sentences::length / 10);
  for (auto const& [name, numbers] : groups_of(model))
    EXPECT_EQ(numbers == before.at(name), name.starts_with("body")) << name;
}

TEST(FineTuning, AllButTheNamedGroupsStay) {
  Tagger model;
  auto const before = groups_of(model);
  Sentences const seen(2);
  train::Adam adam;
  adam.learning_rate = 0.01;
  std::vector<double> losses;
  for (int step = 0; step < 10; ++step) {
    auto const kept = model.body.forward(seen.words, {}, Sentences::count);
    auto const loss = train::cross_entropy(model.head.forward(kept.output()), std::span<Index const>(seen.labels));
    auto gradient = at::zeros_like(model);
    Matrix const d_vectors = model.head.backward(kept.output(), loss.gradient, gradient.head);
    model.body.backward(seen.words, {}, Sentences::count, kept, d_vectors, gradient.body);
    at::freeze_all_but(gradient, {"head", "body.blocks.1"});
    adam.step(model, gradient);
    losses.push_back(loss.value);
  }
  EXPECT_LT(losses.back(), losses.front());
  for (auto const& [name, numbers] : groups_of(model)) {
    bool const free = name.starts_with("head.") || name.starts_with("body.blocks.1.");
    // A key's bias moves all scores of a query alike, so softmax gives it a derivative of 0 but for rounding.
    if (name.ends_with("key.bias") || numbers.empty()) continue;
    EXPECT_EQ(numbers != before.at(name), free) << name;
  }
}

/// Two logits a token: softmax over the tokens of a sentence is where the span begins, and where it ends.
TEST(FineTuning, ASpanHeadFindsItsSpan) {
  Tagger model;
  Index const n = Sentences::length, batch = Sentences::count;
  std::vector<Index> words, first, last;
  for (Index s = 0; s < batch; ++s) {
    auto const at_most = [&](Index most, Index place) {
      return static_cast<Index>(at::uniform(7, 0, 0, s, place) * static_cast<double>(most));
    };
    first.push_back(at_most(n - 2, 0));
    last.push_back(first.back() + 2);
    for (Index i = 0; i < n; ++i) words.push_back(i == first.back() ? 20 : i == last.back() ? 21 : at_most(20, 1 + i));
  }
  Matrix const vectors = model.body.run(words, {}, batch);
  train::Adam adam;
  adam.learning_rate = 0.05;
  Index right = 0;
  for (int step = 0; step < 300; ++step) {
    Matrix const logits = model.head.forward(vectors);  // (b·n, 2)
    Matrix const begins = logits.col(0).reshaped<Eigen::RowMajor>(batch, n);
    Matrix const ends = logits.col(1).reshaped<Eigen::RowMajor>(batch, n);
    auto const begin_loss = train::cross_entropy(begins, std::span<Index const>(first));
    auto const end_loss = train::cross_entropy(ends, std::span<Index const>(last));
    Matrix d_logits(batch * n, 2);
    d_logits.col(0) = begin_loss.gradient.reshaped<Eigen::RowMajor>();
    d_logits.col(1) = end_loss.gradient.reshaped<Eigen::RowMajor>();
    auto gradient = at::zeros_like(model.head);
    (void)model.head.backward(vectors, d_logits, gradient);
    adam.step(model.head, gradient);
    right = std::min(begin_loss.right, end_loss.right);
  }
  EXPECT_GE(right, batch - 1);
}

}  // namespace fine_tuning_tests
