#include <attend/layer/multi_head.hpp>

#include "golden.hpp"

#include <attend/core/frozen.hpp>
#include <attend/mask.hpp>
#include <attend/score/bias.hpp>

#include <gtest/gtest.h>

/// MultiHead against nn.MultiheadAttention of PyTorch: results and all gradients (tests/data/layer/multi_head.py).

namespace {

namespace at = attend;
using at::Index;
using at::Matrix;
using golden::Json;
using golden::matrix;

/// PyTorch's parameters, in one matrix where the sizes are one.
template <class Scalar>
at::MultiHead<Scalar> read_layer(Json const& parameters, Index heads) {
  auto const block = [&](char const* alone, Index part) {
    if (parameters.contains(alone)) return matrix(parameters.at(alone));
    Matrix<double> const packed = matrix(parameters.at("in_proj_weight"));
    return Matrix<double>(packed.middleRows(part * packed.cols(), packed.cols()));
  };
  at::MultiHead<Scalar> layer;
  layer.heads = layer.kv_heads = heads;
  at::Linear<Scalar>* const linears[] = {&layer.query, &layer.key, &layer.value};
  char const* const names[] = {"q_proj_weight", "k_proj_weight", "v_proj_weight"};
  for (Index part = 0; part < 3; ++part) {
    linears[part]->weight = block(names[part], part).template cast<Scalar>();
    if (parameters.contains("in_proj_bias")) {
      Matrix<double> const bias = matrix(parameters.at("in_proj_bias"));
      Index const size = bias.cols() / 3;
      linears[part]->bias = bias.middleCols(part * size, size).transpose().template cast<Scalar>();
    }
  }
  layer.output.weight = matrix(parameters.at("out_proj.weight")).template cast<Scalar>();
  if (parameters.contains("out_proj.bias"))
    layer.output.bias = matrix(parameters.at("out_proj.bias")).transpose().template cast<Scalar>();
  return layer;
}

template <class Scalar>
double worst_error(Json const& one) {
  Json const& inputs = one.at("inputs");
  Index const heads = one.at("options").at("heads").get<Index>(), batch = one.at("options").at("batch").get<Index>();
  auto const layer = read_layer<Scalar>(one.at("parameters"), heads);
  auto const input = [&](char const* name) { return Matrix<Scalar>(matrix(inputs.at(name)).template cast<Scalar>()); };
  bool const self = !inputs.contains("key");
  Matrix<Scalar> const x = input("query"), keys = self ? x : input("key"), values = self ? x : input("value");
  Matrix<Scalar> const d_output = matrix(one.at("d_output")).template cast<Scalar>();

  auto gradient = at::zeros_like(layer);
  auto const errors = [&](auto const&... policy) {
    auto const kept = layer.forward(x, keys, values, batch, policy...);
    auto const back = layer.backward(x, keys, values, kept, d_output, gradient, policy...);
    double worst = golden::error(kept.output.template cast<double>(), matrix(one.at("output")));
    auto const add = [&](Matrix<Scalar> const& found, Json const& wanted) {
      worst = std::max(worst, golden::error(found.template cast<double>(), matrix(wanted)));
    };
    if (self) {
      add(back.query + back.key + back.value, one.at("d_inputs").at("query"));
    } else {
      add(back.query, one.at("d_inputs").at("query"));
      add(back.key, one.at("d_inputs").at("key"));
      add(back.value, one.at("d_inputs").at("value"));
    }
    auto const wanted = read_layer<Scalar>(one.at("d_parameters"), heads);
    double scale = 0;
    at::each_parameter(wanted, [&](std::string_view, auto numbers) {
      for (Scalar const number : numbers) scale = std::max(scale, std::abs(static_cast<double>(number)));
    });
    std::vector<double> all;
    at::each_parameter(gradient,
                       [&](std::string_view, auto numbers) { all.insert(all.end(), numbers.begin(), numbers.end()); });
    std::size_t i = 0;
    at::each_parameter(wanted, [&](std::string_view, auto numbers) {
      for (Scalar const number : numbers)
        worst = std::max(worst, std::abs(static_cast<double>(number) - all[i++]) / scale);
    });
    return i == all.size() ? worst : 1e300;
  };
  if (inputs.contains("padding")) {
    // True is padding: each sequence sees its first keys.
    Matrix<double> const padding = matrix(inputs.at("padding"));
    std::vector<Index> lengths;
    for (Index b = 0; b < padding.rows(); ++b)
      lengths.push_back(padding.cols() - static_cast<Index>(padding.row(b).sum()));
    return errors(at::Lengths(lengths));
  }
  if (one.at("name") == "self, True is hidden")
    return errors(at::Drop{Matrix<bool>(matrix(inputs.at("mask")).array() != 0)});
  if (inputs.contains("mask")) return errors(at::frozen(at::Bias<Scalar>(input("mask"))));
  return errors();
}

}  // namespace

TEST(MultiHead, IsThatOfPyTorch) {
  Json const file = golden::read("multi_head.json");
  ASSERT_EQ(file.at("multi_head").size(), 6u);
  for (Json const& one : file.at("multi_head")) {
    std::string const name = one.at("name").get<std::string>();
    EXPECT_LE(worst_error<double>(one), 1e-12) << name;
    EXPECT_LE(worst_error<float>(one), 1e-5) << name << ", float";
  }
}
