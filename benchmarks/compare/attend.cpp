#include "server.hpp"

#include <attend/attend.hpp>
#include <attend/core/thread_pool.hpp>
#include <attend/io.hpp>

/// attend's side of a case of compare.py.

namespace {

namespace at = attend;
using at::Index;
using compare::Case;
using Matrix = at::Matrix<float>;

template <class Storage>
struct Inputs {
  std::vector<Storage> q, k, v;
  at::HeadsShape q_shape, k_shape, v_shape;

  explicit Inputs(Case const& one) {
    auto const read = [&](char const* name, std::vector<Storage>& to, at::HeadsShape& shape) {
      auto const array = one.array(name);
      for (float const number : array.numbers) to.push_back(static_cast<Storage>(number));
      shape = {array.shape.at(0), array.shape.at(1), array.shape.at(2), array.shape.at(3)};
    };
    read("q", q, q_shape);
    read("k", k, k_shape);
    read("v", v, v_shape);
  }
  [[nodiscard]] auto queries() const { return at::heads(q.data(), q_shape); }
  [[nodiscard]] auto keys() const { return at::heads(k.data(), k_shape); }
  [[nodiscard]] auto values() const { return at::heads(v.data(), v_shape); }
  [[nodiscard]] at::HeadsShape output_shape() const {
    return {q_shape.batch, q_shape.heads, q_shape.length, v_shape.dim};
  }
};

template <class Storage, class... Policies>
int forward(Case const& one, Policies const&... policies) {
  Inputs<Storage> const in(one);
  at::ThreadPool pool(one.threads());
  at::Workspace workspace;
  at::HeadsShape const shape = in.output_shape();
  std::vector<Storage> out(static_cast<std::size_t>(shape.batch * shape.heads * shape.length * shape.dim));
  auto const call = [&] {
    at::attention_into(at::heads(out.data(), shape), in.queries(), in.keys(), in.values(), policies..., pool,
                       workspace);
  };
  call();
  std::vector<float> numbers;
  for (Storage const number : out) numbers.push_back(static_cast<float>(number));
  one.write("attend_output", numbers);
  return compare::serve(call);
}

template <class... Policies>
int backward(Case const& one, Policies const&... policies) {
  Inputs<float> const in(one);
  at::ThreadPool pool(one.threads());
  at::Workspace workspace;
  at::Attention const op{policies...};
  auto const kept = op.forward(in.queries(), in.keys(), in.values(), pool);
  auto const d_output = one.array("d_output");
  std::vector<float> d_q(in.q.size()), d_k(in.k.size()), d_v(in.v.size());
  at::HeadsShape rows = kept.shape;
  rows.dim = 1;
  auto const call = [&] {
    (void)op.backward_into(at::heads(d_q.data(), in.q_shape), at::heads(d_k.data(), in.k_shape),
                           at::heads(d_v.data(), in.v_shape), in.queries(), in.keys(), in.values(),
                           at::heads(kept.output.data(), kept.shape), at::heads(kept.log_sum_exp.data(), rows),
                           at::heads(d_output.numbers.data(), kept.shape), pool, workspace);
  };
  call();
  one.write("attend_d_q", d_q);
  one.write("attend_d_k", d_k);
  one.write("attend_d_v", d_v);
  return compare::serve(call);
}

int multi_head(Case const& one) {
  at::ThreadPool pool(one.threads());
  at::MultiHead<float> layer(at::MultiHeadShape{.features = one.number("features"), .heads = one.number("heads")});
  at::io::load_parameters(one.path("parameters.safetensors"), layer);
  Matrix const x = one.array("x").matrix(), d_output = one.array("d_output").matrix();
  Index const batch = one.number("batch");
  at::Workspace workspace;
  auto gradient = at::zeros_like(layer);
  at::MultiHead<float>::Forward kept;
  Matrix d_x;
  bool const goes_back = one.number("backward") != 0;
  auto const call = [&] {
    layer.forward_into(x, kept, batch, pool, workspace);
    if (goes_back) d_x = layer.backward(x, kept, d_output, gradient, pool, workspace);
  };
  call();
  one.write("attend_output", kept.output);
  if (goes_back) one.write("attend_d_x", d_x);
  return compare::serve(call);
}

int encoder(Case const& one) {
  at::ThreadPool pool(one.threads());
  auto model = at::bert<float>({.words = 1,
                                .positions = 1,
                                .types = 1,
                                .features = one.number("features"),
                                .layers = one.number("layers"),
                                .heads = one.number("heads"),
                                .epsilon = 1e-5});
  at::io::load_parameters(one.path("parameters.safetensors"), model.blocks);
  Matrix const x = one.array("x").matrix();
  Index const batch = one.number("batch");
  at::Workspace workspace;
  Matrix out;
  auto const call = [&] { out = model.blocks.run(x, batch, pool, workspace); };
  call();
  one.write("attend_output", out);
  return compare::serve(call);
}

/// One token more over a cache that holds `past`.
int decode_gpt2(Case const& one) {
  at::ThreadPool pool(one.threads());
  auto model = at::gpt2<float>();
  at::io::load_parameters(one.path("parameters.safetensors"), model);
  std::vector<Index> tokens;
  for (float const token : one.array("tokens").numbers) tokens.push_back(static_cast<Index>(token));
  at::Workspace workspace;
  auto caches = model.caches(one.number("capacity"));
  std::span const all(tokens);
  Index const past = std::ssize(tokens) - 1;
  (void)model.decode(all.first(static_cast<std::size_t>(past)), caches, pool, workspace);
  Matrix logits;
  auto const call = [&] {
    for (auto& cache : caches) cache.truncate(past);
    logits = model.decode(all.last(1), caches, pool, workspace);
  };
  call();
  one.write("attend_output", logits);
  return compare::serve(call);
}

int run(Case const& one) {
  std::string const kind = one.text("kind"), storage = one.text("storage", "float");
  if (kind == "forward" && storage == "half") return forward<Eigen::half>(one);
  if (kind == "forward" && storage == "bfloat16")
    return one.text("causal", "0") != "0" ? forward<Eigen::bfloat16>(one, at::Causal{}) : forward<Eigen::bfloat16>(one);
  if (kind == "forward") return one.number("causal") != 0 ? forward<float>(one, at::Causal{}) : forward<float>(one);
  if (kind == "local") return forward<float>(one, at::SlidingWindow{one.number("window") - 1, 0});
  if (kind == "additive") {
    at::Additive<float> const score(one.array("w").matrix(), one.array("u").matrix(),
                                    at::Vector<float>(one.array("a").matrix().transpose()));
    return forward<float>(one, score);
  }
  if (kind == "backward") return one.number("causal") != 0 ? backward(one, at::Causal{}) : backward(one);
  if (kind == "multi_head") return multi_head(one);
  if (kind == "encoder") return encoder(one);
  if (kind == "decode_gpt2") return decode_gpt2(one);
  at::fail("compare: there is no kind \"", kind, "\".");
}

}  // namespace

int main(int count, char** words) { return compare::main(count, words, run); }
