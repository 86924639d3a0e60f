#include "problem.hpp"

/// Picking keys beside averaging over them, with the cost of scores and of values apart: each is run with values of e
/// features and with values of none, whose time is that of the scores alone.

namespace {

using namespace bench;

struct Inputs {
  at::Matrix<float> q, k, v;

  Inputs(at::Index n, at::Index m, at::Index d, at::Index e) {
    std::mt19937 random(7);
    std::normal_distribution<float> normal;
    auto const matrix = [&](at::Index rows, at::Index columns) {
      return at::Matrix<float>::NullaryExpr(rows, columns, [&] { return normal(random); }).eval();
    };
    q = matrix(n, d);
    k = matrix(m, d);
    v = matrix(m, e);
  }
};

template <class Call>
double median_time(benchmark::State& state, Call const& call) {
  std::vector<double> times;
  for (auto _ : state) {
    double const start = seconds();
    call();
    times.push_back(seconds() - start);
    state.SetIterationTime(times.back());
  }
  return Spread(times).median;
}

/// `call(q, k, v)` is timed with v and, before, with values of no features.
template <class Call>
void variant(std::string const& name, at::Index n, at::Index m, at::Index d, at::Index e, Call const& call) {
  std::string const shape =
      std::to_string(n) + "x" + std::to_string(m) + "x" + std::to_string(d) + "x" + std::to_string(e);
  add(name + "/" + shape, [=](benchmark::State& state) {
    at::use_isa(isas().front());
    Inputs const inputs(n, m, d, e);
    auto const &q = inputs.q, &k = inputs.k, &v = inputs.v;
    if (at::HardAttention{}.argmax(q, k, v).output != at::attention(q, k, v, at::Argmax{})) {
      state.SkipWithError("argmax is not that of the kernel");
      return;
    }
    at::Matrix<float> const none(m, 0);
    std::vector<double> of_scores;
    for (int i = 0; i < 11; ++i) {
      double const start = seconds();
      call(q, k, none);
      of_scores.push_back(seconds() - start);
    }
    double const scores = Spread(of_scores).median, all = median_time(state, [&] { call(q, k, v); });
    state.counters["scores_us"] = scores * 1e6;
    state.counters["values_us"] = (all - scores) * 1e6;
  });
}

void shape(at::Index n, at::Index m, at::Index d, at::Index e) {
  auto const keep = [](auto const& result) { benchmark::DoNotOptimize(result.data()); };
  variant("soft", n, m, d, e, [=](auto const& q, auto const& k, auto const& v) { keep(at::attention(q, k, v)); });
  variant("hard/argmax", n, m, d, e,
          [=](auto const& q, auto const& k, auto const& v) { keep(at::HardAttention{}.argmax(q, k, v).keys); });
  variant("hard/sample", n, m, d, e, [=](auto const& q, auto const& k, auto const& v) {
    keep(at::HardAttention{}.sample(q, k, v, {.seed = 1}).keys);
  });
  variant("hard/top_8", n, m, d, e,
          [=](auto const& q, auto const& k, auto const& v) { keep(at::HardAttention{}.top_k(q, k, v, 8).keys); });
}

}  // namespace

int main(int count, char** words) {
  shape(512, 2048, 64, 64);
  shape(512, 2048, 64, 512);
  shape(1, 32768, 64, 512);
  return bench::main(count, words);
}
