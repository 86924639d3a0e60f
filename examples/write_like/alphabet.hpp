#pragma once

#include <attend/core/check.hpp>
#include <attend/core/types.hpp>
#include <attend/visualize/utf8.hpp>

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace write_like {

using attend::Index;

/// The characters of a text, each with a number: its place in the order of Unicode.
class Alphabet {
 public:
  explicit Alphabet(std::string_view text) {
    std::set<char32_t> seen;
    attend::for_each_code_point(text, [&](attend::CodePoint point, std::string_view) { seen.insert(point.value); });
    characters_.assign(seen.begin(), seen.end());
  }

  [[nodiscard]] Index size() const { return std::ssize(characters_); }

  /// Throws   when a character is not of the alphabet
  [[nodiscard]] std::vector<Index> tokens(std::string_view text) const {
    std::vector<Index> all;
    attend::for_each_code_point(text, [&](attend::CodePoint point, std::string_view bytes) {
      auto const found = std::lower_bound(characters_.begin(), characters_.end(), point.value);
      attend::check(found != characters_.end() && *found == point.value, "the character \"", bytes,
                    "\" does not occur in the text that the model learned from.");
      all.push_back(found - characters_.begin());
    });
    return all;
  }
  [[nodiscard]] std::string text(std::vector<Index> const& tokens) const {
    std::string all;
    for (Index const token : tokens) attend::append_utf8(all, characters_[static_cast<std::size_t>(token)]);
    return all;
  }
  /// All characters, as one text: Alphabet(characters()) is the same again.
  [[nodiscard]] std::string characters() const {
    std::string all;
    for (char32_t const character : characters_) attend::append_utf8(all, character);
    return all;
  }

 private:
  std::vector<char32_t> characters_;
};

}  // namespace write_like
