#pragma once

#include <attend/core/config.hpp>
#include <attend/core/parameters.hpp>
#include <attend/layer/feed_forward.hpp>
#include <attend/layer/layer_norm.hpp>
#include <attend/layer/multi_head.hpp>
#include <attend/layer/residual.hpp>

#include <utility>

namespace attend {
inline namespace ATTEND_UNIT_NAME {

/// One layer of a transformer that looks at its own tokens: attention, then a feed-forward layer, each with a norm and
/// a way around it.
///
/// With `Causal` among the policies, kept or handed to the calls, it is the decoder-only layer of GPT: then `decode`
/// takes the tokens as they come.
///
/// Shapes   x (b·n, features)  →  y (b·n, features)
/// Throws   when x does not fit
/// Cost     that of its parts; backward keeps what each of them keeps
/// Source   Vaswani 2017, section 3.1 (arXiv 1706.03762); norms first: Xiong 2020, figure 1 (2002.04745)
template <class Scalar, class Norm = LayerNorm<Scalar>, class Feed = FeedForward<Scalar>, class... Policies>
struct EncoderBlock {
  MultiHead<Scalar, Policies...> attention;
  Feed feed_forward;
  Residual<Scalar, Norm> around_attention;
  Residual<Scalar, Norm> around_feed_forward;

  EncoderBlock() = default;
  EncoderBlock(MultiHead<Scalar, Policies...> looks, Feed thinks, Norm norm, NormPlace place = NormPlace::before)
      : attention(std::move(looks)),
        feed_forward(std::move(thinks)),
        around_attention{norm, place},
        around_feed_forward{std::move(norm), place} {}

  /// What a forward pass gives, and what backward needs.
  struct Forward {
    typename MultiHead<Scalar, Policies...>::Forward attention;
    typename Feed::Kept feed_forward;
    typename Residual<Scalar, Norm>::Forward looked, thought;

    [[nodiscard]] Matrix<Scalar> const& output() const& { return thought.output; }
    [[nodiscard]] Matrix<Scalar> output() && { return std::move(thought.output); }
    [[nodiscard]] Matrix<Scalar>& output() & { return thought.output; }
  };

  /// After the batch come masks and other policies of this call, an executor, a workspace, Training.
  template <class... Given>
  [[nodiscard]] Forward forward(Matrix<Scalar> const& x, Index batch = 1, Given&&... given) const {
    Forward kept;
    forward_into(x, kept, batch, given...);
    return kept;
  }
  /// The same into what an earlier call kept, whose memory serves again. x may not be part of it.
  template <class... Given>
  void forward_into(Matrix<Scalar> const& x, Forward& kept, Index batch = 1, Given&&... given) const {
    layer_detail::with_only_resources(
        [&](auto&... resource) {
          around_attention.forward_into(
              x, kept.looked,
              [&](Matrix<Scalar> const& tokens) -> Matrix<Scalar> const& {
                attention.forward_into(tokens, kept.attention, batch, given...);
                return kept.attention.output;
              },
              layer_detail::part_of(resource, 0)...);
          think(kept, resource...);
        },
        given...);
  }
  /// The next tokens of the sequences in a cache: the bits of one forward over the whole. `cache` is that of
  /// `attention.cache(…)`.
  template <class Cache, class... Given>
  [[nodiscard]] Matrix<Scalar> decode(Matrix<Scalar> const& x, Cache& cache, Given&&... given) const {
    Forward kept;
    layer_detail::with_only_resources(
        [&](auto&... resource) {
          around_attention.forward_into(
              x, kept.looked, [&](Matrix<Scalar> const& tokens) { return attention.decode(tokens, cache, given...); },
              resource...);
          think(kept, resource...);
        },
        given...);
    return std::move(kept.thought.output);
  }

  /// ∂loss/∂x from ∂loss/∂y; derivatives by parameters are added to `gradient`. Policies must be those of forward.
  template <class... Given>
  [[nodiscard]] Matrix<Scalar> backward(Matrix<Scalar> const& x, Forward const& kept, Matrix<Scalar> const& d_output,
                                        EncoderBlock& gradient, Given&&... given) const {
    Matrix<Scalar> d_x;
    layer_detail::with_only_resources(
        [&](auto&... resource) {
          Matrix<Scalar> const d_looked = around_feed_forward.backward(
              kept.looked.output, kept.thought, d_output, gradient.around_feed_forward,
              [&](Matrix<Scalar> const& read, Matrix<Scalar> const& d_result) {
                return feed_forward.backward(read, kept.feed_forward, d_result, gradient.feed_forward, resource...);
              },
              layer_detail::part_of(resource, 1)...);
          d_x = around_attention.backward(
              x, kept.looked, d_looked, gradient.around_attention,
              [&](Matrix<Scalar> const& read, Matrix<Scalar> const& d_result) {
                return attention.backward(read, kept.attention, d_result, gradient.attention, given...);
              },
              layer_detail::part_of(resource, 0)...);
        },
        given...);
    return d_x;
  }

  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    attend::each_parameter(self.attention, "attention", function);
    attend::each_parameter(self.around_attention, "attention_norm", function);
    attend::each_parameter(self.feed_forward, "feed_forward", function);
    attend::each_parameter(self.around_feed_forward, "feed_forward_norm", function);
  }

 private:
  template <class... Resources>
  void think(Forward& kept, Resources&... resource) const {
    around_feed_forward.forward_into(
        kept.looked.output, kept.thought,
        [&](Matrix<Scalar> const& tokens) -> Matrix<Scalar> const& {
          feed_forward.forward_into(tokens, kept.feed_forward, resource...);
          return kept.feed_forward.output;
        },
        layer_detail::part_of(resource, 1)...);
  }
};

}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
