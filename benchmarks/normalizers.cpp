#include "problem.hpp"

/// Normalisers, masks and adjusters beside each other on one shape.

namespace {

using namespace bench;

constexpr Shape shape{1, 8, 8, 512, 512, 64};

template <class... Policies>
void variant(std::string const& name, double useful, Policies const&... policies) {
  add(name + "/" + shape.name(),
      [=](benchmark::State& state) { forward<float>(state, shape, isas().front(), useful, 1e-4, 1, policies...); });
}

}  // namespace

int main(int count, char** words) {
  variant("normalizer/softmax", 1.0, at::Softmax{});
  variant("normalizer/sigmoid", 1.0, at::Sigmoid{});
  variant("normalizer/sparsemax", 1.0, at::Sparsemax{});
  variant("normalizer/entmax15", 1.0, at::Entmax15{});
  variant("normalizer/top_k", 1.0, at::TopK{16});
  variant("normalizer/argmax", 1.0, at::Argmax{});
  variant("adjuster/soft_cap", 1.0, at::SoftCap{30.f});
  variant("adjuster/alibi", 1.0, at::Alibi{0.1f});
  variant("adjuster/lambda", 1.0, [](auto score, auto p) { return score - 0.01f * (p.query - p.key); });
  variant("mask/window_64", 65.0 / 512, at::SlidingWindow{64, 0});
  variant("mask/lambda", 0.5, [](auto p) { return p.key % 2 == 0; });
  return bench::main(count, words);
}
