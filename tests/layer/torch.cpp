#include "torch.hpp"

#include "../../examples/train/adam.hpp"

#include <attend/layer/activate.hpp>
#include <attend/layer/activation_kinds.hpp>
#include <attend/layer/feed_forward.hpp>
#include <attend/layer/gated_feed_forward.hpp>
#include <attend/layer/gru.hpp>
#include <attend/layer/layer_norm.hpp>
#include <attend/layer/lstm.hpp>
#include <attend/layer/rms_norm.hpp>
#include <attend/layer/sequence.hpp>

#include <utility>

namespace torch_tests {

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

template <class Cell>
void expect_recurrent(Cell const& cell, nlohmann::json const& one) {
  using Scalar = typename Cell::Number;
  attend::Sequence<Cell> layer{cell};
  read_parameters(layer.cell, one.at("in"));
  auto initial = layer.cell.zero_state(2);
  auto const read_state = [&](auto& state) {
    state.hidden = matrix<Scalar>(one.at("in").at("hidden"));
    if constexpr (requires { state.cell; }) state.cell = matrix<Scalar>(one.at("in").at("cell"));
  };
  read_state(initial);
  Matrix<Scalar> const x = matrix<Scalar>(one.at("in").at("x")), d_y = matrix<Scalar>(one.at("d_y"));
  attend::Sequence<Cell> gradient{attend::zeros_like(layer.cell)};
  std::string const name = one.at("name");
  auto const kept = layer.forward(x, initial);
  auto const back = layer.backward(x, kept, d_y, layer.cell.zero_state(2), gradient);
  nlohmann::json const& wanted = one.at("gradient");
  expect_golden(name, kept.output, one.at("y"));
  expect_golden(name + ", gradient of x", back.input, wanted.at("x"));
  expect_golden(name + ", gradient of the state", back.initial.hidden, wanted.at("hidden"));
  if constexpr (requires { back.initial.cell; })
    expect_golden(name + ", gradient of the cell", back.initial.cell, wanted.at("cell"));
  torch_golden::expect_parameter_gradients(name, gradient.cell, wanted);
}

TYPED_TEST(Torch, RecurrentCells) {
  int tested = 0;
  for (nlohmann::json const& one : cases<TypeParam>("recurrent.json")) {
    ++tested;
    if (one.at("name") == "Lstm")
      expect_recurrent(attend::Lstm<TypeParam>(3, 5), one);
    else
      expect_recurrent(attend::Gru<TypeParam>(3, 5), one);
  }
  EXPECT_EQ(tested, 2);
}

TYPED_TEST(Torch, TenStepsOfAdam) {
  for (nlohmann::json const& one : cases<TypeParam>("adam.json")) {
    attend::FeedForward<TypeParam, attend::Gelu> layer(4, 6);
    read_parameters(layer, one.at("in"));
    auto const x = matrix<TypeParam>(one.at("in").at("x")), target = matrix<TypeParam>(one.at("target"));
    train::Adam adam;
    adam.learning_rate = 0.05;
    adam.mean_decay = 0.8;
    adam.square_decay = 0.95;
    adam.epsilon = 1e-7;
    for (int step = 0; step < 10; ++step) {
      auto const kept = layer.forward(x);
      auto gradient = attend::zeros_like(layer);
      Matrix<TypeParam> const d_y = kept.output - target;  // loss = ½ Σ (y − target)²
      (void)layer.backward(x, kept, d_y, gradient);
      adam.step(layer, gradient);
    }
    expect_golden("what the model gives", layer.forward(x).output, one.at("y"));
    torch_golden::expect_parameter_gradients("after ten steps", layer, one.at("after"));
  }
}

}  // namespace torch_tests
