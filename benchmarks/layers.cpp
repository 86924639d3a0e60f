#include "problem.hpp"

#include <attend/core/thread_pool.hpp>
#include <attend/layer/initialize.hpp>
#include <attend/model/bert.hpp>
#include <attend/model/gpt2.hpp>

/// Layers on one thread and on two. Flops are those of products alone; in decoding the bytes are those of the
/// parameters, each read once a token.

namespace {

using namespace bench;
using Matrix = at::Matrix<float>;

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
  add({std::string("multi_head/") + (backward ? "forward_backward" : "forward"), "8x512x512", isas().front(), threads},
      [=] {
        struct Kept {
          at::MultiHead<float> layer, gradient;
          at::MultiHead<float>::Forward forward;
          at::ThreadPool pool;
          at::Workspace workspace;
        };
        at::MultiHead<float> made(at::MultiHeadShape{.features = d, .heads = heads});
        made.initialize(1);
        auto const kept = std::shared_ptr<Kept>(new Kept{made, at::zeros_like(made), {}, at::ThreadPool(threads), {}});
        Matrix const x = Matrix::Random(batch * n, d), d_output = Matrix::Random(batch * n, d);
        auto const call = [=] {
          auto& [layer, gradient, forward, pool, workspace] = *kept;
          layer.forward_into(x, forward, batch, pool, workspace);
          if (backward) benchmark::DoNotOptimize(layer.backward(x, forward, d_output, gradient, pool, workspace));
        };
        call();
        at::check(is_right(made, x, batch, kept->forward.output), "the layer is not what Eigen's products give");
        double const b = double(batch), projections = 8 * b * n * d * d, looks = 4 * b * n * n * d;
        double const parameters = 4. * d * d, tokens = b * n * d;
        return Timed{.call = call,
                     .work = {.flops = backward ? 3 * projections + 3.5 * looks : projections + looks,
                              .bytes = 4 * (backward ? 2 * parameters + 4 * tokens : parameters + 2 * tokens)}};
      });
}

constexpr double bert_block = 4. * 768 * 768 + 2. * 768 * 3072;  // weights

void encoder(int threads) {
  add({"bert_base/forward", "8x128x768", isas().front(), threads}, [=] {
    auto made = at::bert<float>({.words = 2});
    at::initialize_uniform(made, 0.05, 1);
    struct Kept {
      decltype(made) model;
      at::ThreadPool pool;
      at::Workspace workspace;
    };
    auto const kept = std::shared_ptr<Kept>(new Kept{std::move(made), at::ThreadPool(threads), {}});
    at::Index const batch = 8, n = 128;
    Matrix const x = Matrix::Random(batch * n, 768);
    auto const run = [=](Matrix const& tokens, at::Index sequences) {
      return kept->model.blocks.run(tokens, sequences, kept->pool, kept->workspace);
    };
    at::check(run(x, batch).topRows(n) == run(x.topRows(n), 1), "a sequence of the batch is not what it is alone");
    double const tokens = double(batch * n);
    return Timed{.call = [=] { benchmark::DoNotOptimize(run(x, batch)); },
                 .work = {.flops = 12 * (tokens * 2 * bert_block + tokens * 4 * double(n) * 768),
                          .bytes = 4 * (12 * bert_block + 2 * tokens * 768)}};
  });
}

void decoding(int threads) {
  add({"gpt2_small/decode", "1x128x768", isas().front(), threads}, [=] {
    auto made = at::gpt2<float>();
    at::initialize_uniform(made, 0.05, 1);
    auto empty = made.caches(1024);
    struct Kept {
      decltype(made) model;
      decltype(empty) caches;
      at::ThreadPool pool;
      at::Workspace workspace;
    };
    auto const kept = std::shared_ptr<Kept>(new Kept{std::move(made), std::move(empty), at::ThreadPool(threads), {}});
    std::vector<at::Index> tokens;
    for (at::Index i = 0; i < 129; ++i) tokens.push_back(i * 37 % 50257);
    std::span const all(tokens);
    auto const decode = [=](std::span<at::Index const> next) {
      return kept->model.decode(next, kept->caches, kept->pool, kept->workspace);
    };
    (void)decode(all.first(128));
    at::check(decode(all.last(1)) == kept->model.run(tokens, 1, kept->pool, kept->workspace).bottomRows(1),
              "decoding with the cache is not the run over the whole");
    double const weights = 12 * bert_block + 50257. * 768;
    return Timed{.call =
                     [=] {
                       for (auto& cache : kept->caches) cache.truncate(128);
                       benchmark::DoNotOptimize(decode(std::span(tokens).last(1)));
                     },
                 .work = {.flops = 2 * weights, .bytes = 4 * weights},
                 .limit = Limit::read};
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
