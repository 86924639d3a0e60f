#include "problem.hpp"

/// One new token over a cache: 32 query heads that share 8 key heads. `of_read` is the bytes of keys and values read
/// once, over the time, against a plain sum over a working set of the same size.

namespace {

using namespace bench;

template <class Storage>
void decode(std::string const& name, at::Index keys, double tolerance) {
  Shape const shape{1, 32, 8, 1, keys, 128};
  add("decode/" + name + "/" + shape.name(), [=](benchmark::State& state) {
    at::Isa const isa = isas().front();
    double const bytes = shape.key_and_value_bytes(sizeof(Storage));
    double rate = read_rate(isa, static_cast<std::size_t>(bytes));
    forward<Storage>(state, shape, isa, 1.0, tolerance, 1);
    rate = std::max(rate, read_rate(isa, static_cast<std::size_t>(bytes)));
    double const time = shape.flops() / (state.counters["GFLOP/s"] * 1e9);
    state.counters["GB/s"] = bytes / time * 1e-9;
    state.counters["of_read"] = bytes / time / rate;
  });
}

}  // namespace

int main(int count, char** words) {
  for (at::Index const keys : {4096, 32768}) {
    decode<float>("float", keys, 1e-5);
    decode<Eigen::half>("half", keys, 1e-3);
    decode<Eigen::bfloat16>("bfloat16", keys, 1e-2);
  }
  return bench::main(count, words);
}
