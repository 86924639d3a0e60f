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

namespace layer_detail {

/// What block i of a stack reads: what the blocks before it have made of x.
template <class Scalar, class Kept>
[[nodiscard]] Matrix<Scalar> const& read_by(std::size_t i, Matrix<Scalar> const& x, std::vector<Kept> const& blocks) {
  return i == 0 ? x : blocks[i - 1].output();
}
/// The norm behind the last block; one without weights is none.
template <class Norm, class Scalar, class... Given>
void norm_stack_into(Norm const& norm, Matrix<Scalar> const& x, Matrix<Scalar>& y, Given&... given) {
  if (norm.d() > 0)
    with_only_resources([&](auto&... resource) { norm.forward_into(x, y, resource...); }, given...);
  else
    y = x;
}
template <class Norm, class Scalar, class... Given>
[[nodiscard]] Matrix<Scalar> norm_stack(Norm const& norm, Matrix<Scalar> x, Given&... given) {
  if (norm.d() == 0) return x;
  Matrix<Scalar> y;
  norm_stack_into(norm, x, y, given...);
  return y;
}

}  // namespace layer_detail

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

  /// The result alone. After the batch come masks and other policies of this call, an executor, a workspace, Training.
  template <class... Given>
  [[nodiscard]] Matrix<Scalar> run(Matrix<Scalar> x, Index batch = 1, Given&&... given) const {
    typename Block::Forward kept;  // of one block after the other
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      blocks[i].forward_into(x, kept, batch, layer_detail::part_of(given, static_cast<Index>(i))...);
      x.swap(kept.output());
    }
    return layer_detail::norm_stack(norm, std::move(x), given...);
  }
  template <class... Given>
  [[nodiscard]] Forward forward(Matrix<Scalar> const& x, Index batch = 1, Given&&... given) const {
    Forward kept;
    forward_into(x, kept, batch, given...);
    return kept;
  }
  /// The same into what an earlier call kept, whose memory serves again. x may not be part of it.
  template <class... Given>
  void forward_into(Matrix<Scalar> const& x, Forward& kept, Index batch = 1, Given&&... given) const {
    kept.blocks.resize(blocks.size());
    for (std::size_t i = 0; i < blocks.size(); ++i)
      blocks[i].forward_into(layer_detail::read_by(i, x, kept.blocks), kept.blocks[i], batch,
                             layer_detail::part_of(given, static_cast<Index>(i))...);
    layer_detail::norm_stack_into(norm, layer_detail::read_by(blocks.size(), x, kept.blocks), kept.output, given...);
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
            d_output = norm.backward(layer_detail::read_by(blocks.size(), x, kept.blocks), d_output, gradient.norm,
                                     resource...);
          },
          given...);
    for (std::size_t i = blocks.size(); i-- > 0;)
      d_output = blocks[i].backward(layer_detail::read_by(i, x, kept.blocks), kept.blocks[i], d_output,
                                    gradient.blocks[i], layer_detail::part_of(given, static_cast<Index>(i))...);
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
    attend::detail::check_caches(caches, x.rows(), "Stack");
    for (std::size_t i = 0; i < blocks.size(); ++i) x = blocks[i].decode(x, caches[i], given...);
    return layer_detail::norm_stack(norm, std::move(x), given...);
  }

  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    for (std::size_t i = 0; i < self.blocks.size(); ++i)
      attend::each_parameter(self.blocks[i], std::to_string(i), function);
    attend::each_parameter(self.norm, "norm", function);
  }
};

}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
