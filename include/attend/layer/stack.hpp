#pragma once

#include <attend/core/check.hpp>
#include <attend/core/config.hpp>
#include <attend/core/parameters.hpp>
#include <attend/layer/kv_cache.hpp>
#include <attend/layer/resources.hpp>

#include <string>
#include <utility>
#include <vector>

namespace attend {
inline namespace ATTEND_UNIT_NAME {

/// Blocks one after the other, and a norm behind the last.
///
/// Block is an EncoderBlock, or anything with its calls; blocks that norm before they look leave their sum as it is, so
/// such a stack ends with a norm, and one whose blocks norm after needs none: without weights it is left out.
///
/// Shapes   x (b·n, features)  →  y (b·n, features)
/// Throws   when x does not fit a block
/// Cost     that of the blocks. `forward` keeps what backward needs of each; `run` keeps nothing
/// Source   Vaswani 2017, section 3.1 (arXiv 1706.03762)
template <class Scalar, class Block, class Norm>
struct Stack {
  std::vector<Block> blocks;
  Norm norm;

  /// What a forward pass gives, and what backward needs.
  struct Forward {
    std::vector<typename Block::Forward> blocks;
    Matrix<Scalar> output;
  };

  /// The result alone. After the batch come masks and other policies of this call, an executor, a workspace.
  template <class... Given>
  [[nodiscard]] Matrix<Scalar> run(Matrix<Scalar> x, Index batch = 1, Given&&... given) const {
    for (Block const& block : blocks) x = std::move(block.forward(x, batch, given...)).output();
    return normed(std::move(x), given...);
  }
  template <class... Given>
  [[nodiscard]] Forward forward(Matrix<Scalar> const& x, Index batch = 1, Given&&... given) const {
    Forward kept;
    kept.blocks.reserve(blocks.size());
    for (Block const& block : blocks) kept.blocks.push_back(block.forward(last(x, kept.blocks), batch, given...));
    kept.output = normed(last(x, kept.blocks), given...);
    return kept;
  }
  /// ∂loss/∂x from ∂loss/∂y; derivatives by parameters are added to `gradient`. Policies must be those of forward.
  template <class... Given>
  [[nodiscard]] Matrix<Scalar> backward(Matrix<Scalar> const& x, Forward const& kept, Matrix<Scalar> d_output,
                                        Stack& gradient, Given&&... given) const {
    check(kept.blocks.size() == blocks.size() && gradient.blocks.size() == blocks.size(), "Stack: forward kept ",
          kept.blocks.size(), " blocks and the gradient has ", gradient.blocks.size(), " but the stack ", blocks.size(),
          "; hand in what forward gave, and zeros_like(stack).");
    if (norm.d() > 0)
      layer_detail::with_only_resources(
          [&](auto&... resource) {
            d_output = norm.backward(last(x, kept.blocks), d_output, gradient.norm, resource...);
          },
          given...);
    for (std::size_t i = blocks.size(); i-- > 0;)
      d_output = blocks[i].backward(i == 0 ? x : kept.blocks[i - 1].output(), kept.blocks[i], d_output,
                                    gradient.blocks[i], given...);
    return d_output;
  }

  /// Empty caches, one a block: see MultiHead::cache.
  template <class Storage = Scalar>
  [[nodiscard]] std::vector<KvCache<Storage>> caches(Index capacity, Index batch = 1) const {
    std::vector<KvCache<Storage>> made;
    made.reserve(blocks.size());
    for (Block const& block : blocks) made.push_back(block.attention.template cache<Storage>(capacity, batch));
    return made;
  }
  /// The next tokens of the sequences in the caches: the bits of one forward over the whole.
  template <class Cache, class... Given>
  [[nodiscard]] Matrix<Scalar> decode(Matrix<Scalar> x, std::vector<Cache>& caches, Given&&... given) const {
    check(caches.size() == blocks.size(), "Stack: there are ", caches.size(), " caches for ", blocks.size(),
          " blocks; make them with caches(…).");
    for (std::size_t i = 0; i < blocks.size(); ++i) x = blocks[i].decode(x, caches[i], given...);
    return normed(std::move(x), given...);
  }

  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    for (std::size_t i = 0; i < self.blocks.size(); ++i)
      attend::each_parameter(self.blocks[i], std::to_string(i), function);
    attend::each_parameter(self.norm, "norm", function);
  }

 private:
  /// What the blocks so far have made of x.
  [[nodiscard]] static Matrix<Scalar> const& last(Matrix<Scalar> const& x,
                                                  std::vector<typename Block::Forward> const& blocks) {
    return blocks.empty() ? x : blocks.back().output();
  }
  template <class... Given>
  [[nodiscard]] Matrix<Scalar> normed(Matrix<Scalar> x, Given&... given) const {
    if (norm.d() > 0)
      layer_detail::with_only_resources([&](auto&... resource) { x = norm.forward(x, resource...); }, given...);
    return x;
  }
};

}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
