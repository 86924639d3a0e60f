#include "problem.hpp"

/// Similarities and adjusters beside each other on one shape. Flops are those of a dot product, whatever the score, so
/// that times compare; additive attention is bounded by a bare vector tanh loop over as many numbers.

namespace {

using namespace bench;

constexpr Shape shape{1, 8, 8, 512, 512, 64};

template <class Policy>
void score(std::string const& name, Policy const& policy) {
  add({name, shape.name(), isas().front()}, [=] {
    Timed timed = forward<float>(shape, 1, 1.0, 1e-4, some_queries, policy);
    if constexpr (std::is_same_v<Policy, at::Additive<float>>) {
      timed.work.tanhs = double(shape.batch * shape.heads * shape.queries) * double(shape.keys * policy.a.size());
      timed.limit = Limit::tanh;
    }
    return timed;
  });
}

}  // namespace

int main(int count, char** words) {
  std::srand(3);
  at::Matrix<float> const w = at::Matrix<float>::Random(64, 64) * 0.2f, u = at::Matrix<float>::Random(64, 64) * 0.2f;
  at::Vector<float> const a = at::Vector<float>::Random(64);
  score("similarity/scaled_dot", at::ScaledDot{});
  score("similarity/bilinear", at::Bilinear<float>{w});
  score("similarity/cosine", at::Cosine{4.0});
  score("similarity/euclidean", at::Euclidean{0.05});
  score("similarity/l1", at::L1{0.1});
  score("similarity/additive", at::Additive<float>{w, u, a});
  score("adjuster/soft_cap", at::SoftCap{30.f});
  score("adjuster/alibi", at::Alibi{0.1f});
  score("adjuster/lambda", [](auto s, auto p) { return s - 0.01f * (p.query - p.key); });
  return bench::main(count, words);
}
