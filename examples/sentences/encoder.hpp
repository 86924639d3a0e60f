#pragma once

#include "wordpiece.hpp"

#include <attend/core/thread_pool.hpp>
#include <attend/model/bert.hpp>

#include <functional>
#include <string>
#include <vector>

namespace sentences {

namespace at = attend;

/// A row for each sentence.
using Vectors = at::Matrix<float>;
using Tokens = std::vector<Index>;

/// Text → vectors of length 1, whose dot product says how alike two texts are in meaning: a Bert, the mean of its
/// tokens' vectors, divided by its length.
///
/// Source   Reimers 2019, section 3 (arXiv 1908.10084); the model: Wang 2020 (2002.10957)
class Encoder {
 public:
  /// Reads config.json, vocab.txt and model.safetensors, as Hugging Face has them.
  ///
  /// Throws   when one of them is missing, which says how to fetch them, or is not that of a Bert
  explicit Encoder(std::string const& folder);

  [[nodiscard]] Tokens encode(std::string_view text) const { return pieces_.encode(text, most_tokens()); }
  [[nodiscard]] std::string const& token(Index index) const { return pieces_.token(index); }
  /// What is over is cut off: 256, which the model was trained with, or less where it has not as many positions.
  [[nodiscard]] Index most_tokens() const { return std::min<Index>(256, model_.positions.positions()); }
  [[nodiscard]] at::BertShape const& shape() const { return shape_; }

  /// Sentences of like length go through the model together, packed without padding, about `batch` tokens at once.
  /// done(part) is called in between, from 0 to 1.
  ///
  /// Shapes   sentences n  →  (n, features)
  [[nodiscard]] Vectors embed(std::vector<Tokens> const& sentences, Index batch, at::ThreadPool& pool,
                              std::function<void(double)> const& done = {}) const;

  /// The weights of every layer and head: row ((layer·heads) + head)·n + i is query i's.
  ///
  /// Shapes   tokens n  →  (layers·heads·n, n)
  [[nodiscard]] at::Matrix<float> weights(Tokens const& tokens, at::ThreadPool& pool) const;

 private:
  at::BertShape shape_;
  WordPiece pieces_;
  at::Bert<float> model_;
};

/// Where the vocabulary of a model is.
///
/// Throws   when there is none: a sentence with the command that fetches the model
[[nodiscard]] std::string vocabulary_of(std::string const& folder);

}  // namespace sentences
