#pragma once

#include <attend/core/check.hpp>
#include <attend/core/types.hpp>
#include <attend/io/dtype.hpp>
#include <attend/io/in_quotes.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace attend::io::detail {

/// What the header of a .npy file says.
struct NpyHeader {
  Dtype dtype = Dtype::f32;
  bool is_big_endian = false;
  bool is_column_major = false;
  std::vector<Index> shape;
};

/// Reads the header, a Python dictionary,
///
///   {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
///
/// of exactly these keys in any order. Only these literals are known; nothing is evaluated.
class NpyHeaderReader {
 public:
  NpyHeaderReader(std::string_view text, std::string_view where) : text_(text), where_(where) {}

  [[nodiscard]] NpyHeader read() {
    NpyHeader header;
    bool has_descr = false, has_order = false, has_shape = false;
    expect('{', "the dictionary to begin with '{'");
    while (!take('}')) {
      std::string_view const key = string("a key in quotation marks, or '}'");
      bool* const has = key == "descr"           ? &has_descr
                        : key == "fortran_order" ? &has_order
                        : key == "shape"         ? &has_shape
                                                 : nullptr;
      check(has != nullptr, "npy: ", where_, ": the header has the key ", in_quotes(key),
            "; it must have descr, fortran_order and shape, nothing else.");
      check(!*has, "npy: ", where_, ": the header has the key ", in_quotes(key), " twice.");
      *has = true;
      expect(':', "':' behind a key");
      if (has == &has_descr)
        descr(header);
      else if (has == &has_order)
        header.is_column_major = boolean();
      else
        header.shape = tuple();
      if (!take(',')) {
        expect('}', "',' or '}' behind a value");
        break;
      }
    }
    for (auto const& [has, name] : {Has{has_descr, "descr"}, {has_order, "fortran_order"}, {has_shape, "shape"}})
      check(has, "npy: ", where_, ": the header has no key ", name, ".");
    skip_spaces();
    check(text_.substr(at_) == "\n", "npy: ", where_, ": behind the header's dictionary stands ",
          in_quotes(text_.substr(at_)), "; only spaces and one line feed may.");
    return header;
  }

 private:
  struct Has {
    bool has;
    char const* name;
  };

  void skip_spaces() { at_ = std::min(text_.find_first_not_of(' ', at_), text_.size()); }
  [[nodiscard]] bool take(char letter) {
    skip_spaces();
    if (at_ == text_.size() || text_[at_] != letter) return false;
    ++at_;
    return true;
  }
  void expect(char letter, char const* wanted) {
    if (!take(letter)) unexpected(wanted);
  }
  [[noreturn]] void unexpected(char const* wanted) const {
    fail("npy: ", where_, ": at byte ", at_, " of the header stands ", in_quotes(text_.substr(at_, 16)), "; wanted is ",
         wanted, ".");
  }

  [[nodiscard]] std::string_view string(char const* wanted) {
    char const mark = take('\'') ? '\'' : take('"') ? '"' : '\0';
    if (mark == '\0') unexpected(wanted);
    std::size_t const end = text_.find(mark, at_);
    if (end == text_.npos) unexpected("a string that ends");
    std::string_view const inner = text_.substr(at_, end - at_);
    at_ = end + 1;
    return inner;
  }

  [[nodiscard]] bool boolean() {
    skip_spaces();
    for (std::string_view const word : {"True", "False"})
      if (text_.substr(at_).starts_with(word)) {
        at_ += word.size();
        return word == "True";
      }
    unexpected("True or False");
  }

  [[nodiscard]] std::vector<Index> tuple() {
    constexpr std::size_t rank_max = 64;  // NumPy's
    std::vector<Index> shape;
    expect('(', "a tuple of sizes");
    while (!take(')')) {
      skip_spaces();
      Index size = 0;
      char const* const begin = text_.data() + at_;
      auto const [end, trouble] = std::from_chars(begin, text_.data() + text_.size(), size);
      if (trouble == std::errc::invalid_argument || *begin == '-')
        unexpected("a size, a whole number that is not negative");
      if (trouble != std::errc{}) unexpected("a size that memory holds");
      if (*begin == '0' && end - begin > 1) unexpected("a size without a 0 before it");
      at_ += static_cast<std::size_t>(end - begin);
      check(shape.size() < rank_max, "npy: ", where_, ": the shape has more than ", rank_max, " sizes.");
      shape.push_back(size);
      if (!take(',')) {
        // Without its comma, (3) is no tuple in Python but the number 3.
        expect(')', "',' or ')' behind a size");
        check(shape.size() > 1, "npy: ", where_, ": the shape is a number in brackets; a tuple of one is (", size,
              ",).");
        break;
      }
    }
    return shape;
  }

  void descr(NpyHeader& header) {
    skip_spaces();
    check(!text_.substr(at_).starts_with('['), "npy: ", where_,
          ": the numbers are records of several fields; wanted is one type of numbers.");
    std::string_view const text = string("a type in quotation marks, like '<f4'");
    std::string_view const name = text.substr(std::min<std::size_t>(1, text.size()));
    auto const found = std::ranges::find(dtype_facts, name, &DtypeFacts::npy);
    check(!name.empty() && found != dtype_facts.end(), "npy: ", where_, ": the type of the numbers is ",
          in_quotes(text),
          ", which is not known; known are b1, u1 to u8, i1 to i8, f2, f4 and f8 behind '<', '>' or '|'.");
    bool const has_order = found->size > 1;
    check(has_order ? text[0] == '<' || text[0] == '>' : text[0] == '|', "npy: ", where_,
          ": the type of the numbers is ", in_quotes(text), "; before ", name, " must stand ",
          has_order ? "the byte order, '<' or '>'." : "'|', because single bytes have no order.");
    header.dtype = static_cast<Dtype>(found - dtype_facts.begin());
    header.is_big_endian = text[0] == '>';
  }

  std::string_view text_, where_;
  std::size_t at_ = 0;
};

}  // namespace attend::io::detail
