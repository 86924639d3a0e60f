#include "problem.hpp"

/// The fused backward pass, on 2.5 times the flops of forward: five products where forward has two. `over_forward` is
/// its time over that of forward in the same run.

namespace {

using namespace bench;

template <class... Policies>
void backward(benchmark::State& state, Shape const& shape, at::Isa isa, double useful, int threads,
              Policies const&... policies) {
  at::use_isa(isa);
  Problem<float> problem(shape);
  at::ThreadPool pool(threads);
  at::Attention const op{policies...};
  auto const kept = op.forward(problem.queries(), problem.keys(), problem.values(), pool);
  auto const d_output = at::heads(problem.q.data(), kept.shape);  // any numbers
  auto const call = [&] {
    return op.backward(problem.queries(), problem.keys(), problem.values(), kept, d_output, problem.workspace, pool);
  };

  // Against the dense formulas in double, on the last head alone.
  auto const gradients = call();
  auto const last = [&](std::vector<float> const& x, at::Index length) {
    at::Index const size = length * shape.dim;
    return at::Matrix<float>(
               at::Matrix<float>::Map(x.data() + (static_cast<at::Index>(x.size()) - size), length, shape.dim))
        .cast<double>()
        .eval();
  };
  auto const exact = at::reference::backward(last(problem.q, shape.queries), last(problem.k, shape.keys),
                                             last(problem.v, shape.keys), last(problem.q, shape.queries), policies...);
  double const error = std::max({(last(gradients.query, shape.queries) - exact.query).norm() / exact.query.norm(),
                                 (last(gradients.key, shape.keys) - exact.key).norm() / exact.key.norm(),
                                 (last(gradients.value, shape.keys) - exact.value).norm() / exact.value.norm()});
  if (!(error <= 1e-5)) {
    state.SkipWithError(("the gradients are off by " + std::to_string(error)).c_str());
    return;
  }

  double peak = fma_peak(isa);
  std::vector<double> times, forward_times;
  for (auto _ : state) {
    double start = seconds();
    benchmark::DoNotOptimize(op.forward(problem.queries(), problem.keys(), problem.values(), problem.workspace, pool));
    forward_times.push_back(seconds() - start);
    start = seconds();
    benchmark::DoNotOptimize(call());
    times.push_back(seconds() - start);
    state.SetIterationTime(times.back());
  }
  peak = std::max(peak, fma_peak(isa));
  Spread const time(times), forward_time(forward_times);
  double const flops = 2.5 * shape.flops() * useful;
  state.counters["GFLOP/s"] = flops / time.median * 1e-9;
  state.counters["of_peak"] = flops / time.median / (peak * threads);
  state.counters["over_forward"] = time.median / forward_time.median;
  state.counters["MiB"] = double(problem.workspace.size()) / (1 << 20);
  state.counters["spread"] = time.spread;
  state.SetLabel(std::string(at::isa_name(isa)) + ", " + std::to_string(threads) + " thread" +
                 (threads > 1 ? "s" : ""));
}

void both(Shape const& shape, at::Isa isa, int threads) {
  std::string const tail =
      shape.name() + "/isa:" + std::to_string(static_cast<int>(isa)) + "/threads:" + std::to_string(threads);
  add("full/" + tail, [=](benchmark::State& state) { backward(state, shape, isa, 1.0, threads); });
  add("causal/" + tail, [=](benchmark::State& state) { backward(state, shape, isa, 0.5, threads, at::Causal{}); });
}

}  // namespace

int main(int count, char** words) {
  for (at::Isa const isa : isas()) both({1, 8, 8, 2048, 2048, 64}, isa, 1);
  both({1, 8, 8, 2048, 2048, 128}, isas().front(), 1);
  both({1, 8, 8, 512, 512, 64}, isas().front(), 1);
  both({1, 8, 8, 2048, 2048, 64}, isas().front(), 2);
  return bench::main(count, words);
}
