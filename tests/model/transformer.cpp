#include <attend/model/transformer.hpp>

#include "encoder_decoder.hpp"

#include <gtest/gtest.h>

namespace transformer_tests {

namespace at = attend;
using at::Index;
using at::Matrix;

at::TransformerShape const transformer_shape{
    .words = 23, .features = 12, .layers = 2, .heads = 3, .hidden = 20, .attention_bias = true};

/// The layers of PyTorch that data/model/make_golden.py puts together.
at::io::NameMap torch_transformer(Index layers) {
  at::io::NameMap map;
  map.rename("words.weight", "words.table");
  for (std::string const side : {"encoder", "decoder"})
    for (Index layer = 0; layer < layers; ++layer) {
      std::string const at = side + "." + std::to_string(layer) + ".";
      bool const writes = side == "decoder";
      std::vector<std::pair<std::string, std::string>> attentions{{"self_attn", writes ? "self" : "attention"}};
      if (writes) attentions.emplace_back("multihead_attn", "cross");
      int norm = 1;
      for (auto const& [theirs, ours] : attentions) {
        for (std::string const part : {"weight", "bias"}) {
          map.split(at + theirs + ".in_proj_" + part,
                    {at + ours + ".query." + part, at + ours + ".key." + part, at + ours + ".value." + part});
          map.rename(at + theirs + ".out_proj." + part, at + ours + ".output." + part);
          map.rename(at + "norm" + std::to_string(norm) + "." + part, at + ours + "_norm." + part);
        }
        ++norm;
      }
      for (std::string const part : {"weight", "bias"}) {
        map.rename(at + "linear1." + part, at + "feed_forward.expand." + part);
        map.rename(at + "linear2." + part, at + "feed_forward.contract." + part);
        map.rename(at + "norm" + std::to_string(norm) + "." + part, at + "feed_forward_norm." + part);
      }
    }
  return map;
}

TEST(Transformer, IsOfPyTorchsLayers) {
  model_golden::for_both_scalars([&]<class Scalar>(double bound) {
    model_golden::expect_golden("transformer", at::transformer<Scalar>(transformer_shape), torch_transformer(2), bound);
  });
}

TEST(Transformer, GreedyDecodingIsOneRunToTheBit) {
  model_golden::expect_greedy_decoding_to_the_bit(
      at::transformer<float>({.words = 40, .features = 24, .layers = 2, .heads = 2, .hidden = 32}), 0.3);
}

TEST(Transformer, GradientsByDifferences) {
  model_golden::expect_gradients(
      at::transformer<double>({.words = 5, .features = 4, .layers = 2, .heads = 2, .hidden = 3}));
  model_golden::expect_gradients(
      at::transformer<double>({.words = 5, .target_words = 5, .features = 4, .layers = 1, .heads = 2, .hidden = 3}));
}

TEST(Transformer, WrongCalls) {
  auto const model = at::transformer<float>(transformer_shape);
  std::vector<Index> const five(5, 1), wrong{23};
  EXPECT_THROW((void)model.run(five, five, 2), at::Error);
  EXPECT_THROW((void)model.run(five, wrong), at::Error);
  auto const memory = model.remember(five);
  std::vector<at::KvCache<float>> none;
  EXPECT_THROW((void)model.decode(five, none, memory), at::Error);
  auto caches = model.caches(4);
  EXPECT_THROW((void)model.decode(five, caches, {}), at::Error);
  EXPECT_THROW((void)model.decode(five, caches, memory), at::Error);
  auto gradient = at::zeros_like(model);
  EXPECT_THROW(model.backward(five, five, model.forward(five, five), Matrix<float>::Zero(5, 22), gradient), at::Error);
}

}  // namespace transformer_tests
