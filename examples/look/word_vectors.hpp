#pragma once

#include "tokenizer.hpp"

#include <attend/core/types.hpp>

#include <cmath>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace look {

using attend::Index;
using Vectors = attend::Matrix<float>;  // (tokens, dimension)

/// The tokens of a text as numbers: equal words (but for capitals) have the same one.
struct Vocabulary {
  std::vector<std::string> words;  // folded
  std::vector<Index> counts;
  std::vector<Index> of_token;  // (tokens): which word each token is

  explicit Vocabulary(std::vector<Token> const& tokens) {
    std::unordered_map<std::string, Index> numbers;
    for (Token const& token : tokens) {
      auto const [place, is_new] = numbers.try_emplace(folded(token.text), static_cast<Index>(words.size()));
      if (is_new) words.push_back(place->first), counts.push_back(0);
      ++counts[static_cast<std::size_t>(place->second)];
      of_token.push_back(place->second);
    }
  }
};

/// FNV-1a, 64 bits. Source: Fowler, Noll, Vo (RFC 9923).
[[nodiscard]] constexpr std::uint64_t fnv1a(std::string_view bytes) {
  std::uint64_t hash = 14695981039346656037u;
  for (char const c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  return hash;
}

/// The next number of a stream. Source: Steele, Lea, Flood 2014, SplitMix64.
[[nodiscard]] constexpr std::uint64_t split_mix(std::uint64_t& state) {
  std::uint64_t z = (state += 0x9E3779B97F4A7C15u);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

/// Hashes of the pieces that a word is made of: all runs of 3, 4 and 5 characters of "<word>".
///
/// Source   Bojanowski et al. 2017, section 3.2 (arXiv 1607.04606)
[[nodiscard]] inline std::vector<std::uint64_t> pieces(std::string const& word) {
  std::string const framed = "<" + word + ">";
  std::vector<std::size_t> starts;  // of each character, and the end
  std::size_t at = 0;
  attend::for_each_code_point(
      framed, [&](attend::CodePoint point, std::string_view) { starts.push_back(at), at += point.bytes; });
  starts.push_back(at);
  std::vector<std::uint64_t> hashes;
  for (std::size_t length = 3; length <= 5; ++length)
    for (std::size_t i = 0; i + length < starts.size(); ++i)
      hashes.push_back(fnv1a(std::string_view(framed).substr(starts[i], starts[i + length] - starts[i])));
  return hashes;
}

/// Every piece has a random vector of signs, drawn from its hash.
inline void add_signs(Eigen::Ref<Eigen::RowVectorXf> vector, std::uint64_t piece, std::uint64_t seed, float weight) {
  std::uint64_t stream = piece ^ (seed * 0x9E3779B97F4A7C15u), signs = 0;
  for (Index f = 0; f < vector.size(); ++f, signs >>= 1) {
    if (f % 64 == 0) signs = split_mix(stream);
    vector(f) += (signs & 1) != 0 ? weight : -weight;
  }
}

/// A vector for each word from its letters alone: nothing is trained, so words that are written alike are near each
/// other (attend, attention, attends), and words that mean the same but look different are not.
///
/// A word is the sum of its pieces, rare ones counting more (ln of words over words with the piece: "atten" tells
/// more than "ing>"), and those that no other word has half, because they can only set it apart; less the mean of all
/// words; at length 1.
///
/// Shapes   → (words, dimension)
[[nodiscard]] inline Vectors letter_vectors(Vocabulary const& vocabulary, Index dimension, std::uint64_t seed) {
  std::unordered_map<std::uint64_t, Index> owners;
  for (std::string const& word : vocabulary.words)
    for (std::uint64_t const piece : pieces(word)) ++owners[piece];
  auto const words = static_cast<Index>(vocabulary.words.size());
  Vectors vectors = Vectors::Zero(words, dimension);
  for (Index i = 0; i < words; ++i) {
    std::string const& word = vocabulary.words[static_cast<std::size_t>(i)];
    for (std::uint64_t const piece : pieces(word)) {
      auto const count = static_cast<double>(owners[piece]);
      double const weight = std::log(1 + static_cast<double>(words) / count) * (count > 1 ? 1.0 : 0.5);
      add_signs(vectors.row(i), piece, seed, static_cast<float>(weight));
    }
  }
  vectors.rowwise().normalize();
  if (words > 1) vectors.rowwise() -= vectors.colwise().mean().eval();
  vectors.rowwise().normalize();
  return vectors;
}

/// Sines and cosines of a position, at length 1.
///
/// Source   Vaswani et al. 2017, section 3.5 (arXiv 1706.03762)
[[nodiscard]] inline Eigen::RowVectorXf position_vector(Index position, Index dimension) {
  Eigen::RowVectorXf vector(dimension);
  for (Index f = 0; f < dimension; ++f) {
    double const angle = static_cast<double>(position) *
                         std::pow(10000.0, -static_cast<double>(f / 2 * 2) / static_cast<double>(dimension));
    vector(f) = static_cast<float>(f % 2 == 0 ? std::sin(angle) : std::cos(angle));
  }
  return vector.normalized();
}

/// How much a word tells: ln(tokens / its count) over ln(tokens), 1 for a word that comes once, 0.3 or so for "the".
[[nodiscard]] inline float telling(Vocabulary const& vocabulary, Index word) {
  double const count = static_cast<double>(vocabulary.counts[static_cast<std::size_t>(word)]);
  double const all = static_cast<double>(vocabulary.of_token.size());
  return all > 1 ? static_cast<float>(std::log(all / count) / std::log(all)) : 1.0f;
}

/// What attention is run on: one row a token, what it is plus a little of where it stands.
///
/// What it is has the length of what it tells, so that commas and articles neither attract nor shout. Where it stands
/// has a quarter: a near relative is preferred to a far one, but a neighbour is not a relative.
///
/// Shapes   letters (words, d)  →  (tokens, d)
[[nodiscard]] inline Vectors token_vectors(Vocabulary const& vocabulary, Vectors const& letters) {
  auto const tokens = static_cast<Index>(vocabulary.of_token.size());
  Vectors vectors(tokens, letters.cols());
  for (Index i = 0; i < tokens; ++i) {
    Index const word = vocabulary.of_token[static_cast<std::size_t>(i)];
    vectors.row(i) = telling(vocabulary, word) * letters.row(word) + 0.25f * position_vector(i, letters.cols());
  }
  return vectors;
}

}  // namespace look
