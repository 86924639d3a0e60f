#pragma once

#include <attend/core/check.hpp>
#include <attend/core/config.hpp>
#include <attend/core/parameters.hpp>
#include <attend/layer/decoder_stack.hpp>
#include <attend/layer/embedding.hpp>
#include <attend/layer/learned_policies.hpp>
#include <attend/layer/linear.hpp>
#include <attend/layer/product.hpp>
#include <attend/layer/shared.hpp>
#include <attend/layer/sinusoidal_positions.hpp>
#include <attend/layer/stack.hpp>

#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace attend {
inline namespace ATTEND_UNIT_NAME {

/// A text in, a text out: one stack reads the source, another looks at it and at the target so far, and scores every
/// word as the next.
///
/// model/transformer.hpp and model/t5.hpp make it with the sizes and the parts of those models. `Policies` are what the
/// self-attentions of all layers of a side share, such as T5's bias: one group of parameters, whose gradient is the sum
/// over the layers. Over the memory they have no say.
///
///   auto const memory = model.remember(source, batch);   // the source read and projected, once
///   auto caches = model.caches(100, batch);
///   auto const logits = model.decode(next, caches, memory);
///
/// Calls end with the policies over the source in a tuple, for the encoder and for what looks at it (`Lengths` of a
/// padded batch), then an executor and a workspace.
///
/// Shapes   source (b·m) and target (b·n), sequences one after another  →  logits (b·n, words), row i for the token
///          after target i
/// Throws   when a token names no word, or tokens do not divide into sequences
/// Cost     that of the stacks, and b·n·features·words multiply-adds for the logits
/// Source   Sutskever 2014 (arXiv 1409.3215); with attention alone: Vaswani 2017, figure 1 (1706.03762)
template <class Scalar, class Reader, class Writer, class Norm, class... Policies>
struct EncoderDecoder {
  using Encoder = Stack<Scalar, Reader, Norm>;
  using Decoder = DecoderStack<Scalar, Writer, Norm>;
  using Memory = typename Decoder::Memory;
  using Tokens = std::span<Index const>;

  std::tuple<Policies...> encoder_policies;
  std::tuple<Policies...> decoder_policies;
  Embedding<Scalar> words{};         ///< (words, features)
  Embedding<Scalar> target_words{};  ///< (words, features) of the target; empty: `words` serves both
  Encoder encoder{};
  Decoder decoder{};
  Linear<Scalar> head{};      ///< weight (words, features); empty: the table of the target's words serves again
  Scalar embedding_scale{1};  ///< what rows of the tables are multiplied by
  Scalar output_scale{1};     ///< what the decoder's output is multiplied by, before the head
  bool sinusoidal = false;    ///< sinusoidal_positions are added to the words

  struct Forward {
    Matrix<Scalar> source;  // (b·m, features)  what the encoder reads
    Matrix<Scalar> target;  // (b·n, features)  what the decoder reads
    typename Encoder::Forward encoder;
    Memory memory;
    typename Decoder::Forward decoder;
    Matrix<Scalar> logits;  // (b·n, words)
    Index batch = 1;
  };

  /// What the decoder looks at.
  template <class... Masks, class... Resources>
  [[nodiscard]] Memory remember(Tokens source, Index batch, std::tuple<Masks...> const& over_source,
                                Resources&&... resources) const {
    return with_all(
        [&](auto const&... policy) {
          return decoder.remember(encoder.run(embed(words, source, batch, 0), batch, policy..., resources...), batch,
                                  resources...);
        },
        encoder_policies, over_source);
  }
  [[nodiscard]] Memory remember(Tokens source, Index batch = 1) const {
    return remember(source, batch, std::tuple<>());
  }

  /// The logits alone.
  template <class... Masks, class... Resources>
  [[nodiscard]] Matrix<Scalar> run(Tokens source, Tokens target, Index batch, std::tuple<Masks...> const& over_source,
                                   Resources&&... resources) const {
    Memory const memory = remember(source, batch, over_source, resources...);
    return with_all(
        [&](auto const&... policy) {
          return scores(
              decoder.run(embed(written(), target, batch, 0), memory, batch, over_source, policy..., resources...),
              resources...);
        },
        decoder_policies);
  }
  [[nodiscard]] Matrix<Scalar> run(Tokens source, Tokens target, Index batch = 1) const {
    return run(source, target, batch, std::tuple<>());
  }

  template <class... Masks, class... Resources>
  [[nodiscard]] Forward forward(Tokens source, Tokens target, Index batch, std::tuple<Masks...> const& over_source,
                                Resources&&... resources) const {
    Forward kept;
    kept.batch = batch;
    kept.source = embed(words, source, batch, 0);
    kept.target = embed(written(), target, batch, 0);
    layer_detail::drop(kept.source, layer_detail::part_of(resources, reads, layer_detail::embedded)...);
    layer_detail::drop(kept.target, layer_detail::part_of(resources, writes, layer_detail::embedded)...);
    with_all(
        [&](auto const&... policy) {
          kept.encoder = encoder.forward(kept.source, batch, policy..., layer_detail::part_of(resources, reads)...);
        },
        encoder_policies, over_source);
    kept.memory = decoder.remember(kept.encoder.output, batch, resources...);
    with_all(
        [&](auto const&... policy) {
          kept.decoder = decoder.forward(kept.target, kept.memory, batch, over_source, policy...,
                                         layer_detail::part_of(resources, writes)...);
        },
        decoder_policies);
    kept.logits = scores(kept.decoder.output, resources...);
    return kept;
  }
  [[nodiscard]] Forward forward(Tokens source, Tokens target, Index batch = 1) const {
    return forward(source, target, batch, std::tuple<>());
  }

  /// Adds derivatives by all parameters to `gradient`, from ∂loss/∂logits. Policies must be those of forward.
  template <class... Masks, class... Resources>
  void backward(Tokens source, Tokens target, Forward const& kept, Matrix<Scalar> const& d_logits,
                EncoderDecoder& gradient, std::tuple<Masks...> const& over_source, Resources&&... resources) const {
    Memory d_memory;
    with_all(
        [&](auto const&... policy) {
          Matrix<Scalar> d_target =
              decoder.backward(kept.target, kept.memory, kept.decoder,
                               scores_backward(kept.decoder.output, d_logits, gradient, resources...), d_memory,
                               gradient.decoder, over_source, policy..., layer_detail::part_of(resources, writes)...);
          layer_detail::drop(d_target, layer_detail::part_of(resources, writes, layer_detail::embedded)...);
          written().backward(target, embedding_scale * d_target, gradient.written());
        },
        layer_detail::shared(decoder_policies, gradient.decoder_policies));
    Matrix<Scalar> const d_read = decoder.remember_backward(kept.encoder.output, kept.memory, d_memory,
                                                            gradient.decoder, kept.batch, resources...);
    with_all(
        [&](auto const&... policy) {
          Matrix<Scalar> d_source = encoder.backward(kept.source, kept.encoder, d_read, gradient.encoder, policy...,
                                                     layer_detail::part_of(resources, reads)...);
          layer_detail::drop(d_source, layer_detail::part_of(resources, reads, layer_detail::embedded)...);
          words.backward(source, embedding_scale * d_source, gradient.words);
        },
        layer_detail::shared(encoder_policies, gradient.encoder_policies), over_source);
  }
  void backward(Tokens source, Tokens target, Forward const& kept, Matrix<Scalar> const& d_logits,
                EncoderDecoder& gradient) const {
    backward(source, target, kept, d_logits, gradient, std::tuple<>());
  }

  template <class Storage = Scalar>
  [[nodiscard]] std::vector<KvCache<Storage>> caches(Index capacity, Index batch = 1) const {
    return decoder.template caches<Storage>(capacity, batch);
  }
  /// The next tokens of the targets in the caches; the bits of `run` over the whole.
  ///
  /// Shapes   target (b·n), as many a sequence  →  logits (b·n, words)
  template <class Cache, class... Masks, class... Resources>
  [[nodiscard]] Matrix<Scalar> decode(Tokens target, std::vector<Cache>& caches, Memory const& memory,
                                      std::tuple<Masks...> const& over_source, Resources&&... resources) const {
    check(!caches.empty(), "EncoderDecoder: there are no caches; make them with caches(…).");
    Matrix<Scalar> x = embed(written(), target, caches.front().batch(), caches.front().seen());
    return with_all(
        [&](auto const&... policy) {
          return scores(decoder.decode(std::move(x), caches, memory, over_source, policy..., resources...),
                        resources...);
        },
        decoder_policies);
  }
  template <class Cache>
  [[nodiscard]] Matrix<Scalar> decode(Tokens target, std::vector<Cache>& caches, Memory const& memory) const {
    return decode(target, caches, memory, std::tuple<>());
  }

  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    attend::each_parameter(self.words, "words", function);
    attend::each_parameter(self.target_words, "target_words", function);
    auto const of_encoder = [&](std::string_view name, auto numbers) {
      function("encoder." + std::string(name), numbers);
    };
    auto const of_decoder = [&](std::string_view name, auto numbers) {
      function("decoder." + std::string(name), numbers);
    };
    layer_detail::each_policy_parameter(self.encoder_policies, of_encoder);
    attend::each_parameter(self.encoder, of_encoder);
    layer_detail::each_policy_parameter(self.decoder_policies, of_decoder);
    attend::each_parameter(self.decoder, of_decoder);
    attend::each_parameter(self.head, "head", function);
  }

 private:
  /// The parts of Training that the two stacks have.
  static constexpr Index reads = 0, writes = 1;

  /// Calls use(…) with what is in the tuples.
  template <class Use, class... Tuples>
  static decltype(auto) with_all(Use const& use, Tuples const&... tuples) {
    return std::apply(use, std::tuple_cat(std::apply([](auto const&... one) { return std::tie(one...); }, tuples)...));
  }
  [[nodiscard]] Embedding<Scalar> const& written() const { return target_words.words() > 0 ? target_words : words; }
  [[nodiscard]] Embedding<Scalar>& written() { return target_words.words() > 0 ? target_words : words; }
  [[nodiscard]] bool tied() const { return head.weight.size() == 0; }

  [[nodiscard]] Matrix<Scalar> embed(Embedding<Scalar> const& table, Tokens tokens, Index batch, Index first) const {
    check(batch > 0 && std::ssize(tokens) % batch == 0, "EncoderDecoder: ", tokens.size(),
          " tokens do not divide into ", batch, " sequences.");
    Matrix<Scalar> x = embedding_scale * table.forward(tokens);
    if (sinusoidal) {
      Index const n = x.rows() / batch;
      Matrix<Scalar> const positions = sinusoidal_positions<Scalar>(n, x.cols(), 10000, first);
      for (Index b = 0; b < batch; ++b) x.middleRows(b * n, n) += positions;
    }
    return x;
  }
  template <class... Resources>
  [[nodiscard]] Matrix<Scalar> scores(Matrix<Scalar> hidden, Resources&... resources) const {
    hidden *= output_scale;
    if (!tied()) return head.forward(hidden, resources...);
    Matrix<Scalar> logits;
    layer_detail::with_resources(
        [&](auto& executor, Workspace& workspace) {
          layer_detail::project_into(hidden, written().table, head.bias, logits, executor, workspace);
        },
        resources...);
    return logits;
  }
  /// ∂loss by the decoder's output.
  template <class... Resources>
  [[nodiscard]] Matrix<Scalar> scores_backward(Matrix<Scalar> hidden, Matrix<Scalar> const& d_logits,
                                               EncoderDecoder& gradient, Resources&... resources) const {
    check(d_logits.rows() == hidden.rows() && d_logits.cols() == (tied() ? written().words() : head.out()),
          "EncoderDecoder: d_logits is (", d_logits.rows(), ", ", d_logits.cols(), "); it must be (", hidden.rows(),
          ", ", tied() ? written().words() : head.out(), ").");
    hidden *= output_scale;
    Matrix<Scalar> d_hidden;
    if (tied())
      layer_detail::with_resources(
          [&](auto& executor, Workspace& workspace) {
            layer_detail::add_outer(gradient.written().table, d_logits, hidden, executor, workspace);
            layer_detail::project_back_into(d_logits, written().table, d_hidden, executor, workspace);
          },
          resources...);
    else
      d_hidden = head.backward(hidden, d_logits, gradient.head, resources...);
    return output_scale * d_hidden;
  }
};

}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
