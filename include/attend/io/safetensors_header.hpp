#pragma once

#include <attend/core/check.hpp>
#include <attend/core/types.hpp>
#include <attend/io/dtype.hpp>
#include <attend/io/in_quotes.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

namespace attend::io::detail {

/// What the header says of a tensor; nothing of it is checked against the file yet.
struct SafetensorsEntry {
  std::string name;
  Dtype dtype = Dtype::f32;
  std::vector<Index> shape;
  std::uint64_t begin = 0, end = 0;  // bytes, from the first one behind the header
};

/// Reads the header
///
///   {"__metadata__": {"format": "pt"}, "weight": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}}
///
/// event by event. A tree of JSON would keep only the last of two equal names, hold numbers that are no sizes, and take
/// many times the header's memory.
class SafetensorsHeaderReader final : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit SafetensorsHeaderReader(std::string_view where) : where_(where) {}

  std::vector<SafetensorsEntry> entries;
  std::map<std::string, std::string> metadata;

  bool null() override { unexpected("null"); }
  bool boolean(bool value) override { unexpected(value ? "true" : "false"); }
  bool binary(binary_t& /*bytes*/) override { unexpected("binary data"); }
  bool number_integer(number_integer_t value) override { unexpected(std::to_string(value)); }  // only negative ones
  bool number_float(number_float_t /*value*/, string_t const& text) override { unexpected(without_quotes(text)); }

  bool number_unsigned(number_unsigned_t value) override {
    SafetensorsEntry* const entry = entries.empty() ? nullptr : &entries.back();
    if (place_ == Place::shape) {
      check(value <= static_cast<std::uint64_t>(std::numeric_limits<Index>::max()), "safetensors: ", where_,
            ": tensor ", in_quotes(entry->name), " has the size ", value, ", more than memory holds.");
      entry->shape.push_back(static_cast<Index>(value));
    } else if (place_ == Place::offsets) {
      if (++offsets_ > 2) wrong_offsets();
      (offsets_ == 1 ? entry->begin : entry->end) = value;
    } else {
      unexpected(std::to_string(value));
    }
    return true;
  }

  bool string(string_t& text) override {
    if (place_ == Place::metadata) {
      metadata.emplace(key_, text);
    } else if (place_ == Place::tensor && key_ == "dtype") {
      auto const found = std::ranges::find(dtype_facts, std::string_view(text), &DtypeFacts::name);
      check(found != dtype_facts.end(), "safetensors: ", where_, ": tensor ", in_quotes(entries.back().name),
            " has the dtype ", in_quotes(text),
            ", which is not known; known are BOOL, U8 to U64, I8 to I64, F16, BF16, F32 and F64.");
      entries.back().dtype = static_cast<Dtype>(found - dtype_facts.begin());
    } else {
      unexpected("the string " + in_quotes(text));
    }
    return true;
  }

  bool start_object(std::size_t /*unknown*/) override {
    if (place_ == Place::start) {
      place_ = Place::root;
    } else if (place_ == Place::root && key_ == "__metadata__") {
      place_ = Place::metadata;
      seen_.clear();
    } else if (place_ == Place::root) {
      place_ = Place::tensor;
      seen_.clear();
      entries.push_back({.name = key_, .dtype = {}, .shape = {}});
    } else {
      unexpected("an object");
    }
    return true;
  }

  bool key(string_t& name) override {
    key_ = name;
    bool const is_root = place_ == Place::root;
    bool const is_new = (is_root ? names_ : seen_).insert(name).second;
    check(is_new, "safetensors: ", where_, ": ", where_within(), " names ", in_quotes(name),
          " twice; which of them is meant cannot be known.");
    if (place_ == Place::tensor)
      check(name == "dtype" || name == "shape" || name == "data_offsets", "safetensors: ", where_, ": ", where_within(),
            " has ", in_quotes(name), "; it must have dtype, shape and data_offsets, nothing else.");
    return true;
  }

  bool end_object() override {
    if (place_ == Place::tensor)
      for (char const* const wanted : {"dtype", "shape", "data_offsets"})
        check(seen_.contains(wanted), "safetensors: ", where_, ": ", where_within(), " has no ", wanted,
              "; it must have dtype, shape and data_offsets.");
    place_ = place_ == Place::root ? Place::end : Place::root;
    return true;
  }

  bool start_array(std::size_t /*unknown*/) override {
    if (place_ == Place::tensor && key_ == "shape") {
      place_ = Place::shape;
    } else if (place_ == Place::tensor && key_ == "data_offsets") {
      place_ = Place::offsets;
      offsets_ = 0;
    } else {
      unexpected("an array");
    }
    return true;
  }

  bool end_array() override {
    if (place_ == Place::offsets && offsets_ != 2) wrong_offsets();
    place_ = Place::tensor;
    return true;
  }

  bool parse_error(std::size_t position, std::string const& /*token*/,
                   nlohmann::detail::exception const& error) override {
    // Its sentence without the library's own number in brackets, and without what a broken file may hold.
    std::string_view reason = error.what();
    reason.remove_prefix(std::min(reason.size(), reason.find(' ') + 1));
    fail("safetensors: ", where_, ": the header is not JSON at its byte ", position, ": ", without_quotes(reason), ".");
  }

 private:
  enum class Place { start, root, metadata, tensor, shape, offsets, end };

  /// As `in_quotes`, without the marks.
  [[nodiscard]] static std::string without_quotes(std::string_view text) {
    std::string whole = in_quotes(text);
    return whole.substr(1, whole.size() - 2);
  }

  [[nodiscard]] std::string where_within() const {
    if (place_ == Place::metadata) return "__metadata__";
    if (place_ == Place::start || place_ == Place::root || entries.empty()) return "the header";
    return "tensor " + in_quotes(entries.back().name);
  }
  [[nodiscard]] std::string wanted() const {
    if (place_ == Place::root)
      return key_ == "__metadata__" ? "an object of strings" : "an object with dtype, shape and data_offsets";
    if (place_ == Place::metadata) return "a string";
    if (place_ == Place::tensor) return key_ == "dtype" ? "a string" : "an array of whole numbers";
    return place_ == Place::start ? "an object" : "a whole number from 0 to 18446744073709551615";
  }
  [[noreturn]] void unexpected(std::string_view found) const {
    fail("safetensors: ", where_, ": in ", where_within(), " ", in_quotes(key_), " is or holds ", found,
         "; it must be ", place_ == Place::shape || place_ == Place::offsets ? "an array, each of it " : "", wanted(),
         ".");
  }
  [[noreturn]] void wrong_offsets() const {
    fail("safetensors: ", where_, ": ", where_within(), " has ", offsets_ > 2 ? "more than 2" : "fewer than 2",
         " data_offsets; they must be where its bytes begin and end.");
  }

  std::string_view where_;
  Place place_ = Place::start;
  std::string key_;                        // the last one
  std::unordered_set<std::string> names_;  // of the header
  std::unordered_set<std::string> seen_;   // of the object within
  int offsets_ = 0;
};

}  // namespace attend::io::detail
