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
  return bench::main(count, words);
}
