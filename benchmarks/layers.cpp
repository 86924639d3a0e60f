#include "problem.hpp"

#include <attend/core/thread_pool.hpp>
#include <attend/layer/initialize.hpp>
#include <attend/model/bert.hpp>
#include <attend/model/gpt2.hpp>

/// Layers on one thread and on two. `of_peak` is a fraction of the FMA peak of as many cores, of products alone; in
/// decoding `GB/s` counts the parameters, each read once a token, and `of_read` compares with a plain sum.

namespace {

using namespace bench;
using Matrix = at::Matrix<float>;

/// Calls use(executor) with that many threads.
template <class Use>
void with_threads(int threads, Use const& use) {
  at::use_isa(isas().front());
  if (threads == 1) {
    at::Serial serial;
    use(serial);
  } else {
    at::ThreadPool pool(threads);
    use(pool);
  }
}

template <class Call>
double median_time(benchmark::State& state, Call const& call) {
  call();
  std::vector<double> times;
  for (auto _ : state) {
    double const start = seconds();
    call();
    times.push_back(seconds() - start);
    state.SetIterationTime(times.back());
  }
  Spread const spread(times);
  state.counters["spread"] = spread.spread;
  return spread.median;
}
void count(benchmark::State& state, double flops, double time, int threads) {
  state.counters["GFLOP/s"] = flops / time * 1e-9;
  state.counters["of_peak"] = flops / time / (fma_peak(isas().front()) * threads);
}

/// The layer's output, put together from Eigen's products and one attention a head.
[[nodiscard]] bool is_right(at::MultiHead<float> const& layer, Matrix const& x, at::Index batch, Matrix const& found) {
  at::Index const n = x.rows() / batch, d = layer.key_dim();
  auto const projected = [](at::Linear<float> const& linear, Matrix const& tokens) {
    return Matrix((tokens * linear.weight.transpose()).rowwise() + linear.bias.transpose());
  };
  Matrix const first = x.topRows(n);
  Matrix const q = projected(layer.query, first), k = projected(layer.key, first), v = projected(layer.value, first);
  Matrix context(n, q.cols());
  for (at::Index h = 0; h < layer.heads; ++h) {
    Matrix weights = (q.middleCols(h * d, d) * k.middleCols(h * d, d).transpose() / std::sqrt(float(d))).array().exp();
    weights.array().colwise() /= weights.rowwise().sum().array().eval();
    context.middleCols(h * d, d) = weights * v.middleCols(h * d, d);
  }
  Matrix const wanted = projected(layer.output, context);
  return (found.topRows(n) - wanted).cwiseAbs().maxCoeff() <= 1e-4f * wanted.cwiseAbs().maxCoeff();
}

void multi_head(int threads, bool backward) {
  at::Index const batch = 8, n = 512, d = 512, heads = 8;
  add(std::string("multi_head/") + (backward ? "forward_backward" : "forward") +
          "/8x512x512/threads:" + std::to_string(threads),
      [=](benchmark::State& state) {
        with_threads(threads, [&](auto& executor) {
          at::MultiHead<float> layer(at::MultiHeadShape{.features = d, .heads = heads});
          layer.initialize(1);
          Matrix const x = Matrix::Random(batch * n, d), d_output = Matrix::Random(batch * n, d);
          at::Workspace workspace;
          if (!is_right(layer, x, batch, layer.forward(x, batch, executor, workspace).output)) {
            state.SkipWithError("the layer is not what Eigen's products give");
            return;
          }
          auto gradient = at::zeros_like(layer);
          at::MultiHead<float>::Forward kept;
          double const time = median_time(state, [&] {
            layer.forward_into(x, kept, batch, executor, workspace);
            if (backward) benchmark::DoNotOptimize(layer.backward(x, kept, d_output, gradient, executor, workspace));
          });
          double const b = double(batch), projections = 8 * b * n * d * d, looks = 4 * b * n * n * d;
          count(state, backward ? 3 * projections + 3.5 * looks : projections + looks, time, threads);
        });
      });
}

void encoder(int threads) {
  add("bert_base/forward/8x128/threads:" + std::to_string(threads), [=](benchmark::State& state) {
    with_threads(threads, [&](auto& executor) {
      auto model = at::bert<float>({.words = 2});
      at::initialize_uniform(model, 0.05, 1);
      at::Index const batch = 8, n = 128;
      Matrix const x = Matrix::Random(batch * n, 768);
      at::Workspace workspace;
      Matrix const alone = model.blocks.run(x.topRows(n), 1, executor, workspace);
      if (model.blocks.run(x, batch, executor, workspace).topRows(n) != alone) {
        state.SkipWithError("a sequence of the batch is not what it is alone");
        return;
      }
      double const time =
          median_time(state, [&] { benchmark::DoNotOptimize(model.blocks.run(x, batch, executor, workspace)); });
      double const tokens = double(batch * n);
      count(state, 12 * (tokens * 2 * (4. * 768 * 768 + 2. * 768 * 3072) + tokens * 4 * double(n) * 768), time,
            threads);
    });
  });
}

void decoding(int threads) {
  add("gpt2_small/decode/threads:" + std::to_string(threads), [=](benchmark::State& state) {
    with_threads(threads, [&](auto& executor) {
      auto model = at::gpt2<float>();
      at::initialize_uniform(model, 0.05, 1);
      std::vector<at::Index> tokens;
      for (at::Index i = 0; i < 129; ++i) tokens.push_back(i * 37 % 50257);
      at::Workspace workspace;
      auto caches = model.caches(1024);
      std::span const all(tokens), last = all.last(1);
      (void)model.decode(all.first(128), caches, executor, workspace);
      if (model.decode(last, caches, executor, workspace) != model.run(tokens, 1, executor, workspace).bottomRows(1)) {
        state.SkipWithError("decoding with the cache is not the run over the whole");
        return;
      }
      double const time = median_time(state, [&] {
        for (auto& cache : caches) cache.truncate(128);
        benchmark::DoNotOptimize(model.decode(last, caches, executor, workspace));
      });
      double const bytes = 4 * (12 * (4. * 768 * 768 + 2. * 768 * 3072) + 50257. * 768);
      state.counters["GB/s"] = bytes / time * 1e-9;
      state.counters["of_read"] = bytes / time / read_rate(isas().front(), std::size_t{1} << 29);
      state.counters["tokens/s"] = 1 / time;
    });
  });
}

}  // namespace

int main(int count, char** words) {
  for (int const threads : {1, 2}) {
    multi_head(threads, false);
    multi_head(threads, true);
    encoder(threads);
    decoding(threads);
  }
  return bench::main(count, words);
}
