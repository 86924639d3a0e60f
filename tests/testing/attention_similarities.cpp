#include "testing/of_attention.hpp"

#include <attend/mask.hpp>
#include <attend/score.hpp>

namespace {

using namespace attend_test;

TEST(AttentionGradient, Similarities) {
  expect_kernel_gradient("ScaledDot", at::ScaledDot{2.0});
  expect_kernel_gradient("Dot", at::Dot{}, at::Causal{});
  expect_kernel_gradient("Bilinear", at::Bilinear<double>{random_matrix(5, 5, 4)});
  expect_kernel_gradient("Cosine", at::Cosine{3}, at::Causal{});
}

}  // namespace
