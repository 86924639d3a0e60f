#pragma once

#include <attend/attend.hpp>

#include "row.hpp"

#include <cmath>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace bench {

/// Sizes of a batch of heads: batch, query heads, key heads, queries, keys, features of q and k and of v.
struct Shape {
  at::Index batch, heads, key_heads, queries, keys, dim;

  [[nodiscard]] std::string name() const {
    std::string text;
    for (at::Index const size : {batch, heads, key_heads, queries, keys, dim})
      text += (text.empty() ? "" : "x") + std::to_string(size);
    return text;
  }
  /// Multiply-adds of q·k and of w·v, two flops each.
  [[nodiscard]] double flops() const { return 4.0 * double(batch * heads * queries) * double(keys * dim); }
  [[nodiscard]] double query_and_output_bytes(std::size_t size) const {
    return 2.0 * double(batch * heads * queries * dim) * double(size);
  }
  [[nodiscard]] double key_and_value_bytes(std::size_t size) const {
    return 2.0 * double(batch * key_heads * keys * dim) * double(size);
  }
  [[nodiscard]] double bytes(std::size_t size) const {
    return query_and_output_bytes(size) + key_and_value_bytes(size);
  }
};

/// Random inputs in contiguous memory.
template <class Storage>
struct Problem {
  Shape shape;
  std::vector<Storage> q, k, v, out;
  at::Workspace workspace;

  explicit Problem(Shape const& sizes) : shape(sizes) {
    std::mt19937 random(7);
    std::normal_distribution<float> normal;
    // A prime number of draws, again and again: no two rows of a head are the same, and 60 million draws are saved.
    std::vector<Storage> draws(65521);
    for (Storage& number : draws) number = static_cast<Storage>(normal(random));
    std::size_t next = 0;
    auto const fill = [&](std::vector<Storage>& x, at::Index heads, at::Index length) {
      x.resize(static_cast<std::size_t>(shape.batch * heads * length * shape.dim));
      for (Storage& number : x) {
        number = draws[next];
        next = next + 1 < draws.size() ? next + 1 : 0;
      }
    };
    fill(q, shape.heads, shape.queries);
    fill(k, shape.key_heads, shape.keys);
    fill(v, shape.key_heads, shape.keys);
    out.resize(q.size());
  }
  [[nodiscard]] auto queries() { return at::heads(q.data(), {shape.batch, shape.heads, shape.queries, shape.dim}); }
  [[nodiscard]] auto keys() { return at::heads(k.data(), {shape.batch, shape.key_heads, shape.keys, shape.dim}); }
  [[nodiscard]] auto values() { return at::heads(v.data(), {shape.batch, shape.key_heads, shape.keys, shape.dim}); }
  [[nodiscard]] auto output() { return at::heads(out.data(), {shape.batch, shape.heads, shape.queries, shape.dim}); }

  template <class... Policies>
  void run(Policies&&... policies) {
    at::attention_into(output(), queries(), keys(), values(), workspace, policies...);
  }

  /// Largest difference from the dense reference in double, over the last `count` queries of the last heads.
  template <class... Policies>
  [[nodiscard]] double error(at::Index count, Policies const&... policies) {
    at::Index const first = std::max<at::Index>(shape.queries - count, 0);
    auto const found = last_head(output(), first);
    auto const expected = at::reference::attention<double>(last_head(queries(), first), last_head(keys(), 0),
                                                           last_head(values(), 0), policies...);
    double largest = 0;
    std::size_t next = 0;
    for (at::Index b = 0; b < found.batch(); ++b)
      for (at::Index i = 0; i < found.length(); ++i)
        for (at::Index f = 0; f < found.dim(); ++f)
          largest = std::max(largest, std::abs(expected[next++] - static_cast<double>(found(b, 0, i, f))));
    return largest;
  }

  /// The last head of every sequence, from token `first` on.
  template <class Any>
  [[nodiscard]] static at::Heads<Any> last_head(at::Heads<Any> const& all, at::Index first) {
    return at::heads(&all(0, all.heads() - 1, first, 0), {all.batch(), 1, all.length() - first, all.dim()},
                     all.strides());
  }
};

/// The fraction of the pairs that the masks leave, counted one by one.
template <class... Policies>
double visible_fraction(Shape const& shape, Policies const&... policies) {
  std::vector<double> const zeros(static_cast<std::size_t>(shape.batch * std::max(shape.queries, shape.keys)));
  auto const lines = [&](at::Index length) { return at::heads(zeros.data(), {shape.batch, 1, length, 1}); };
  auto const scores = at::reference::scores(lines(shape.queries), lines(shape.keys), policies...);
  auto const seen = std::count_if(scores.begin(), scores.end(), [](double score) { return std::isfinite(score); });
  return double(seen) / double(scores.size());
}

/// Queries whose results are compared where all rows are alike, and where a mask treats each in its own way.
inline constexpr at::Index some_queries = 5, all_queries = at::Index(1) << 40;

/// Forward on as many threads. `useful` is the fraction of the pairs that the masks leave.
template <class Storage, class... Policies>
Timed forward(Shape const& shape, int threads, double useful, double tolerance, at::Index compared,
              Policies const&... policies) {
  struct Kept {
    Problem<Storage> problem;
    at::ThreadPool pool;
  };
  auto const kept = std::shared_ptr<Kept>(new Kept{Problem<Storage>(shape), at::ThreadPool(threads)});
  auto const call = [kept, policies...] { kept->problem.run(policies..., kept->pool); };
  call();
  double const error = kept->problem.error(compared, policies...);
  at::check(error <= tolerance, "the result is off by ", error);
  return {.call = call, .work = {.flops = shape.flops() * useful, .bytes = shape.bytes(sizeof(Storage))}};
}

}  // namespace bench
