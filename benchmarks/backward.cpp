#include "problem.hpp"

/// The fused backward pass, on 2.5 times the flops of forward: five products where forward has two. `over_forward` is
/// its time over that of forward, taken in turn.

namespace {

using namespace bench;

template <class... Policies>
Timed backward(Shape const& shape, int threads, double useful, Policies const&... policies) {
  using Op = decltype(at::Attention{policies...});
  struct Kept {
    Op op;
    Problem<float> problem;
    at::ThreadPool pool;
    decltype(op.forward(problem.queries(), problem.keys(), problem.values(), pool)) forward;
  };
  auto const kept =
      std::shared_ptr<Kept>(new Kept{Op{policies...}, Problem<float>(shape), at::ThreadPool(threads), {}});
  auto const forward = [kept] {
    auto& [op, problem, pool, result] = *kept;
    return op.forward(problem.queries(), problem.keys(), problem.values(), problem.workspace, pool);
  };
  kept->forward = forward();
  auto const call = [kept] {
    auto& [op, problem, pool, result] = *kept;
    auto const d_output = at::heads(problem.q.data(), result.shape);  // any numbers
    return op.backward(problem.queries(), problem.keys(), problem.values(), result, d_output, problem.workspace, pool);
  };

  // Against the dense formulas in double, on the last head alone.
  auto const gradients = call();
  auto const last = [&](std::vector<float> const& x, at::Index length) {
    at::Index const size = length * shape.dim;
    return at::Matrix<float>(
               at::Matrix<float>::Map(x.data() + (static_cast<at::Index>(x.size()) - size), length, shape.dim))
        .template cast<double>()
        .eval();
  };
  auto const& problem = kept->problem;
  auto const exact = at::reference::backward(last(problem.q, shape.queries), last(problem.k, shape.keys),
                                             last(problem.v, shape.keys), last(problem.q, shape.queries), policies...);
  double const error = std::max({(last(gradients.query, shape.queries) - exact.query).norm() / exact.query.norm(),
                                 (last(gradients.key, shape.keys) - exact.key).norm() / exact.key.norm(),
                                 (last(gradients.value, shape.keys) - exact.value).norm() / exact.value.norm()});
  at::check(error <= 1e-5, "the gradients are off by ", error);

  // q, k, v, the output and its gradient are read, three gradients written.
  double const bytes = 2 * shape.bytes(sizeof(float));
  return {.call = [call] { benchmark::DoNotOptimize(call()); },
          .work = {.flops = 2.5 * shape.flops() * useful, .bytes = bytes},
          .also = {{"MiB", double(problem.workspace.size()) / (1 << 20)}},
          .beside = Beside{"over_forward", [forward] { benchmark::DoNotOptimize(forward()); }}};
}

void both(Shape const& shape, at::Isa isa, int threads) {
  add_in_turn({"backward/full", shape.name(), isa, threads}, [=] { return backward(shape, threads, 1.0); });
  add_in_turn({"backward/causal", shape.name(), isa, threads},
              [=] { return backward(shape, threads, 0.5, at::Causal{}); });
}

}  // namespace

int main(int count, char** words) {
  for (at::Isa const isa : isas()) both({1, 8, 8, 2048, 2048, 64}, isa, 1);
  both({1, 8, 8, 2048, 2048, 128}, isas().front(), 1);
  both({1, 8, 8, 512, 512, 64}, isas().front(), 1);
  both({1, 8, 8, 2048, 2048, 64}, isas().front(), 2);
  return bench::main(count, words);
}
