#include "torch.hpp"

#include <attend/layer/activate.hpp>
#include <attend/layer/activation_kinds.hpp>
#include <attend/layer/feed_forward.hpp>
#include <attend/layer/gated_feed_forward.hpp>
#include <attend/layer/layer_norm.hpp>
#include <attend/layer/rms_norm.hpp>

#include <utility>

namespace {

using namespace torch_golden;

template <class Scalar>
struct Torch : testing::Test {};
using Scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(Torch, Scalars);

template <class Layer>
void expect_norm(Layer layer, nlohmann::json const& one) {
  using Scalar = typename decltype(layer.weight)::Scalar;
  read_parameters(layer, one.at("in"));
  Matrix<Scalar> const x = matrix<Scalar>(one.at("in").at("x")), d_y = matrix<Scalar>(one.at("d_y"));
  Layer gradient = attend::zeros_like(layer);
  std::string const name = one.at("name");
  expect_golden(name, layer.forward(x), one.at("y"));
  expect_golden(name + ", gradient of x", layer.backward(x, d_y, gradient), one.at("gradient").at("x"));
  torch_golden::expect_parameter_gradients(name, gradient, one.at("gradient"));
}

TYPED_TEST(Torch, Norms) {
  for (nlohmann::json const& one : cases<TypeParam>("norms.json")) {
    auto const d = static_cast<Index>(one.at("y").at(0).size());
    if (std::string(one.at("name")).starts_with("LayerNorm"))
      expect_norm(attend::LayerNorm<TypeParam>(d, one.at("in").contains("bias")), one);
    else
      expect_norm(attend::RmsNorm<TypeParam>(d), one);
  }
}

TYPED_TEST(Torch, Activations) {
  int tested = 0;
  for (nlohmann::json const& one : cases<TypeParam>("activations.json")) {
    std::string const name = one.at("name");
    auto const x = matrix<TypeParam>(one.at("in").at("x")), d_y = matrix<TypeParam>(one.at("d_y"));
    auto const expect = [&](char const* wanted, auto const& f) {
      if (name != wanted) return;
      ++tested;
      expect_golden(name, attend::activate(f, x), one.at("y"));
      expect_golden(name + ", gradient", attend::activate_backward(f, x, d_y), one.at("gradient").at("x"));
    };
    expect("Rectifier", attend::Rectifier{});
    expect("Gelu", attend::Gelu{});
    expect("GeluTanh", attend::GeluTanh{});
    expect("Silu", attend::Silu{});
  }
  EXPECT_EQ(tested, 4);
}

template <class Layer>
void expect_feed_forward(Layer layer, nlohmann::json const& one) {
  using Scalar = typename decltype(std::declval<typename Layer::Kept>().output)::Scalar;
  read_parameters(layer, one.at("in"));
  Matrix<Scalar> const x = matrix<Scalar>(one.at("in").at("x")), d_y = matrix<Scalar>(one.at("d_y"));
  Layer gradient = attend::zeros_like(layer);
  std::string const name = one.at("name");
  auto const kept = layer.forward(x);
  expect_golden(name, kept.output, one.at("y"));
  expect_golden(name + ", gradient of x", layer.backward(x, kept, d_y, gradient), one.at("gradient").at("x"));
  torch_golden::expect_parameter_gradients(name, gradient, one.at("gradient"));
}

TYPED_TEST(Torch, FeedForwards) {
  int tested = 0;
  for (nlohmann::json const& one : cases<TypeParam>("feed_forwards.json")) {
    std::string const name = one.at("name");
    auto const expect = [&](char const* wanted, auto const& layer) {
      if (name != wanted) return;
      ++tested;
      expect_feed_forward(layer, one);
    };
    expect("FeedForward of Rectifier", attend::FeedForward<TypeParam>(5, 9));
    expect("FeedForward of Gelu", attend::FeedForward<TypeParam, attend::Gelu>(5, 9));
    expect("SwiGlu", attend::SwiGlu<TypeParam>(5, 9));
  }
  EXPECT_EQ(tested, 3);
}

}  // namespace
