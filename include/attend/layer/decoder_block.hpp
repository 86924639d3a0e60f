#pragma once

#include <attend/core/config.hpp>
#include <attend/core/parameters.hpp>
#include <attend/layer/feed_forward.hpp>
#include <attend/layer/layer_norm.hpp>
#include <attend/layer/multi_head.hpp>
#include <attend/layer/residual.hpp>
#include <attend/layer/resources.hpp>
#include <attend/mask/causal.hpp>

#include <utility>

namespace attend {
inline namespace ATTEND_UNIT_NAME {

/// One layer of a transformer that writes: attention over the tokens so far, attention over what is translated, then a
/// feed-forward layer, each with a norm and a way around it.
///
/// Keys and values of what is translated are projected once: `remember`.
///
/// Shapes   x (b·n, features)  memory (b·m, key_features of `cross`)  →  y (b·n, features)
/// Throws   when x or the memory does not fit
/// Cost     that of its parts; backward keeps what each of them keeps
/// Source   Vaswani 2017, section 3.1 (arXiv 1706.03762)
template <class Scalar, class Norm = LayerNorm<Scalar>, class Feed = FeedForward<Scalar>,
          class Self = MultiHead<Scalar>, class Cross = MultiHead<Scalar>>
struct DecoderBlock {
  Self self;    ///< over the tokens so far
  Cross cross;  ///< over the memory
  Feed feed_forward;
  Residual<Scalar, Norm> around_self, around_cross, around_feed_forward;

  using Memory = typename Cross::Memory;

  DecoderBlock() = default;
  DecoderBlock(Self over_self, Cross over_memory, Feed thinks, Norm norm, NormPlace place = NormPlace::before)
      : self(std::move(over_self)),
        cross(std::move(over_memory)),
        feed_forward(std::move(thinks)),
        around_self{norm, place},
        around_cross{norm, place},
        around_feed_forward{std::move(norm), place} {}

  /// What a forward pass gives, and what backward needs.
  struct Forward {
    typename Self::Forward self;
    typename Cross::Forward cross;
    typename Feed::Kept feed_forward;
    typename Residual<Scalar, Norm>::Forward looked, asked, thought;

    [[nodiscard]] Matrix<Scalar> const& output() const& { return thought.output; }
    [[nodiscard]] Matrix<Scalar> output() && { return std::move(thought.output); }
    [[nodiscard]] Matrix<Scalar>& output() & { return thought.output; }
  };

  template <class... Resources>
  [[nodiscard]] Memory remember(Matrix<Scalar> const& tokens, Index batch = 1, Resources&&... resources) const {
    return cross.remember(tokens, tokens, batch, resources...);
  }

  /// `over_memory` are the policies of the attention over the memory (std::tie: `Lengths` of a padded batch, say);
  /// after them come those of the attention over the tokens so far, which is causal without any, an executor, a
  /// workspace, Training.
  template <class... Masks, class... Given>
  [[nodiscard]] Forward forward(Matrix<Scalar> const& x, Memory const& memory, Index batch,
                                std::tuple<Masks...> const& over_memory, Given&&... given) const {
    Forward kept;
    forward_into(x, memory, kept, batch, over_memory, given...);
    return kept;
  }
  /// The same into what an earlier call kept, whose memory serves again. x may not be part of it.
  template <class... Masks, class... Given>
  void forward_into(Matrix<Scalar> const& x, Memory const& memory, Forward& kept, Index batch,
                    std::tuple<Masks...> const& over_memory, Given&&... given) const {
    layer_detail::with_only_resources(
        [&](auto&... resource) {
          around_self.forward_into(
              x, kept.looked,
              [&](Matrix<Scalar> const& tokens) -> Matrix<Scalar> const& {
                self.forward_into(tokens, kept.self, batch, Causal{}, given...);
                return kept.self.output;
              },
              layer_detail::part_of(resource, 0)...);
          ask(kept, memory, batch, over_memory, resource...);
        },
        given...);
  }
  [[nodiscard]] Forward forward(Matrix<Scalar> const& x, Memory const& memory, Index batch = 1) const {
    return forward(x, memory, batch, std::tuple<>());
  }
  /// The next tokens: the bits of one forward over the whole. `cache` is that of `self.cache(…)`.
  template <class Cache, class... Masks, class... Given>
  [[nodiscard]] Matrix<Scalar> decode(Matrix<Scalar> const& x, Cache& cache, Memory const& memory,
                                      std::tuple<Masks...> const& over_memory, Given&&... given) const {
    Forward kept;
    layer_detail::with_only_resources(
        [&](auto&... resource) {
          around_self.forward_into(
              x, kept.looked,
              [&](Matrix<Scalar> const& tokens) { return self.decode(tokens, cache, Causal{}, given...); },
              resource...);
          ask(kept, memory, cache.batch(), over_memory, resource...);
        },
        given...);
    return std::move(kept.thought.output);
  }
  template <class Cache>
  [[nodiscard]] Matrix<Scalar> decode(Matrix<Scalar> const& x, Cache& cache, Memory const& memory) const {
    return decode(x, cache, memory, std::tuple<>());
  }

  /// ∂loss/∂x from ∂loss/∂y; derivatives by parameters are added to `gradient`, ∂loss by the memory as projected
  /// becomes `d_memory`: `remember_backward` takes it from there, when all that read the memory have been asked.
  template <class... Masks, class... Given>
  [[nodiscard]] Matrix<Scalar> backward(Matrix<Scalar> const& x, Memory const& memory, Forward const& kept,
                                        Matrix<Scalar> const& d_output, Memory& d_memory, DecoderBlock& gradient,
                                        std::tuple<Masks...> const& over_memory, Given&&... given) const {
    using M = Matrix<Scalar>;
    M d_x;
    layer_detail::with_only_resources(
        [&](auto&... resource) {
          M const d_asked = around_feed_forward.backward(
              kept.asked.output, kept.thought, d_output, gradient.around_feed_forward,
              [&](M const& read, M const& d_result) {
                return feed_forward.backward(read, kept.feed_forward, d_result, gradient.feed_forward, resource...);
              },
              layer_detail::part_of(resource, 2)...);
          M const d_looked = around_cross.backward(
              kept.looked.output, kept.asked, d_asked, gradient.around_cross,
              [&](M const& read, M const& d_result) {
                return std::apply(
                    [&](auto const&... mask) {
                      return cross.backward(read, memory, kept.cross, d_result, d_memory, gradient.cross, mask...,
                                            resource...);
                    },
                    over_memory);
              },
              layer_detail::part_of(resource, 1)...);
          d_x = around_self.backward(
              x, kept.looked, d_looked, gradient.around_self,
              [&](M const& read, M const& d_result) {
                return self.backward(read, kept.self, d_result, gradient.self, Causal{}, given...);
              },
              layer_detail::part_of(resource, 0)...);
        },
        given...);
    return d_x;
  }
  [[nodiscard]] Matrix<Scalar> backward(Matrix<Scalar> const& x, Memory const& memory, Forward const& kept,
                                        Matrix<Scalar> const& d_output, Memory& d_memory,
                                        DecoderBlock& gradient) const {
    return backward(x, memory, kept, d_output, d_memory, gradient, std::tuple<>());
  }
  /// ∂loss by the tokens that `remember` was given.
  template <class... Resources>
  [[nodiscard]] Matrix<Scalar> remember_backward(Matrix<Scalar> const& tokens, Memory const& memory,
                                                 Memory const& d_memory, DecoderBlock& gradient, Index batch = 1,
                                                 Resources&&... resources) const {
    auto const [d_keys, d_values] =
        cross.remember_backward(tokens, tokens, memory, d_memory, gradient.cross, batch, resources...);
    return d_keys + d_values;
  }

  template <class Block, class Function>
  static void each_parameter(Block& block, Function&& function) {
    attend::each_parameter(block.self, "self", function);
    attend::each_parameter(block.around_self, "self_norm", function);
    attend::each_parameter(block.cross, "cross", function);
    attend::each_parameter(block.around_cross, "cross_norm", function);
    attend::each_parameter(block.feed_forward, "feed_forward", function);
    attend::each_parameter(block.around_feed_forward, "feed_forward_norm", function);
  }

 private:
  template <class... Masks, class... Resources>
  void ask(Forward& kept, Memory const& memory, Index batch, std::tuple<Masks...> const& over_memory,
           Resources&... resources) const {
    around_cross.forward_into(
        kept.looked.output, kept.asked,
        [&](Matrix<Scalar> const& tokens) -> Matrix<Scalar> const& {
          std::apply(
              [&](auto const&... mask) {
                cross.forward_into(tokens, memory, kept.cross, batch, mask..., resources...);
              },
              over_memory);
          return kept.cross.output;
        },
        layer_detail::part_of(resources, 1)...);
    around_feed_forward.forward_into(
        kept.asked.output, kept.thought,
        [&](Matrix<Scalar> const& tokens) -> Matrix<Scalar> const& {
          feed_forward.forward_into(tokens, kept.feed_forward, resources...);
          return kept.feed_forward.output;
        },
        layer_detail::part_of(resources, 2)...);
  }
};

}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
