#include "problem.hpp"

/// Normalisers beside each other on one shape.

namespace {

using namespace bench;

constexpr Shape shape{1, 8, 8, 512, 512, 64};

template <class Normalizer>
void normalizer(std::string const& name, Normalizer const& policy) {
  add({"normalizer/" + name, shape.name(), isas().front()},
      [=] { return forward<float>(shape, 1, 1.0, 1e-4, some_queries, policy); });
}

}  // namespace

int main(int count, char** words) {
  normalizer("softmax", at::Softmax{});
  normalizer("sigmoid", at::Sigmoid{});
  normalizer("softplus", at::Softplus{});
  normalizer("relu", at::Relu{});
  normalizer("sparsemax", at::Sparsemax{});
  normalizer("entmax15", at::Entmax15{});
  normalizer("top_k", at::TopK{16});
  normalizer("argmax", at::Argmax{});
  return bench::main(count, words);
}
