#include "wordpiece.hpp"

#include "../look/text_file.hpp"

#include <attend/core/check.hpp>
#include <attend/visualize/utf8.hpp>

#include <utf8proc.h>

#include <algorithm>
#include <array>

namespace sentences {
namespace {

[[nodiscard]] utf8proc_category_t category(char32_t letter) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(letter));
}

/// Unicode's White_Space; with it the line ends and tabs, which are control characters too.
[[nodiscard]] bool is_space(char32_t letter) {
  auto const kind = category(letter);
  return (letter >= 0x09 && letter <= 0x0D) || letter == 0x85 || kind == UTF8PROC_CATEGORY_ZS ||
         kind == UTF8PROC_CATEGORY_ZL || kind == UTF8PROC_CATEGORY_ZP;
}
/// What is cleaned away: control, format and private characters, and broken ones.
[[nodiscard]] bool is_cleaned(char32_t letter) {
  if (letter == '\t' || letter == '\n' || letter == '\r') return false;
  auto const kind = category(letter);
  return letter == 0 || letter == attend::replacement_character || kind == UTF8PROC_CATEGORY_CC ||
         kind == UTF8PROC_CATEGORY_CF || kind == UTF8PROC_CATEGORY_CO || kind == UTF8PROC_CATEGORY_CS;
}
/// Unicode's punctuation, and all signs of ASCII, such as $ and ~.
[[nodiscard]] bool is_punctuation(char32_t letter) {
  bool const is_sign = (letter >= '!' && letter <= '/') || (letter >= ':' && letter <= '@') ||
                       (letter >= '[' && letter <= '`') || (letter >= '{' && letter <= '~');
  auto const kind = category(letter);
  return is_sign || (kind >= UTF8PROC_CATEGORY_PC && kind <= UTF8PROC_CATEGORY_PO);
}
/// The blocks of CJK ideographs; not Hangul or Kana, which are written in words or go on like letters.
[[nodiscard]] bool is_chinese(char32_t letter) {
  constexpr std::array<std::pair<char32_t, char32_t>, 8> blocks{{{0x4E00, 0x9FFF},
                                                                 {0x3400, 0x4DBF},
                                                                 {0x20000, 0x2A6DF},
                                                                 {0x2A700, 0x2B73F},
                                                                 {0x2B740, 0x2B81F},
                                                                 {0x2B920, 0x2CEAF},
                                                                 {0xF900, 0xFAFF},
                                                                 {0x2F800, 0x2FA1F}}};
  return std::ranges::any_of(blocks,
                             [&](auto const& block) { return letter >= block.first && letter <= block.second; });
}

/// Calls visit(letter) for the letters that a character is composed of, accents left out, in lower case.
template <class Visit>
void each_plain_letter(char32_t letter, Visit const& visit) {
  std::array<utf8proc_int32_t, 16> parts{};  // no character has more than four
  int last_class = 0;
  auto const count =
      utf8proc_decompose_char(static_cast<utf8proc_int32_t>(letter), parts.data(),
                              static_cast<utf8proc_ssize_t>(parts.size()), UTF8PROC_DECOMPOSE, &last_class);
  for (utf8proc_ssize_t i = 0; i < count; ++i) {
    utf8proc_int32_t const part = parts[static_cast<std::size_t>(i)];
    if (utf8proc_category(part) != UTF8PROC_CATEGORY_MN) visit(static_cast<char32_t>(utf8proc_tolower(part)));
  }
}

constexpr std::array<std::string_view, 5> special_names{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};

}  // namespace

std::vector<std::string> basic_words(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  auto const end_word = [&] {
    if (!word.empty()) words.push_back(std::exchange(word, {}));
  };
  attend::for_each_code_point(text, [&](attend::CodePoint point, std::string_view) {
    if (!point.valid || is_cleaned(point.value)) return;
    if (is_space(point.value)) return end_word();
    bool const stands_alone = is_chinese(point.value);
    if (stands_alone) end_word();
    each_plain_letter(point.value, [&](char32_t letter) {
      bool const is_mark = is_punctuation(letter);
      if (is_mark) end_word();
      attend::append_utf8(word, letter);
      if (is_mark) end_word();
    });
    if (stands_alone) end_word();
  });
  end_word();
  return words;
}

WordPiece::WordPiece(std::vector<std::string> vocabulary) : vocabulary_(std::move(vocabulary)) {
  for (std::size_t i = 0; i < vocabulary_.size(); ++i)
    attend::check(index_.emplace(vocabulary_[i], static_cast<Index>(i)).second, "the vocabulary has \"", vocabulary_[i],
                  "\" twice.");
  begin_ = special("[CLS]");
  end_ = special("[SEP]");
  unknown_ = special("[UNK]");
  for (std::string_view const name : special_names)
    if (auto const found = index_.find(name); found != index_.end()) specials_.emplace_back(name, found->second);
}

Index WordPiece::special(std::string_view name) const {
  auto const found = index_.find(name);
  attend::check(found != index_.end(), "the vocabulary has no ", name, ", which BERT's must have.");
  return found->second;
}

std::vector<Index> WordPiece::encode(std::string_view text, Index most) const {
  attend::check(most >= 2, "WordPiece: ", most, " tokens do not hold [CLS] and [SEP].");
  std::vector<Index> tokens{begin_};
  std::size_t const room = static_cast<std::size_t>(most) - 1;  // before [SEP]
  while (!text.empty() && tokens.size() < room) {
    // Up to the next special token.
    std::size_t place = text.size();
    std::pair<std::string, Index> const* next = nullptr;
    for (auto const& special : specials_)
      if (std::size_t const at =
              text.substr(0, std::min(text.size(), place + special.first.size())).find(special.first);
          at < place)
        place = at, next = &special;
    add_text(text.substr(0, place), room, tokens);
    if (next == nullptr) break;
    tokens.push_back(next->second);
    text.remove_prefix(place + next->first.size());
  }
  if (tokens.size() > room) tokens.resize(room);
  tokens.push_back(end_);
  return tokens;
}

void WordPiece::add_text(std::string_view text, std::size_t most, std::vector<Index>& tokens) const {
  for (std::string const& word : basic_words(text)) {
    if (tokens.size() >= most) return;
    add_word(word, tokens);
  }
}

void WordPiece::add_word(std::string_view word, std::vector<Index>& tokens) const {
  constexpr std::size_t longest = 100;
  auto const is_first_byte = [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; };
  if (static_cast<std::size_t>(std::ranges::count_if(word, is_first_byte)) > longest) return tokens.push_back(unknown_);
  std::size_t const before = tokens.size();
  std::string piece;
  for (std::size_t begin = 0; begin < word.size();) {
    // The longest piece from here on; pieces end where characters do.
    auto found = index_.end();
    std::size_t end = word.size();
    for (; end > begin; --end) {
      if (end < word.size() && !is_first_byte(word[end])) continue;
      piece = begin > 0 ? "##" : "";
      piece += word.substr(begin, end - begin);
      if ((found = index_.find(std::string_view(piece))) != index_.end()) break;
    }
    if (found == index_.end()) {
      tokens.resize(before);
      return tokens.push_back(unknown_);
    }
    tokens.push_back(found->second);
    begin = end;
  }
}

WordPiece read_wordpiece(std::string const& path) {
  std::string const text = look::read_text(path);
  std::vector<std::string> vocabulary;
  for (std::string_view rest = text; !rest.empty();) {
    std::size_t const end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    vocabulary.emplace_back(line);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return WordPiece(std::move(vocabulary));
}

}  // namespace sentences
