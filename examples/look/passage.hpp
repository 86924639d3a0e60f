#pragma once

#include "options.hpp"
#include "tokenizer.hpp"
#include "word_vectors.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace look {

/// A text, cut and numbered.
struct Text {
  std::vector<Token> tokens;
  Vocabulary vocabulary;

  explicit Text(std::vector<Token> from) : tokens(std::move(from)), vocabulary(tokens) {}
  [[nodiscard]] Index size() const { return static_cast<Index>(tokens.size()); }
  [[nodiscard]] Token const& token(Index i) const { return tokens[static_cast<std::size_t>(i)]; }
  [[nodiscard]] Index word(Index i) const { return vocabulary.of_token[static_cast<std::size_t>(i)]; }
  [[nodiscard]] std::string const& spelling(Index i) const {
    return vocabulary.words[static_cast<std::size_t>(word(i))];
  }
};

/// Are they forms of one word: key, Key, keys, key's, keys'?
[[nodiscard]] inline bool is_same_word(std::string const& a, std::string const& b) {
  auto const bare = [](std::string_view word) {
    for (std::string_view const ending : {"'", "’", "s", "'", "’"})
      if (word.size() > ending.size() && word.ends_with(ending)) word.remove_suffix(ending.size());
    return word;
  };
  return bare(a) == bare(b) || a + "es" == b || b + "es" == a;
}

/// Two words (not numbers or signs) that are not the same one and not next to each other: what counts as a link.
[[nodiscard]] inline bool are_linkable(Text const& text, Index i, Index j) {
  return std::abs(i - j) > 1 && text.token(i).is_word && text.token(j).is_word &&
         !is_same_word(text.spelling(i), text.spelling(j));
}

/// Vectors of words that share no letters are random to each other: their product lies within three standard
/// deviations, 3/√d.
[[nodiscard]] inline float noise(Vectors const& letters) { return 3 / std::sqrt(static_cast<float>(letters.cols())); }

/// The stretch with the most to see: where the linkable pairs are alike most, rare words counting more, each pair of
/// words once, and signs are few.
///
/// Cost     tokens × count² / 2 products of vectors
[[nodiscard]] inline Stretch liveliest(Text const& text, Vectors const& letters, Index count) {
  count = std::min(count, text.size());
  Stretch best{0, count};
  float most = 0;
  for (Index first = 0; first + count <= text.size(); ++first) {
    if (!text.token(first).is_word) continue;
    std::set<std::pair<Index, Index>> seen;
    float sum = 0;
    for (Index i = first; i < first + count; ++i)
      for (Index j = i + 2; j < first + count; ++j) {
        // Short words are alike by accident: bits and its.
        bool const are_long = text.spelling(i).size() > 4 && text.spelling(j).size() > 4;
        if (!are_long || !are_linkable(text, i, j)) continue;
        float const alike = letters.row(text.word(i)).dot(letters.row(text.word(j)));
        if (alike > noise(letters) && seen.insert(std::minmax({text.word(i), text.word(j)})).second)
          sum += alike * telling(text.vocabulary, text.word(i)) * telling(text.vocabulary, text.word(j));
      }
    auto const words = std::count_if(text.tokens.begin() + first, text.tokens.begin() + first + count,
                                     [](Token const& t) { return t.is_word; });
    sum *= std::pow(static_cast<float>(words) / static_cast<float>(count), 3.0f);  // prose rather than code
    if (sum > most) most = sum, best.first = first;
  }
  return best;
}

/// The passage that the options ask for, or the liveliest one.
///
/// Throws   when it lies outside of the text, or the word to find is not in it
[[nodiscard]] inline Stretch choose_passage(Text const& text, Vectors const& letters, Options const& options) {
  Index const usual = text.size() <= 24 ? text.size() : 16;
  if (options.passage) {
    Stretch const asked = *options.passage;
    attend::check(asked.first < text.size() && asked.count <= text.size() - asked.first, "--passage asks for ",
                  asked.count, " tokens from ", asked.first, " on, but there are only tokens 0 to ", text.size() - 1,
                  ".");
    return asked;
  }
  if (options.find.empty()) return liveliest(text, letters, usual);
  std::string const wanted = folded(options.find);
  for (Index i = 0; i < text.size(); ++i)
    if (text.spelling(i) == wanted) return {std::clamp<Index>(i - usual / 2, 0, text.size() - usual), usual};
  attend::fail("--find: \"", options.find, "\" is not a word of the text.");
}

}  // namespace look
