#pragma once

#include <attend/core/math.hpp>

#include <concepts>
#include <cstdint>

/// Random numbers without a state: a number is a function of a seed and of the pair it belongs to. The same picks come
/// out for any number of threads, any order of tiles and any vector width, and a backward pass needs nothing kept.
///
/// Why not Philox: it takes ten rounds of two 32 × 32 → 64 bit products, which vector types do not have, and gives 128
/// bits where a pair needs 23. Here the seed, sequence, head and query are mixed once a row in 64 bits by the finaliser
/// of splitmix64, and each key by three rounds of 32-bit multiply and xor-shift, which every instruction set has. The
/// constants of the rounds were found by search for least bias (0.02 %, close to a random permutation).
///
/// Source   Steele, Lea & Flood 2014, Fast splittable pseudorandom number generators, fig. 16 (variant 13 of Stafford)
///          Wellons 2018, Prospecting for hash functions ("triple32")

namespace attend {

/// What all keys of one row share: 64 mixed bits of seed, sequence, head and query.
struct RandomStream {
  std::uint32_t low = 0, high = 0;

  friend bool operator==(RandomStream const&, RandomStream const&) = default;
};

namespace detail {

/// One-to-one on 64 bits; every bit of the input changes every bit of the output with probability one half.
[[nodiscard]] constexpr std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

/// The rounds of a key, on a number or on a vector of numbers: one source, so that both have the same bits. In place,
/// because vectors wider than a unit's registers are not passed by value.
template <class Unsigned>
__attribute__((always_inline)) constexpr void mix_key(Unsigned& x, RandomStream stream) {
  x += stream.low;
  x ^= x >> 17;
  x *= 0xed5ad4bbu;
  x ^= x >> 11;
  x += stream.high;
  x *= 0xac4c1b51u;
  x ^= x >> 15;
  x *= 0x31848babu;
  x ^= x >> 14;
}

}  // namespace detail

/// Cost     eight 64-bit products, once a row
[[nodiscard]] constexpr RandomStream random_stream(std::uint64_t seed, Index batch, Index head, Index query) {
  // Adding the golden ratio first: mix keeps zero, and seeds 0, 1, 2, … are what people use.
  std::uint64_t state = detail::mix(seed + 0x9e3779b97f4a7c15u);
  for (Index const part : {batch, head, query})
    state = detail::mix((state ^ static_cast<std::uint64_t>(part)) + 0x9e3779b97f4a7c15u);
  return {static_cast<std::uint32_t>(state), static_cast<std::uint32_t>(state >> 32)};
}

/// 32 random bits. Within one stream different keys have different bits (up to 2³² keys, where they repeat).
[[nodiscard]] constexpr std::uint32_t random_bits(RandomStream stream, Ordinal key) {
  auto bits = static_cast<std::uint32_t>(static_cast<Index>(key));
  detail::mix_key(bits, stream);
  return bits;
}

/// A number between 0 and 1, both excluded: one of the 2²³ odd multiples of 2⁻²⁴, so that float and double, a number
/// and each lane of a pack are exactly the same.
template <std::floating_point Real = double>
[[nodiscard]] constexpr Real uniform(RandomStream stream, Ordinal key) {
  return static_cast<Real>(random_bits(stream, key) >> 9) * Real(0x1p-23) + Real(0x1p-24);
}
template <std::floating_point Real = double>
[[nodiscard]] constexpr Real uniform(std::uint64_t seed, Index batch, Index head, Index query, Ordinal key) {
  return uniform<Real>(random_stream(seed, batch, head, query), key);
}

/// −log(−log(u)): adding it to scores and taking the largest picks a key with its softmax probability. Between −2.82
/// and 16.64.
///
/// Edge     a pack's lanes have the same u; the logarithms may differ by 2 ulp each
/// Source   Gumbel 1954; Maddison, Tarlow & Minka 2014, section 2 (arXiv 1411.0030)
template <std::floating_point Real = double>
[[nodiscard]] Real gumbel(RandomStream stream, Ordinal key) {
  return -std::log(-std::log(uniform<Real>(stream, key)));
}
template <std::floating_point Real = double>
[[nodiscard]] Real gumbel(std::uint64_t seed, Index batch, Index head, Index query, Ordinal key) {
  return gumbel<Real>(random_stream(seed, batch, head, query), key);
}

}  // namespace attend
