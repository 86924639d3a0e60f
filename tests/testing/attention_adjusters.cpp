#include "testing/of_attention.hpp"

#include <attend/mask.hpp>
#include <attend/score.hpp>

namespace {

using namespace attend_test;

TEST(AttentionGradient, Adjusters) {
  expect_kernel_gradient("SoftCap, Alibi", at::SoftCap{0.8}, at::Alibi{0.1}, at::Causal{});
  expect_kernel_gradient("Bias", at::Bias{random_matrix(7, 37, 5)}, at::SoftCap{1});
  expect_kernel_gradient("RelativeBias", at::RelativeBias{random_matrix(1, 9, 6)});
  expect_kernel_gradient("T5Bias", at::T5Bias{random_matrix(8, 1, 7)});
  expect_kernel_gradient("Gaussian", at::Gaussian{17.5, 5.0});
  expect_kernel_gradient("own", [](auto score, auto p) {
    return at::select(p.key < p.query, score * score, at::tanh(score)) - 0.01 * (p.query - p.key);
  });
}

}  // namespace
