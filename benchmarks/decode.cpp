#include "problem.hpp"

/// One new token over a cache: 32 query heads that share 8 key heads. The bytes are those of keys and values, and the
/// limit is a plain sum over a working set of the same size.

namespace {

using namespace bench;

template <class Storage>
void decode(std::string const& name, at::Index keys, int threads, double tolerance) {
  Shape const shape{1, 32, 8, 1, keys, 128};
  add({"decode/" + name, shape.name(), isas().front(), threads}, [=] {
    Timed timed = forward<Storage>(shape, threads, 1.0, tolerance, some_queries);
    timed.work.bytes = shape.key_and_value_bytes(sizeof(Storage));
    timed.limit = Limit::read;
    return timed;
  });
}

}  // namespace

int main(int count, char** words) {
  for (at::Index const keys : {4096, 32768})
    for (int const threads : {1, 2}) {
      decode<float>("float", keys, threads, 1e-5);
      decode<Eigen::half>("half", keys, threads, 1e-3);
      decode<Eigen::bfloat16>("bfloat16", keys, threads, 1e-2);
    }
  return bench::main(count, words);
}
