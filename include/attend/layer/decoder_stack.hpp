#pragma once

#include <attend/core/check.hpp>
#include <attend/core/config.hpp>
#include <attend/core/parameters.hpp>
#include <attend/layer/kv_cache.hpp>
#include <attend/layer/resources.hpp>
#include <attend/layer/stack.hpp>

#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace attend {
inline namespace ATTEND_UNIT_NAME {

/// Decoder blocks one after the other, which all look at the same memory, and a norm behind the last.
///
/// Each block projects the memory once: `remember`. A norm without weights is left out, as in Stack.
///
/// Shapes   x (b·n, features)  memory tokens (b·m, key_features)  →  y (b·n, features)
/// Throws   when x or the memory does not fit a block
/// Cost     that of the blocks. `forward` keeps what backward needs of each; `run` keeps nothing
/// Source   Vaswani 2017, section 3.1 (arXiv 1706.03762)
template <class Scalar, class Block, class Norm>
struct DecoderStack {
  std::vector<Block> blocks;
  Norm norm;

  using Memory = std::vector<typename Block::Memory>;

  /// What a forward pass gives, and what backward needs.
  struct Forward {
    std::vector<typename Block::Forward> blocks;
    Matrix<Scalar> output;
  };

  template <class... Resources>
  [[nodiscard]] Memory remember(Matrix<Scalar> const& tokens, Index batch = 1, Resources&&... resources) const {
    Memory memory;
    for (Block const& block : blocks) memory.push_back(block.remember(tokens, batch, resources...));
    return memory;
  }
  /// ∂loss by the tokens that `remember` was given.
  template <class... Resources>
  [[nodiscard]] Matrix<Scalar> remember_backward(Matrix<Scalar> const& tokens, Memory const& memory,
                                                 Memory const& d_memory, DecoderStack& gradient, Index batch = 1,
                                                 Resources&&... resources) const {
    check_memory(memory);
    check_memory(d_memory);
    check(gradient.blocks.size() == blocks.size(), "DecoderStack: the gradient has ", gradient.blocks.size(),
          " blocks but the stack ", blocks.size(), "; start from zeros_like(stack).");
    Matrix<Scalar> d_tokens = Matrix<Scalar>::Zero(tokens.rows(), tokens.cols());
    for (std::size_t i = 0; i < blocks.size(); ++i)
      d_tokens += blocks[i].remember_backward(tokens, memory[i], d_memory[i], gradient.blocks[i], batch, resources...);
    return d_tokens;
  }

  /// The result alone. Policies as those of DecoderBlock: over the memory in a tuple, then over the tokens so far, an
  /// executor, a workspace.
  template <class... Masks, class... Given>
  [[nodiscard]] Matrix<Scalar> run(Matrix<Scalar> x, Memory const& memory, Index batch,
                                   std::tuple<Masks...> const& over_memory, Given&&... given) const {
    check_memory(memory);
    typename Block::Forward kept;  // of one block after the other
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      blocks[i].forward_into(x, memory[i], kept, batch, over_memory,
                             layer_detail::part_of(given, static_cast<Index>(i))...);
      x.swap(kept.output());
    }
    return layer_detail::norm_stack(norm, std::move(x), given...);
  }
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
    check_memory(memory);
    kept.blocks.resize(blocks.size());
    for (std::size_t i = 0; i < blocks.size(); ++i)
      blocks[i].forward_into(layer_detail::read_by(i, x, kept.blocks), memory[i], kept.blocks[i], batch, over_memory,
                             layer_detail::part_of(given, static_cast<Index>(i))...);
    layer_detail::norm_stack_into(norm, layer_detail::read_by(blocks.size(), x, kept.blocks), kept.output, given...);
  }
  /// ∂loss/∂x from ∂loss/∂y; derivatives by parameters are added to `gradient`, those by the memory as projected become
  /// `d_memory`.
  template <class... Masks, class... Given>
  [[nodiscard]] Matrix<Scalar> backward(Matrix<Scalar> const& x, Memory const& memory, Forward const& kept,
                                        Matrix<Scalar> d_output, Memory& d_memory, DecoderStack& gradient,
                                        std::tuple<Masks...> const& over_memory, Given&&... given) const {
    check_memory(memory);
    check(kept.blocks.size() == blocks.size() && gradient.blocks.size() == blocks.size(), "DecoderStack: forward kept ",
          kept.blocks.size(), " blocks and the gradient has ", gradient.blocks.size(), " but the stack ", blocks.size(),
          "; hand in what forward gave, and zeros_like(stack).");
    if (norm.d() > 0)
      layer_detail::with_only_resources(
          [&](auto&... resource) {
            d_output = norm.backward(layer_detail::read_by(blocks.size(), x, kept.blocks), d_output, gradient.norm,
                                     resource...);
          },
          given...);
    d_memory.resize(blocks.size());
    for (std::size_t i = blocks.size(); i-- > 0;)
      d_output =
          blocks[i].backward(layer_detail::read_by(i, x, kept.blocks), memory[i], kept.blocks[i], d_output, d_memory[i],
                             gradient.blocks[i], over_memory, layer_detail::part_of(given, static_cast<Index>(i))...);
    return d_output;
  }

  /// Empty caches, one a block: see MultiHead::cache.
  template <class Storage = Scalar>
  [[nodiscard]] std::vector<KvCache<Storage>> caches(Index capacity, Index batch = 1) const {
    std::vector<KvCache<Storage>> made;
    made.reserve(blocks.size());
    for (Block const& block : blocks) made.push_back(block.self.template cache<Storage>(capacity, batch));
    return made;
  }
  /// The next tokens of the sequences in the caches: the bits of one forward over the whole.
  template <class Cache, class... Masks, class... Given>
  [[nodiscard]] Matrix<Scalar> decode(Matrix<Scalar> x, std::vector<Cache>& caches, Memory const& memory,
                                      std::tuple<Masks...> const& over_memory, Given&&... given) const {
    check_memory(memory);
    check(caches.size() == blocks.size(), "DecoderStack: there are ", caches.size(), " caches for ", blocks.size(),
          " blocks; make them with caches(…).");
    attend::detail::check_caches(caches, x.rows(), "DecoderStack");
    for (std::size_t i = 0; i < blocks.size(); ++i)
      x = blocks[i].decode(x, caches[i], memory[i], over_memory, given...);
    return layer_detail::norm_stack(norm, std::move(x), given...);
  }

  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    for (std::size_t i = 0; i < self.blocks.size(); ++i)
      attend::each_parameter(self.blocks[i], std::to_string(i), function);
    attend::each_parameter(self.norm, "norm", function);
  }

 private:
  void check_memory(Memory const& memory) const {
    check(memory.size() == blocks.size(), "DecoderStack: the memory is that of ", memory.size(),
          " blocks, but there are ", blocks.size(), "; hand in what remember(…) gave.");
  }
};

}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
