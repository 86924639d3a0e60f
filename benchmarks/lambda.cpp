#include "problem.hpp"

/// What a score of the user's own costs: a lambda beside the built-in adjuster of the same formula, forward and
/// backward, taken in turns. The lambda's derivative is found by the compiler, with dual numbers.

namespace {

using namespace bench;

template <class BuiltIn, class Lambda>
void lambda(std::string const& name, BuiltIn const& built_in, Lambda const& own) {
  static constexpr Shape shape{1, 8, 8, 2048, 2048, 64};
  add(name + "/" + shape.name(), [=](benchmark::State& state) {
    at::use_isa(isas().front());
    Problem<float> problem(shape);
    at::Attention const op{built_in}, own_op{own};
    auto const forward = [&](auto const& call) {
      return call.forward(problem.queries(), problem.keys(), problem.values(), problem.workspace);
    };
    auto const kept = forward(op), own_kept = forward(own_op);
    auto const d_output = at::heads(problem.q.data(), kept.shape);  // any numbers
    auto const backward = [&](auto const& call, auto const& of) {
      return call.backward(problem.queries(), problem.keys(), problem.values(), of, d_output, problem.workspace);
    };
    auto const query = backward(op, kept).query, own_query = backward(own_op, own_kept).query;
    double error = 0;
    for (std::size_t i = 0; i < query.size(); ++i)
      error = std::max({error, double(std::abs(query[i] - own_query[i])),
                        double(std::abs(kept.output[i] - own_kept.output[i]))});
    if (!(error <= 1e-4)) {
      state.SkipWithError(("the lambda is off by " + std::to_string(error)).c_str());
      return;
    }
    std::vector<double> times[4];
    auto const timed = [&](int which, auto const& call) {
      double const start = seconds();
      benchmark::DoNotOptimize(call());
      times[which].push_back(seconds() - start);
    };
    for (auto _ : state) {
      timed(0, [&] { return forward(op); });
      timed(1, [&] { return forward(own_op); });
      timed(2, [&] { return backward(op, kept); });
      timed(3, [&] { return backward(own_op, own_kept); });
      state.SetIterationTime(times[1].back() + times[3].back());
    }
    Spread const medians[] = {Spread(times[0]), Spread(times[1]), Spread(times[2]), Spread(times[3])};
    state.counters["forward_ratio"] = medians[1].median / medians[0].median;
    state.counters["backward_ratio"] = medians[3].median / medians[2].median;
    state.counters["spread"] = std::max(medians[1].spread, medians[3].spread);
    state.SetLabel(at::isa_name(isas().front()));
  });
}

}  // namespace

int main(int count, char** words) {
  using at::abs, at::tanh;
  lambda("softcap", at::SoftCap{20.f}, [](auto score, auto) { return 20.f * tanh(score * 0.05f); });
  lambda("alibi", at::Alibi{0.5}, [](auto score, auto p) { return score - 0.5f * abs(p.query - p.key); });
  lambda("dot", at::ScaledDot{}, [](auto score, auto) { return score; });
  return bench::main(count, words);
}
