#pragma once

#include <attend/attend.hpp>

#include "machine.hpp"

#include <benchmark/benchmark.h>

#include <cmath>
#include <functional>
#include <random>
#include <string>
#include <vector>

namespace bench {

namespace at = attend;

/// Sizes of a batch of heads: batch, query heads, key heads, queries, keys, features of q and k and of v.
struct Shape {
  at::Index batch, heads, key_heads, queries, keys, dim;

  [[nodiscard]] std::string name() const {
    std::string text;
    for (at::Index const size : {batch, heads, key_heads, queries, keys, dim})
      text += (text.empty() ? "" : "x") + std::to_string(size);
    return text;
  }
  /// Multiply-adds of q·k and of w·v, two flops each.
  [[nodiscard]] double flops() const { return 4.0 * double(batch * heads * queries) * double(keys * dim); }
  [[nodiscard]] double key_and_value_bytes(std::size_t size) const {
    return 2.0 * double(batch * key_heads * keys * dim) * double(size);
  }
};

/// Random inputs in contiguous memory.
template <class Storage>
struct Problem {
  Shape shape;
  std::vector<Storage> q, k, v, out;
  at::Workspace workspace;

  explicit Problem(Shape const& sizes) : shape(sizes) {
    std::mt19937 random(7);
    std::normal_distribution<float> normal;
    auto const fill = [&](std::vector<Storage>& x, at::Index heads, at::Index length) {
      x.resize(static_cast<std::size_t>(shape.batch * heads * length * shape.dim));
      for (Storage& number : x) number = static_cast<Storage>(normal(random));
    };
    fill(q, shape.heads, shape.queries);
    fill(k, shape.key_heads, shape.keys);
    fill(v, shape.key_heads, shape.keys);
    out.resize(q.size());
  }
  [[nodiscard]] auto queries() { return at::heads(q.data(), {shape.batch, shape.heads, shape.queries, shape.dim}); }
  [[nodiscard]] auto keys() { return at::heads(k.data(), {shape.batch, shape.key_heads, shape.keys, shape.dim}); }
  [[nodiscard]] auto values() { return at::heads(v.data(), {shape.batch, shape.key_heads, shape.keys, shape.dim}); }
  [[nodiscard]] auto output() { return at::heads(out.data(), {shape.batch, shape.heads, shape.queries, shape.dim}); }

  template <class... Policies>
  void run(Policies&&... policies) {
    at::attention_into(output(), queries(), keys(), values(), workspace, policies...);
  }

  /// Largest difference from the dense reference in double, over some queries of the last head.
  template <class... Policies>
  [[nodiscard]] double error(Policies const&... policies) {
    at::Index const head = shape.heads - 1, key_head = shape.key_heads - 1, batch = shape.batch - 1;
    auto const matrix = [](auto const& heads, at::Index b, at::Index h, at::Index first, at::Index count) {
      at::Matrix<double> m(count, heads.dim());
      for (at::Index i = 0; i < count; ++i)
        for (at::Index f = 0; f < heads.dim(); ++f) m(i, f) = static_cast<double>(heads(b, h, first + i, f));
      return m;
    };
    at::Index const count = std::min<at::Index>(shape.queries, 5), first = shape.queries - count;
    auto const expected = at::reference::attention<double>(
        matrix(queries(), batch, head, first, count), matrix(keys(), batch, key_head, 0, shape.keys),
        matrix(values(), batch, key_head, 0, shape.keys), policies...);
    return (expected - matrix(output(), batch, head, first, count)).cwiseAbs().maxCoeff();
  }
};

/// Times a call until a second has passed and at least ten times, and puts it beside the limit. Refuses to time a
/// result that is off. `useful` is the fraction of the pairs that the masks leave.
template <class Storage, class... Policies>
void forward(benchmark::State& state, Shape const& shape, at::Isa isa, double useful, double tolerance, int threads,
             Policies const&... policies) {
  at::use_isa(isa);
  Problem<Storage> problem(shape);
  at::ThreadPool pool(threads);
  auto const call = [&] { problem.run(policies..., pool); };
  call();
  if (double const error = problem.error(policies...); !(error <= tolerance)) {
    state.SkipWithError(("the result is off by " + std::to_string(error)).c_str());
    return;
  }
  double peak = fma_peak(isa);
  std::vector<double> times;
  for (auto _ : state) {
    double const start = seconds();
    call();
    times.push_back(seconds() - start);
    state.SetIterationTime(times.back());
  }
  peak = std::max(peak, fma_peak(isa));
  Spread const time(times);
  state.counters["GFLOP/s"] = shape.flops() * useful / time.median * 1e-9;
  state.counters["of_peak"] = shape.flops() * useful / time.median / (peak * threads);
  state.counters["spread"] = time.spread;
  state.SetLabel(std::string(at::isa_name(isa)) + ", " + std::to_string(threads) + " thread" +
                 (threads > 1 ? "s" : ""));
}

/// The instruction sets of this machine, best first.
inline std::vector<at::Isa> isas() {
  std::vector<at::Isa> list;
  for (at::Isa const isa : {at::Isa::v4, at::Isa::v3, at::Isa::baseline})
    if (isa <= at::machine_isa()) list.push_back(isa);
  return list;
}

/// Registers one benchmark: manual time, a second each, at least ten times.
template <class Function>
void add(std::string const& name, Function const& function) {
  benchmark::RegisterBenchmark(name.c_str(), function)->UseManualTime()->MinTime(1.0)->Unit(benchmark::kMillisecond);
}

inline int main(int count, char** words) {
  benchmark::Initialize(&count, words);
  if (benchmark::ReportUnrecognizedArguments(count, words)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}

}  // namespace bench
