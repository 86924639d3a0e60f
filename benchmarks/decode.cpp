#include "problem.hpp"

#include <algorithm>
#include <cstdint>

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

/// A cache of bytes with a scale for each head of a token, against the attention of the floats that they stand for.
void decode_bytes(at::Index keys, int threads) {
  Shape const shape{1, 32, 8, 1, keys, 128};
  add({"decode/int8", shape.name(), isas().front(), threads}, [=] {
    struct Kept {
      Problem<float> problem;
      std::vector<std::int8_t> k, v;
      std::vector<float> k_scale, v_scale;
      at::ThreadPool pool;
    };
    auto const kept = std::shared_ptr<Kept>(new Kept{Problem<float>(shape), {}, {}, {}, {}, at::ThreadPool(threads)});
    // Draws of a normal distribution reach 5; what they are rounded to is what they are compared as.
    auto const round = [=](std::vector<float>& x, std::vector<std::int8_t>& bytes, std::vector<float>& scales) {
      constexpr float scale = 5.f / 127;
      scales.assign(x.size() / static_cast<std::size_t>(shape.dim), scale);
      for (float& number : x) {
        bytes.push_back(static_cast<std::int8_t>(std::clamp(std::lround(number / scale), -127L, 127L)));
        number = scale * static_cast<float>(bytes.back());
      }
    };
    round(kept->problem.k, kept->k, kept->k_scale);
    round(kept->problem.v, kept->v, kept->v_scale);
    at::HeadsShape const tokens{1, shape.key_heads, keys, shape.dim}, scales{1, shape.key_heads, keys, 1};
    auto const call = [=] {
      at::attention_into(kept->problem.output(), kept->problem.queries(),
                         at::heads(std::as_const(kept->k).data(), tokens),
                         at::heads(std::as_const(kept->v).data(), tokens),
                         at::TokenScales<float>{at::heads(std::as_const(kept->k_scale).data(), scales),
                                                at::heads(std::as_const(kept->v_scale).data(), scales)},
                         kept->problem.workspace, kept->pool);
    };
    call();
    double const error = kept->problem.error(some_queries);
    at::check(error <= 1e-5, "the result is off by ", error);
    Timed timed{.call = call, .work = {.flops = shape.flops(), .bytes = shape.key_and_value_bytes(1)}};
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
      decode_bytes(keys, threads);
    }
  return bench::main(count, words);
}
