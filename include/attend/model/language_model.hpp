#pragma once

#include <attend/core/check.hpp>
#include <attend/core/config.hpp>
#include <attend/core/parameters.hpp>
#include <attend/layer/embedding.hpp>
#include <attend/layer/linear.hpp>
#include <attend/layer/position_embedding.hpp>
#include <attend/layer/stack.hpp>
#include <attend/mask/causal.hpp>

#include <span>
#include <utility>

namespace attend {
inline namespace ATTEND_UNIT_NAME {

/// Tokens in, a score for every word as the next token out: blocks that look at the tokens so far.
///
/// model/gpt2.hpp and model/llama.hpp make it with the sizes and the parts of those models.
///
/// Shapes   tokens (b·n), sequences one after another  →  logits (b·n, words), row i for the token after token i
/// Throws   when a token names no word, or there are more tokens than positions
/// Cost     that of the blocks, and b·n·features·words multiply-adds for the logits
template <class Scalar, class Block, class Norm>
struct LanguageModel {
  Embedding<Scalar> words;              ///< (words, features)
  PositionEmbedding<Scalar> positions;  ///< added to the words; empty where positions come in otherwise
  Stack<Scalar, Block, Norm> blocks;
  Linear<Scalar> head;  ///< weight (words, features); empty: the table of words serves again

  struct Forward {
    Matrix<Scalar> x;  // (b·n, features)  what the blocks read
    typename Stack<Scalar, Block, Norm>::Forward blocks;
    Matrix<Scalar> logits;  // (b·n, words)
    Index batch = 1;
  };

  /// The logits alone. After the batch come masks (the model is causal without one), an executor, a workspace.
  template <class... Given>
  [[nodiscard]] Matrix<Scalar> run(std::span<Index const> tokens, Index batch = 1, Given&&... given) const {
    return scores(blocks.run(embed(tokens, batch, 0), batch, Causal{}, given...), given...);
  }
  template <class... Given>
  [[nodiscard]] Forward forward(std::span<Index const> tokens, Index batch = 1, Given&&... given) const {
    Forward kept;
    kept.batch = batch;
    kept.x = embed(tokens, batch, 0);
    layer_detail::drop(kept.x, layer_detail::part_of(given, layer_detail::embedded)...);
    kept.blocks = blocks.forward(kept.x, batch, Causal{}, given...);
    kept.logits = scores(kept.blocks.output, given...);
    return kept;
  }
  /// Adds derivatives by all parameters to `gradient`, from ∂loss/∂logits. Policies must be those of forward.
  template <class... Given>
  void backward(std::span<Index const> tokens, Forward const& kept, Matrix<Scalar> const& d_logits,
                LanguageModel& gradient, Given&&... given) const {
    Matrix<Scalar> d_output;
    layer_detail::with_resources_among(
        [&](auto& executor, Workspace& workspace) {
          if (tied()) {
            layer_detail::add_outer(gradient.words.table, d_logits, kept.blocks.output, executor, workspace);
            layer_detail::project_back_into(d_logits, words.table, d_output, executor, workspace);
          } else {
            d_output = head.backward(kept.blocks.output, d_logits, gradient.head, executor, workspace);
          }
        },
        given...);
    Matrix<Scalar> d_x = blocks.backward(kept.x, kept.blocks, std::move(d_output), gradient.blocks, Causal{}, given...);
    layer_detail::drop(d_x, layer_detail::part_of(given, layer_detail::embedded)...);
    if (positions.positions() > 0) {
      Index const n = d_x.rows() / kept.batch;
      for (Index b = 0; b < kept.batch; ++b) gradient.positions.table.topRows(n) += d_x.middleRows(b * n, n);
    }
    words.backward(tokens, d_x, gradient.words);
  }

  template <class Storage = Scalar>
  [[nodiscard]] std::vector<KvCache<Storage>> caches(Index capacity, Index batch = 1) const {
    return blocks.template caches<Storage>(capacity, batch);
  }
  /// The next tokens of the sequences in the caches; the bits of `run` over the whole.
  ///
  /// Shapes   tokens (b·n), as many a sequence  →  logits (b·n, words)
  template <class Cache, class... Given>
  [[nodiscard]] Matrix<Scalar> decode(std::span<Index const> tokens, std::vector<Cache>& caches,
                                      Given&&... given) const {
    check(!caches.empty(), "LanguageModel: there are no caches; make them with caches(…).");
    Matrix<Scalar> x = embed(tokens, caches.front().batch(), caches.front().seen());
    return scores(blocks.decode(std::move(x), caches, Causal{}, given...), given...);
  }

  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    attend::each_parameter(self.words, "words", function);
    attend::each_parameter(self.positions, "positions", function);
    attend::each_parameter(self.blocks, "blocks", function);
    attend::each_parameter(self.head, "head", function);
  }

 private:
  [[nodiscard]] bool tied() const { return head.weight.size() == 0; }

  [[nodiscard]] Matrix<Scalar> embed(std::span<Index const> tokens, Index batch, Index first) const {
    check(batch > 0 && std::ssize(tokens) % batch == 0, "LanguageModel: ", tokens.size(), " tokens do not divide into ",
          batch, " sequences.");
    Matrix<Scalar> x = words.forward(tokens);
    if (positions.positions() > 0) {
      Index const n = x.rows() / batch;
      check(first + n <= positions.positions(), "LanguageModel: a sequence has ", first + n, " tokens, but there are ",
            positions.positions(), " positions.");
      for (Index b = 0; b < batch; ++b) x.middleRows(b * n, n) += positions.table.middleRows(first, n);
    }
    return x;
  }
  template <class... Given>
  [[nodiscard]] Matrix<Scalar> scores(Matrix<Scalar> const& hidden, Given&... given) const {
    Matrix<Scalar> logits;
    layer_detail::with_resources_among(
        [&](auto& executor, Workspace& workspace) {
          if (tied())
            layer_detail::project_into(hidden, words.table, head.bias, logits, executor, workspace);
          else
            head.forward_into(hidden, logits, executor, workspace);
        },
        given...);
    return logits;
  }
};

}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
