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
  expect_kernel_gradient("Location", at::Location<double>{random_matrix(40, 5, 8)}, at::Causal{});
  expect_kernel_gradient("Euclidean", at::Euclidean{0.6}, at::Causal{});
  expect_kernel_gradient("L1", at::L1{0.6});
}

TEST(AttentionGradient, SimilaritiesWithALayer) {
  expect_kernel_gradient("Additive", at::Additive<double>{random_matrix(19, 5, 4), random_matrix(19, 5, 5),
                                                          random_matrix(19, 1, 6), random_matrix(19, 1, 7)});
  expect_kernel_gradient("Concat", at::Concat<double>{random_matrix(19, 10, 4), random_matrix(19, 1, 6)},
                         at::SoftCap{2}, at::Causal{});
  expect_kernel_gradient("FeatureWise", at::FeatureWise{[](auto q, auto k, auto sum) { return sum + at::tanh(q * k); },
                                                        [](auto sum) { return sum * sum * 0.2f; }});
}

}  // namespace
