#include <attend/layer/multi_head.hpp>

#include "golden.hpp"

#include <attend/core/frozen.hpp>
#include <attend/mask.hpp>
#include <attend/score/bias.hpp>

#include <attend/normalize/softmax.hpp>

#include <gtest/gtest.h>

#include <tuple>
#include <utility>

/// MultiHead against nn.MultiheadAttention of PyTorch: results and all gradients (tests/data/layer/multi_head.py).

namespace multi_head_parity_tests {

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

  // A key that all sequences see behind their own, and its value: bias_k and bias_v.
  bool const learned_key = one.at("parameters").contains("bias_k");
  auto const behind = [&](Matrix<Scalar> const& rows, char const* name) {
    Matrix<Scalar> const last = matrix(one.at("parameters").at(name)).template cast<Scalar>();
    Index const m = rows.rows() / batch;
    Matrix<Scalar> longer(rows.rows() + batch, rows.cols());
    for (Index b = 0; b < batch; ++b) longer.middleRows(b * (m + 1), m + 1) << rows.middleRows(b * m, m), last;
    return longer;
  };
  Matrix<Scalar> d_learned[2];
  auto const taken_off = [&](Matrix<Scalar> const& d_longer, Matrix<Scalar>& d_last) {
    Index const m = d_longer.rows() / batch - 1;
    Matrix<Scalar> rows(batch * m, d_longer.cols());
    d_last = Matrix<Scalar>::Zero(1, d_longer.cols());
    for (Index b = 0; b < batch; ++b) {
      rows.middleRows(b * m, m) = d_longer.middleRows(b * (m + 1), m);
      d_last += d_longer.row(b * (m + 1) + m);
    }
    return rows;
  };

  auto gradient = at::zeros_like(layer);
  auto const both_ways = [&](auto const&... policy) {
    if (!learned_key) {
      auto kept = layer.forward(x, keys, values, batch, policy...);
      auto back = layer.backward(x, keys, values, kept, d_output, gradient, policy...);
      return std::pair(std::move(kept), std::move(back));
    }
    auto const memory = layer.remember(keys, values, batch);
    decltype(layer.remember(keys, values, batch)) longer, d_longer, d_memory;
    longer.key = behind(memory.key, "bias_k");
    longer.value = behind(memory.value, "bias_v");
    auto kept = layer.forward(x, longer, batch, policy...);
    typename at::MultiHead<Scalar>::Gradient back;
    back.query = layer.backward(x, longer, kept, d_output, d_longer, gradient, policy...);
    d_memory.key = taken_off(d_longer.key, d_learned[0]);
    d_memory.value = taken_off(d_longer.value, d_learned[1]);
    std::tie(back.key, back.value) = layer.remember_backward(keys, values, memory, d_memory, gradient, batch);
    return std::pair(std::move(kept), std::move(back));
  };
  auto const errors = [&](auto const&... policy) {
    auto const [kept, back] = both_ways(policy...);
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
    if (learned_key) {
      add(d_learned[0], one.at("d_parameters").at("bias_k"));
      add(d_learned[1], one.at("d_parameters").at("bias_v"));
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
  // A key of zeros has score 0 and value 0: it is a sink.
  if (one.at("name").get<std::string>().find("of zeros") != std::string::npos)
    return errors(at::frozen(at::Softmax{.sinks = {0}}));
  return errors();
}

TEST(MultiHead, IsThatOfPyTorch) {
  Json const file = golden::read("multi_head.json");
  ASSERT_EQ(file.at("multi_head").size(), 9u);
  for (Json const& one : file.at("multi_head")) {
    std::string const name = one.at("name").get<std::string>();
    EXPECT_LE(worst_error<double>(one), 1e-12) << name;
    EXPECT_LE(worst_error<float>(one), 1e-5) << name << ", float";
  }
}

}  // namespace multi_head_parity_tests
