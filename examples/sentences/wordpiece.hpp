#pragma once

#include <attend/core/types.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace sentences {

using attend::Index;

/// Text → tokens, as BERT's uncased models were trained: words in lower case and without accents, cut into the longest
/// pieces that the vocabulary has.
///
///   WordPiece const pieces = read_wordpiece("vocab.txt");
///   pieces.encode("Hello, Wörld!", 256);   // [CLS] hello , world ! [SEP]
///
/// A vocabulary has one token a line, the first of them token 0; pieces that go on with a word begin with ##.
///
/// Edge     a word that cannot be cut, or has more than 100 characters, is one [UNK]; the names of special tokens in a
///          text are these tokens, as Hugging Face's tokenizers have it; bytes that are no UTF-8 are left out
/// Source   Devlin 2019, section 3 (arXiv 1810.04805); Wu 2016, section 4.1 (1609.08144)
class WordPiece {
 public:
  /// Throws   when [CLS], [SEP] or [UNK] is missing or a token is there twice
  explicit WordPiece(std::vector<std::string> vocabulary);

  /// [CLS], the pieces of the text, [SEP]: at most so many in all; what is over is cut off.
  [[nodiscard]] std::vector<Index> encode(std::string_view text, Index most) const;

  [[nodiscard]] std::string const& token(Index index) const { return vocabulary_[static_cast<std::size_t>(index)]; }
  [[nodiscard]] Index words() const { return static_cast<Index>(vocabulary_.size()); }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };

  void add_text(std::string_view text, std::size_t most, std::vector<Index>& tokens) const;
  void add_word(std::string_view word, std::vector<Index>& tokens) const;
  [[nodiscard]] Index special(std::string_view name) const;

  std::vector<std::string> vocabulary_;
  std::unordered_map<std::string, Index, Hash, std::equal_to<>> index_;
  std::vector<std::pair<std::string, Index>> specials_;  // those of the five that the vocabulary has
  Index begin_ = 0, end_ = 0, unknown_ = 0;
};

/// Reads vocab.txt.
///
/// Throws   when the file cannot be read as text, and as WordPiece does
[[nodiscard]] WordPiece read_wordpiece(std::string const& path);

/// The words of a text as BERT's basic tokenizer makes them: cleaned, in lower case, without accents; each punctuation
/// mark and each Chinese character is a word by itself.
[[nodiscard]] std::vector<std::string> basic_words(std::string_view text);

}  // namespace sentences
