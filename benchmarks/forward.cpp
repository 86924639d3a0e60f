#include "problem.hpp"

/// The fused forward pass: full and causal prefill, model shapes, one small call, two threads, the other instruction
/// sets.

namespace {

using namespace bench;

constexpr double tolerance = 2e-5;  // scores of d = 128 normal features reach 5; float rounding of them moves weights

void prefill(Shape const& shape, at::Isa isa, int threads) {
  add({"forward/full", shape.name(), isa, threads},
      [=] { return forward<float>(shape, threads, 1.0, tolerance, some_queries); });
  if (shape.queries == shape.keys && shape.queries >= 512)
    add({"forward/causal", shape.name(), isa, threads},
        [=] { return forward<float>(shape, threads, 0.5, tolerance, some_queries, at::Causal{}); });
}

/// q, k and v in bfloat16, multiplied as they are stored where the machine can.
void prefill_in_bfloat16(Shape const& shape, int threads) {
  at::Isa const best = isas().front();
  auto const row = [&](char const* name, double useful, auto const&... policies) {
    add({name, shape.name(), best, threads}, [=] {
      Timed timed = forward<Eigen::bfloat16>(shape, threads, useful, 2e-2, some_queries, policies...);
      if (at::machine_multiplies_bfloat16()) timed.limit = Limit::bf16;
      return timed;
    });
  };
  row("forward/full/bfloat16", 1.0);
  row("forward/causal/bfloat16", 0.5, at::Causal{});
}

}  // namespace

int main(int count, char** words) {
  for (at::Isa const isa : isas()) {
    prefill({1, 8, 8, 512, 512, 64}, isa, 1);
    prefill({1, 8, 8, 2048, 2048, 64}, isa, 1);
    prefill({1, 8, 8, 2048, 2048, 128}, isa, 1);
  }
  at::Isa const best = isas().front();
  prefill({8, 12, 12, 128, 128, 64}, best, 1);
  prefill({1, 12, 12, 197, 197, 64}, best, 1);
  prefill({1, 1, 1, 16, 16, 32}, best, 1);
  prefill({1, 8, 8, 2048, 2048, 64}, best, 2);
  prefill({1, 8, 8, 2048, 2048, 128}, best, 2);
  for (int const threads : {1, 2})
    for (at::Index const dim : {64, 128}) prefill_in_bfloat16({1, 8, 8, 2048, 2048, dim}, threads);
  return bench::main(count, words);
}
