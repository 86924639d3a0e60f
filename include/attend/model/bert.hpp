#pragma once

#include <attend/core/check.hpp>
#include <attend/core/config.hpp>
#include <attend/core/parameters.hpp>
#include <attend/layer/activation_kinds.hpp>
#include <attend/layer/embedding.hpp>
#include <attend/layer/encoder_block.hpp>
#include <attend/layer/feed_forward.hpp>
#include <attend/layer/layer_norm.hpp>
#include <attend/layer/position_embedding.hpp>
#include <attend/layer/stack.hpp>
#include <attend/mask/documents.hpp>

#include <span>
#include <utility>

namespace attend {
inline namespace ATTEND_UNIT_NAME {

/// The sizes of a Bert; given here are those of bert-base-uncased (110 million parameters).
struct BertShape {
  Index words = 30522, positions = 512, types = 2;
  Index features = 768, layers = 12, heads = 12;
  Index hidden = 0;  ///< of the feed-forward layers; 0: 4·features
  double epsilon = 1e-12;
};

/// Tokens in, a vector for each out, which has seen all of its sequence: words, positions and types added, norms after,
/// GELU.
///
///   auto model = at::bert<float>({.features = 384, .layers = 6});
///   at::io::load_parameters("model.safetensors", model, at::io::hugging_face_bert(6));
///   auto const vectors = model.run(tokens, at::Documents(lengths));   // sequences of any lengths, no padding
///
/// Shapes   tokens (b·n), types (b·n) or none, which means type 0  →  (b·n, features)
/// Throws   when a token or a type names no row, or a sequence has more tokens than there are positions
/// Cost     that of the blocks
/// Source   Devlin 2019, section 3 (arXiv 1810.04805)
template <class Scalar>
struct Bert {
  using Block = EncoderBlock<Scalar, LayerNorm<Scalar>, FeedForward<Scalar, Gelu>>;
  using Blocks = Stack<Scalar, Block, LayerNorm<Scalar>>;
  using Tokens = std::span<Index const>;

  Embedding<Scalar> words;              ///< (words, features)
  PositionEmbedding<Scalar> positions;  ///< (positions, features)
  Embedding<Scalar> types;              ///< (types, features)
  LayerNorm<Scalar> norm;               ///< of their sum
  Blocks blocks;

  struct Forward {
    Matrix<Scalar> sum;  // (b·n, features)  before the norm
    Matrix<Scalar> x;    // (b·n, features)  what the blocks read
    typename Blocks::Forward blocks;

    [[nodiscard]] Matrix<Scalar> const& output() const { return blocks.output; }
  };

  /// Sequences of one length. After the batch come masks (`Lengths` of padded sequences), an executor, a workspace.
  template <class... Given>
  [[nodiscard]] Matrix<Scalar> run(Tokens tokens, Tokens type_of_each, Index batch, Given&&... given) const {
    return blocks.run(normed(embed(tokens, type_of_each, even(tokens, batch)), given...), batch, given...);
  }
  /// Sequences of any lengths, packed one after another.
  template <class... Given>
  [[nodiscard]] Matrix<Scalar> run(Tokens tokens, Tokens type_of_each, Documents const& sequences,
                                   Given&&... given) const {
    return blocks.run(normed(embed(tokens, type_of_each, sequences), given...), 1, sequences, given...);
  }
  template <class... Given>
  [[nodiscard]] Forward forward(Tokens tokens, Tokens type_of_each, Index batch, Given&&... given) const {
    Forward kept;
    kept.sum = embed(tokens, type_of_each, even(tokens, batch));
    kept.x = normed(kept.sum, given...);
    layer_detail::drop(kept.x, layer_detail::part_of(given, layer_detail::embedded)...);
    kept.blocks = blocks.forward(kept.x, batch, given...);
    return kept;
  }
  template <class... Given>
  [[nodiscard]] Forward forward(Tokens tokens, Tokens type_of_each, Documents const& sequences,
                                Given&&... given) const {
    Forward kept;
    kept.sum = embed(tokens, type_of_each, sequences);
    kept.x = normed(kept.sum, given...);
    layer_detail::drop(kept.x, layer_detail::part_of(given, layer_detail::embedded)...);
    kept.blocks = blocks.forward(kept.x, 1, sequences, given...);
    return kept;
  }
  /// Adds derivatives by all parameters to `gradient`, from ∂loss/∂output. Policies must be those of forward.
  template <class... Given>
  void backward(Tokens tokens, Tokens type_of_each, Index batch, Forward const& kept, Matrix<Scalar> const& d_output,
                Bert& gradient, Given&&... given) const {
    Matrix<Scalar> d_x = blocks.backward(kept.x, kept.blocks, d_output, gradient.blocks, given...);
    layer_detail::drop(d_x, layer_detail::part_of(given, layer_detail::embedded)...);
    embed_backward(tokens, type_of_each, even(tokens, batch), kept, d_x, gradient);
  }
  template <class... Given>
  void backward(Tokens tokens, Tokens type_of_each, Documents const& sequences, Forward const& kept,
                Matrix<Scalar> const& d_output, Bert& gradient, Given&&... given) const {
    Matrix<Scalar> d_x = blocks.backward(kept.x, kept.blocks, d_output, gradient.blocks, sequences, given...);
    layer_detail::drop(d_x, layer_detail::part_of(given, layer_detail::embedded)...);
    embed_backward(tokens, type_of_each, sequences, kept, d_x, gradient);
  }

  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    attend::each_parameter(self.words, "words", function);
    attend::each_parameter(self.positions, "positions", function);
    attend::each_parameter(self.types, "types", function);
    attend::each_parameter(self.norm, "norm", function);
    attend::each_parameter(self.blocks, "blocks", function);
  }

 private:
  [[nodiscard]] static Documents even(Tokens tokens, Index batch) {
    check(batch > 0 && std::ssize(tokens) % batch == 0, "Bert: ", tokens.size(), " tokens do not divide into ", batch,
          " sequences.");
    return Documents(std::vector<Index>(static_cast<std::size_t>(batch), std::ssize(tokens) / batch));
  }
  [[nodiscard]] Matrix<Scalar> embed(Tokens tokens, Tokens type_of_each, Documents const& sequences) const {
    check(sequences.queries() == std::ssize(tokens), "Bert: there are ", tokens.size(),
          " tokens but the sequences have ", sequences.queries(), ".");
    check(type_of_each.empty() || type_of_each.size() == tokens.size(), "Bert: there are ", tokens.size(),
          " tokens but ", type_of_each.size(), " types; give one a token, or none.");
    Matrix<Scalar> sum = words.forward(tokens);
    if (!type_of_each.empty())
      sum += types.forward(type_of_each);
    else if (types.words() > 0)
      sum.rowwise() += types.table.row(0);
    for (Index s = 0; s < sequences.count(); ++s) {
      Index const begin = sequences.query_begin(s), n = sequences.query_end(s) - begin;
      check(n <= positions.positions(), "Bert: sequence ", s, " has ", n, " tokens, but there are ",
            positions.positions(), " positions; cut it.");
      sum.middleRows(begin, n) += positions.table.topRows(n);
    }
    return sum;
  }
  template <class... Given>
  [[nodiscard]] Matrix<Scalar> normed(Matrix<Scalar> const& sum, Given&... given) const {
    Matrix<Scalar> x;
    layer_detail::with_only_resources([&](auto&... resource) { x = norm.forward(sum, resource...); }, given...);
    return x;
  }
  void embed_backward(Tokens tokens, Tokens type_of_each, Documents const& sequences, Forward const& kept,
                      Matrix<Scalar> const& d_x, Bert& gradient) const {
    Matrix<Scalar> const d_sum = norm.backward(kept.sum, d_x, gradient.norm);
    words.backward(tokens, d_sum, gradient.words);
    if (!type_of_each.empty())
      types.backward(type_of_each, d_sum, gradient.types);
    else if (types.words() > 0)
      gradient.types.table.row(0) += d_sum.colwise().sum();
    for (Index s = 0; s < sequences.count(); ++s) {
      Index const begin = sequences.query_begin(s), n = sequences.query_end(s) - begin;
      gradient.positions.table.topRows(n) += d_sum.middleRows(begin, n);
    }
  }
};

/// All matrices 0, norms 1: to be read from a file, or see layer/initialize.hpp.
template <class Scalar>
[[nodiscard]] Bert<Scalar> bert(BertShape const& shape = {}) {
  Bert<Scalar> model;
  LayerNorm<Scalar> const norm(shape.features, true, shape.epsilon);
  model.words = Embedding<Scalar>(shape.words, shape.features);
  model.positions = PositionEmbedding<Scalar>(shape.positions, shape.features);
  model.types = Embedding<Scalar>(shape.types, shape.features);
  model.norm = norm;
  for (Index layer = 0; layer < shape.layers; ++layer)
    model.blocks.blocks.emplace_back(
        MultiHead<Scalar>(MultiHeadShape{.features = shape.features, .heads = shape.heads}),
        FeedForward<Scalar, Gelu>(shape.features, shape.hidden > 0 ? shape.hidden : 4 * shape.features), norm,
        NormPlace::after);
  return model;
}

}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
