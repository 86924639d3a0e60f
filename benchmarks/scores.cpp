#include "problem.hpp"

/// Similarities beside each other on one shape. Additive attention is also given as a fraction of a bare vector tanh
/// loop over as many numbers (`of_tanh`), which is what bounds it.

namespace {

using namespace bench;

constexpr Shape shape{1, 8, 8, 512, 512, 64};

template <class Similarity>
void similarity(std::string const& name, Similarity const& policy) {
  add(name + "/" + shape.name(), [=](benchmark::State& state) {
    at::Isa const isa = isas().front();
    double rate = tanh_rate(isa);
    forward<float>(state, shape, isa, 1.0, 1e-4, 1, policy);
    rate = std::max(rate, tanh_rate(isa));
    if constexpr (std::is_same_v<Similarity, at::Additive<float>>) {
      double const numbers = double(shape.batch * shape.heads * shape.queries) * double(shape.keys * policy.a.size());
      double const flops = state.counters["GFLOP/s"] * 1e9;
      state.counters["of_tanh"] = numbers / rate / (shape.flops() / flops);
    }
  });
}

}  // namespace

int main(int count, char** words) {
  std::srand(3);
  at::Matrix<float> const w = at::Matrix<float>::Random(64, 64) * 0.2f, u = at::Matrix<float>::Random(64, 64) * 0.2f;
  at::Vector<float> const a = at::Vector<float>::Random(64);
  similarity("scaled_dot", at::ScaledDot{});
  similarity("bilinear", at::Bilinear<float>{w});
  similarity("cosine", at::Cosine{4.0});
  similarity("euclidean", at::Euclidean{0.05});
  similarity("l1", at::L1{0.1});
  similarity("additive", at::Additive<float>{w, u, a});
  return bench::main(count, words);
}
