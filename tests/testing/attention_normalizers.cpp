#include "testing/of_attention.hpp"

#include <attend/mask.hpp>
#include <attend/normalize.hpp>
#include <attend/score.hpp>

namespace {

using namespace attend_test;

TEST(AttentionGradient, Normalizers) {
  expect_kernel_gradient("Softmax", at::Softmax{.temperature = 0.5, .sinks = {0.3}}, at::Causal{});
  expect_kernel_gradient("Sigmoid", at::Sigmoid{}, at::Causal{});
  expect_kernel_gradient("Sigmoid with a bias", at::Sigmoid{.bias = -1}, at::Dot{});
  expect_kernel_gradient("NormalizedSigmoid", at::NormalizedSigmoid{}, at::Dot{});
  expect_kernel_gradient("Softplus", at::Softplus{}, at::Dot{});
  expect_kernel_gradient("NormalizedSoftplus", at::NormalizedSoftplus{}, at::Causal{});
  expect_kernel_gradient("Relu", at::Relu{}, at::Dot{});
  expect_kernel_gradient("NormalizedRelu", at::NormalizedRelu{}, at::Dot{});
  expect_kernel_gradient("Sparsemax", at::Sparsemax{}, at::Dot{}, at::Causal{});
  expect_kernel_gradient("Entmax15", at::Entmax15{}, at::Dot{}, at::Causal{});
  expect_kernel_gradient("TopK", at::TopK{5}, at::Dot{});
  expect_kernel_gradient("Argmax", at::Argmax{}, at::Dot{});
}

}  // namespace
