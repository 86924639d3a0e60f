#pragma once

#include <attend/core/heads.hpp>
#include <attend/core/random.hpp>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

/// The arrays that laws are tried on.

namespace laws {

using attend::Index;

/// Random numbers that are the same on every machine.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(attend::detail::mix(seed + 1)) {}

  [[nodiscard]] std::uint64_t bits() { return attend::detail::mix(state_ += 0x9e3779b97f4a7c15u); }
  /// In [0, count).
  [[nodiscard]] Index below(Index count) { return static_cast<Index>(bits() % static_cast<std::uint64_t>(count)); }
  [[nodiscard]] Index between(Index low, Index high) { return low + below(high - low + 1); }
  [[nodiscard]] double uniform() { return static_cast<double>(bits() >> 11) * 0x1p-53; }
  /// Mean 0, variance 1, nearly normal: the sum of four uniform numbers out of 16 bits each.
  [[nodiscard]] double normal() {
    std::uint64_t const x = bits();
    auto const sum = static_cast<double>((x & 0xffff) + (x >> 16 & 0xffff) + (x >> 32 & 0xffff) + (x >> 48));
    return (sum * 0x1p-16 - 2) * 1.7320508075688772;
  }
  /// As many of each size: 2^u for a uniform u.
  [[nodiscard]] Index size_up_to(Index most) {
    return std::min(most, static_cast<Index>(std::exp2(uniform() * std::log2(static_cast<double>(most + 1)))));
  }

 private:
  std::uint64_t state_;
};

/// Sizes of a call. Grouped queries where kv_heads < heads; d_key differs from d only for similarities that allow it.
struct Shape {
  Index n = 1, m = 1, d = 4, e = 4;
  Index batch = 1, heads = 1, kv_heads = 1;
  Index d_key = -1;  // −1: d

  [[nodiscard]] Index features_of_key() const { return d_key < 0 ? d : d_key; }
  [[nodiscard]] attend::HeadsShape query() const { return {batch, heads, n, d}; }
  [[nodiscard]] attend::HeadsShape key() const { return {batch, kv_heads, m, features_of_key()}; }
  [[nodiscard]] attend::HeadsShape value() const { return {batch, kv_heads, m, e}; }
  [[nodiscard]] attend::HeadsShape output() const { return {batch, heads, n, e}; }
  [[nodiscard]] attend::HeadsShape weights() const { return {batch, heads, n, m}; }
};

[[nodiscard]] inline Index size_of(attend::HeadsShape const& shape) {
  return shape.batch * shape.heads * shape.length * shape.dim;
}

inline std::ostream& operator<<(std::ostream& out, Shape const& s) {
  return out << "n " << s.n << ", m " << s.m << ", d " << s.d << ", e " << s.e << ", batch " << s.batch << ", heads "
             << s.heads << "/" << s.kv_heads;
}

/// What the inputs look like.
enum class Fill {
  normal,   // scores of a few units
  large,    // scores up to ±1e4 and more
  lattice,  // multiples of 1/4 in [−1, 1]: products and their sums are exact in float, and many are equal
};

template <class Storage>
struct Inputs {
  attend::Heads<Storage const> q, k, v;
};

/// The arrays of one call, contiguous.
template <class Storage>
struct Problem {
  Shape shape;
  std::vector<Storage> q, k, v;

  explicit Problem(Shape const& sizes, std::uint64_t seed = 1, Fill fill = Fill::normal) : shape(sizes) {
    Random random(seed);
    auto const number = [&](double scale) {
      return fill == Fill::lattice ? 0.25 * static_cast<double>(random.between(-4, 4)) : scale * random.normal();
    };
    auto const draw = [&](attend::HeadsShape const& of, double scale) {
      std::vector<Storage> numbers(static_cast<std::size_t>(size_of(of)));
      for (Storage& x : numbers) x = static_cast<Storage>(number(scale));
      return numbers;
    };
    q = draw(shape.query(), fill == Fill::large ? 100 : 1);
    k = draw(shape.key(), fill == Fill::large ? 40 : 1);
    v = draw(shape.value(), 1);
  }

  [[nodiscard]] attend::Heads<Storage> query() { return attend::heads(q.data(), shape.query()); }
  [[nodiscard]] attend::Heads<Storage> key() { return attend::heads(k.data(), shape.key()); }
  [[nodiscard]] attend::Heads<Storage> value() { return attend::heads(v.data(), shape.value()); }
  [[nodiscard]] Inputs<Storage> inputs() const {
    return {attend::heads(q.data(), shape.query()), attend::heads(k.data(), shape.key()),
            attend::heads(v.data(), shape.value())};
  }
};

/// Part of an array, in place: sequences [batch, …) × heads [head, …) × tokens [token, …).
template <class Storage>
[[nodiscard]] attend::Heads<Storage> part(attend::Heads<Storage> const& all, Index batch, Index batches, Index head,
                                          Index heads, Index token, Index tokens) {
  attend::HeadsStrides const& s = all.strides();
  return {all.data() + batch * s.batch + head * s.heads + token * s.length, {batches, heads, tokens, all.dim()}, s};
}
template <class Storage>
[[nodiscard]] attend::Heads<Storage> tokens(attend::Heads<Storage> const& all, Index token, Index count) {
  return part(all, 0, all.batch(), 0, all.heads(), token, count);
}

}  // namespace laws
