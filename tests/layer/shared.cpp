#include <attend/layer/shared.hpp>

#include <attend/layer/encoder_block.hpp>
#include <attend/layer/initialize.hpp>
#include <attend/layer/stack.hpp>
#include <attend/mask/causal.hpp>
#include <attend/score/relative_bias.hpp>
#include <attend/testing/compare_gradient.hpp>

#include <gtest/gtest.h>

/// One bias for all layers: its gradient is the sum over them, beside that of what each layer keeps.

namespace shared_tests {

namespace at = attend;
using at::Index;
using at::Matrix;

using Block = at::EncoderBlock<double, at::LayerNorm<double>, at::FeedForward<double>, at::RelativeBias<double>>;

/// Two layers with a bias of their own and one that they share.
struct Model {
  at::Stack<double, Block, at::LayerNorm<double>> blocks;
  at::RelativeBias<double> bias{Matrix<double>::Zero(2, 5)};

  Model() {
    for (int layer = 0; layer < 2; ++layer)
      blocks.blocks.emplace_back(
          at::MultiHead<double, at::RelativeBias<double>>(at::MultiHeadShape{.features = 4, .heads = 2},
                                                          at::RelativeBias<double>(Matrix<double>::Zero(1, 3))),
          at::FeedForward<double>(4, 3), at::LayerNorm<double>(4));
    at::initialize_uniform(*this, 0.7, 21);
  }

  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    at::each_parameter(self.blocks, "blocks", function);
    at::each_parameter(self.bias, "bias", function);
  }
};

TEST(Shared, GradientIsTheSumOverLayers) {
  Model const model;
  Matrix<double> const x = Matrix<double>::Random(6, 4), d_output = Matrix<double>::Random(6, 4);
  Model gradient = at::zeros_like(model);
  auto const kept = model.blocks.forward(x, 2, at::Causal{}, model.bias);
  at::Shared const shared{model.bias, gradient.bias};
  Matrix<double> const d_x = model.blocks.backward(x, kept, d_output, gradient.blocks, at::Causal{}, shared);
  auto report = at::testing::compare_parameters(
      "model", model, gradient,
      [&](Model const& moved) { return moved.blocks.run(x, 2, at::Causal{}, moved.bias).cwiseProduct(d_output).sum(); },
      kept.output.cwiseProduct(d_output).cwiseAbs().sum());
  report.add(at::testing::compare_gradient("x", x, d_x, [&](Matrix<double> const& moved) {
    return model.blocks.run(moved, 2, at::Causal{}, model.bias).cwiseProduct(d_output).sum();
  }));
  EXPECT_TRUE(report.passed()) << report;
  EXPECT_GT(gradient.bias.table().cwiseAbs().maxCoeff(), 0);
}

TEST(Shared, ChangesNoBitOfOtherGradients) {
  Model const model;
  Matrix<double> const x = Matrix<double>::Random(5, 4), d_output = Matrix<double>::Random(5, 4);
  auto const kept = model.blocks.forward(x, 1, model.bias);
  Model bare = at::zeros_like(model), beside = bare;
  Matrix<double> const d_x = model.blocks.backward(x, kept, d_output, bare.blocks, model.bias);
  EXPECT_EQ(model.blocks.backward(x, kept, d_output, beside.blocks, at::Shared{model.bias, beside.bias}), d_x);
  EXPECT_EQ(model.blocks.run(x, 1, at::Shared{model.bias, beside.bias}), kept.output);
  std::vector<double> numbers[2];
  Model const* const gradients[] = {&bare, &beside};
  for (int i = 0; i < 2; ++i)
    at::each_parameter(gradients[i]->blocks, [&](std::string_view, auto group) {
      numbers[i].insert(numbers[i].end(), group.begin(), group.end());
    });
  EXPECT_EQ(numbers[0], numbers[1]);
  EXPECT_EQ(bare.bias.table(), (Matrix<double>::Zero(2, 5)));
}

}  // namespace shared_tests
