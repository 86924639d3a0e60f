#include <attend/layer/decoder_block.hpp>
#include <attend/layer/encoder_block.hpp>
#include <attend/layer/gated_feed_forward.hpp>
#include <attend/layer/rms_norm.hpp>

#include "golden.hpp"

#include <attend/layer/initialize.hpp>
#include <attend/mask.hpp>
#include <attend/testing/compare_gradient.hpp>

#include <gtest/gtest.h>

/// Layers of transformers against PyTorch's, against differences, and decoded token by token.

namespace blocks_tests {

namespace at = attend;
using at::Index;
using at::Matrix;
using golden::Json;
using golden::matrix;

/// Reads nn.MultiheadAttention, nn.Linear and nn.LayerNorm by the names of PyTorch's layers.
template <class Scalar>
struct Torch {
  Json const& parameters;

  [[nodiscard]] Matrix<Scalar> numbers(std::string const& name) const {
    return matrix(parameters.at(name)).template cast<Scalar>();
  }
  [[nodiscard]] at::Linear<Scalar> linear(std::string const& name) const {
    at::Linear<Scalar> result;
    result.weight = numbers(name + ".weight");
    result.bias = numbers(name + ".bias").transpose();
    return result;
  }
  [[nodiscard]] at::LayerNorm<Scalar> norm(std::string const& name) const {
    at::LayerNorm<Scalar> result;
    result.weight = numbers(name + ".weight").transpose();
    result.bias = numbers(name + ".bias").transpose();
    return result;
  }
  [[nodiscard]] at::MultiHead<Scalar> attention(std::string const& name, Index heads) const {
    Matrix<Scalar> const weight = numbers(name + ".in_proj_weight"), bias = numbers(name + ".in_proj_bias");
    Index const d = weight.cols();
    at::MultiHead<Scalar> layer(at::MultiHeadShape{.features = d, .heads = heads});
    at::Linear<Scalar>* const linears[] = {&layer.query, &layer.key, &layer.value};
    for (Index part = 0; part < 3; ++part) {
      linears[part]->weight = weight.middleRows(part * d, d);
      linears[part]->bias = bias.middleCols(part * d, d).transpose();
    }
    layer.output = linear(name + ".out_proj");
    return layer;
  }
};

template <class Block>
double parameter_error(Block const& found, Block const& wanted) {
  std::vector<double> a, b;
  at::each_parameter(found, [&](std::string_view, auto numbers) { a.insert(a.end(), numbers.begin(), numbers.end()); });
  at::each_parameter(wanted,
                     [&](std::string_view, auto numbers) { b.insert(b.end(), numbers.begin(), numbers.end()); });
  using Numbers = Eigen::Map<at::Matrix<double> const>;
  return golden::error(Numbers(a.data(), 1, std::ssize(a)), Numbers(b.data(), 1, std::ssize(b)));
}

/// Calls use.operator()<Activation>().
template <class Use>
void with_activation(Json const& options, Use const& use) {
  if (options.at("activation") == "gelu")
    use.template operator()<at::Gelu>();
  else
    use.template operator()<at::Rectifier>();
}

at::NormPlace place_of(Json const& options) {
  return options.at("norm_first").get<bool>() ? at::NormPlace::before : at::NormPlace::after;
}

template <class Scalar>
double encoder_error(Json const& one) {
  Json const& options = one.at("options");
  Index const heads = options.at("heads").get<Index>(), batch = options.at("batch").get<Index>();
  double worst = 1e300;
  with_activation(options, [&]<class Activation>() {
    using Feed = at::FeedForward<Scalar, Activation>;
    auto const read = [&](Json const& parameters) {
      Torch<Scalar> const torch{parameters};
      at::EncoderBlock<Scalar, at::LayerNorm<Scalar>, Feed> block;
      block.attention = torch.attention("self_attn", heads);
      block.feed_forward.expand = torch.linear("linear1");
      block.feed_forward.contract = torch.linear("linear2");
      block.around_attention = {torch.norm("norm1"), place_of(options)};
      block.around_feed_forward = {torch.norm("norm2"), place_of(options)};
      return block;
    };
    auto const block = read(one.at("parameters"));
    auto gradient = at::zeros_like(block);
    Matrix<Scalar> const x = matrix(one.at("inputs").at("query")).template cast<Scalar>(),
                         d_output = matrix(one.at("d_output")).template cast<Scalar>();
    auto const kept = block.forward(x, batch);
    Matrix<Scalar> const d_x = block.backward(x, kept, d_output, gradient);
    worst = std::max({golden::error(kept.output().template cast<double>(), matrix(one.at("output"))),
                      golden::error(d_x.template cast<double>(), matrix(one.at("d_inputs").at("query"))),
                      parameter_error(gradient, read(one.at("d_parameters")))});
  });
  return worst;
}

template <class Scalar>
double decoder_error(Json const& one) {
  Json const& options = one.at("options");
  Index const heads = options.at("heads").get<Index>(), batch = options.at("batch").get<Index>();
  double worst = 1e300;
  with_activation(options, [&]<class Activation>() {
    using Feed = at::FeedForward<Scalar, Activation>;
    using Block = at::DecoderBlock<Scalar, at::LayerNorm<Scalar>, Feed>;
    auto const read = [&](Json const& parameters) {
      Torch<Scalar> const torch{parameters};
      Block block;
      block.self = torch.attention("self_attn", heads);
      block.cross = torch.attention("multihead_attn", heads);
      block.feed_forward.expand = torch.linear("linear1");
      block.feed_forward.contract = torch.linear("linear2");
      block.around_self = {torch.norm("norm1"), place_of(options)};
      block.around_cross = {torch.norm("norm2"), place_of(options)};
      block.around_feed_forward = {torch.norm("norm3"), place_of(options)};
      return block;
    };
    Block const block = read(one.at("parameters"));
    Block gradient = at::zeros_like(block);
    Matrix<Scalar> const x = matrix(one.at("inputs").at("query")).template cast<Scalar>(),
                         tokens = matrix(one.at("inputs").at("memory")).template cast<Scalar>(),
                         d_output = matrix(one.at("d_output")).template cast<Scalar>();
    auto const memory = block.remember(tokens);
    auto const kept = block.forward(x, memory, batch);
    typename Block::Memory d_memory;
    Matrix<Scalar> const d_x = block.backward(x, memory, kept, d_output, d_memory, gradient);
    Matrix<Scalar> const d_tokens = block.remember_backward(tokens, memory, d_memory, gradient);
    worst = std::max({golden::error(kept.output().template cast<double>(), matrix(one.at("output"))),
                      golden::error(d_x.template cast<double>(), matrix(one.at("d_inputs").at("query"))),
                      golden::error(d_tokens.template cast<double>(), matrix(one.at("d_inputs").at("memory"))),
                      parameter_error(gradient, read(one.at("d_parameters")))});
  });
  return worst;
}

TEST(Blocks, AreThoseOfPyTorch) {
  Index encoders = 0, decoders = 0;
  Json const file = golden::read("multi_head.json");
  for (Json const& one : file.at("layers")) {
    std::string const name = one.at("name").get<std::string>();
    bool const writes = one.at("inputs").contains("memory");
    EXPECT_LE(writes ? decoder_error<double>(one) : encoder_error<double>(one), 1e-12) << name;
    EXPECT_LE(writes ? decoder_error<float>(one) : encoder_error<float>(one), 1e-5) << name << ", float";
    ++(writes ? decoders : encoders);
  }
  EXPECT_EQ(encoders, 2);
  EXPECT_EQ(decoders, 2);
}

TEST(Blocks, GradientsOfALlamaLikeLayer) {
  using Feed = at::GatedFeedForward<double>;
  for (at::NormPlace const place : {at::NormPlace::before, at::NormPlace::after}) {
    at::EncoderBlock<double, at::RmsNorm<double>, Feed> block(
        at::MultiHead<double>(at::MultiHeadShape{.features = 6, .heads = 2, .kv_heads = 1, .bias = false}), Feed(6, 5),
        at::RmsNorm<double>(6), place);
    at::initialize_uniform(block, 0.7, 3);
    Matrix<double> const x = Matrix<double>::Random(4, 6), d_output = Matrix<double>::Random(4, 6);
    auto const loss = [&](auto const& used, Matrix<double> const& tokens) {
      return used.forward(tokens, 2, at::Causal{}).output().cwiseProduct(d_output).sum();
    };
    auto gradient = at::zeros_like(block);
    Matrix<double> const d_x = block.backward(x, block.forward(x, 2, at::Causal{}), d_output, gradient, at::Causal{});
    auto report =
        at::testing::compare_parameters("block", block, gradient, [&](auto const& moved) { return loss(moved, x); });
    report.add(at::testing::compare_gradient("x", x, d_x, [&](auto const& moved) { return loss(block, moved); }));
    EXPECT_TRUE(report.passed()) << report;
  }
}

TEST(Blocks, DecodingTokenByTokenIsOneCallToTheBit) {
  Index const n = 70;
  at::EncoderBlock<float> reader(at::MultiHead<float>(at::MultiHeadShape{.features = 32, .heads = 4}),
                                 at::FeedForward<float>(32, 64), at::LayerNorm<float>(32));
  at::initialize_uniform(reader, 0.3, 5);
  Matrix<float> const x = Matrix<float>::Random(n, 32);
  Matrix<float> const whole = reader.forward(x, 1, at::Causal{}).output();
  auto cache = reader.attention.cache(n);
  for (Index i = 0; i < n; ++i)
    ASSERT_EQ(reader.decode(Matrix<float>(x.row(i)), cache, at::Causal{}), Matrix<float>(whole.row(i))) << i;

  at::DecoderBlock<float> writer(
      at::MultiHead<float>(at::MultiHeadShape{.features = 32, .heads = 4}),
      at::MultiHead<float>(at::MultiHeadShape{.features = 32, .heads = 2, .key_features = 8}),
      at::FeedForward<float>(32, 64), at::LayerNorm<float>(32), at::NormPlace::after);
  at::initialize_uniform(writer, 0.3, 6);
  auto const memory = writer.remember(Matrix<float>::Random(11, 8));
  Matrix<float> const written = writer.forward(x, memory).output();
  auto own = writer.self.cache(n);
  for (Index i = 0; i < n; ++i)
    ASSERT_EQ(writer.decode(Matrix<float>(x.row(i)), own, memory), Matrix<float>(written.row(i))) << i;
}

}  // namespace blocks_tests
