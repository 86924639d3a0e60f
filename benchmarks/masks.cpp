#include "masks.hpp"

/// Masks beside each other on one shape, and a padded batch beside the same packed. Only the pairs that a mask leaves
/// count as flops, so a fraction of the peak near that of `none` says that hidden tiles cost nothing.

namespace {

using namespace bench;

template <class... Masks>
void mask(std::string const& name, Shape const& shape, Masks const&... masks) {
  add({"mask/" + name, shape.name(), isas().front()},
      [=] { return forward<float>(shape, 1, visible_fraction(shape, masks...), 2e-5, all_queries, masks...); });
}

}  // namespace

int main(int count, char** words) {
  constexpr Shape shape{1, 8, 8, 2048, 2048, 64};
  using Boolean = Eigen::Array<bool, Eigen::Dynamic, Eigen::Dynamic>;
  std::srand(4);
  Boolean const half = Boolean::Random(shape.queries, shape.keys);
  mask("none", shape);
  mask("causal", shape, at::Causal{});
  mask("window_64", shape, at::SlidingWindow{64, 0});
  mask("window_512", shape, at::SlidingWindow{512, 0});
  mask("prefix_256", shape, at::Prefix{256});
  mask("documents", shape, at::Documents{ragged_lengths(shape.keys)});
  mask("documents_causal", shape, at::Documents{ragged_lengths(shape.keys)} & at::Causal{});
  mask("block_sparse", shape, quarter_of_blocks(shape.keys));
  mask("keep_half", shape, at::Keep{half});
  mask("lambda_half", shape, [](auto p) { return p.key % 2 == 0; });
  mask("lambda_causal", shape, [](auto p) { return p.key <= p.query; });
  mask("lengths", {4, 8, 8, 512, 512, 64}, at::Lengths{std::vector<at::Index>{512, 40, 300, 512}});
  return bench::main(count, words);
}
