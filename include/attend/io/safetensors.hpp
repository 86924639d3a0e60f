#pragma once

#include <attend/core/check.hpp>
#include <attend/io/convert.hpp>
#include <attend/io/mapped_file.hpp>
#include <attend/io/safetensors_header.hpp>
#include <attend/io/tensor.hpp>
#include <attend/io/write_file.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_set>
#include <utility>
#include <vector>

/// The safetensors format: what trained models are kept in.
///
///   8 bytes   N, the header's length, little-endian
///   N bytes   the header, JSON: for each tensor its dtype, shape and data_offsets; then spaces
///   the rest  the numbers, row-major, little-endian, without holes
///
///   io::Safetensors const file = io::read_safetensors("model.safetensors");
///   Matrix<float> const weight = io::to_matrix<float>(file["encoder.weight"]);
///
/// This is the one format whose header needs a parser: who includes this file has nlohmann/json on the include path.
/// The target attend::attend does not bring it.
///
/// Source   huggingface.co/docs/safetensors, "Format"

namespace attend::io {

/// What a file holds: the tensors in the order of their bytes, and the metadata.
class Safetensors {
 public:
  std::vector<Tensor> tensors;
  std::map<std::string, std::string> metadata;
  std::string where;  ///< the file's path, for sentences

  /// The tensor of that name, or null. Compares name after name.
  [[nodiscard]] Tensor const* find(std::string_view name) const {
    auto const found = std::ranges::find(tensors, name, &Tensor::name);
    return found == tensors.end() ? nullptr : &*found;
  }
  /// Throws   when there is none of that name
  [[nodiscard]] Tensor const& operator[](std::string_view name) const {
    Tensor const* const found = find(name);
    check(found != nullptr, "safetensors: ", where, " has no tensor ", in_quotes(name), " among its ", tensors.size(),
          ".");
    return *found;
  }
};

/// The longest header, 100 MB: as in the safetensors package.
inline constexpr std::uint64_t safetensors_header_max = 100'000'000;

namespace detail {

/// The header's text, its length checked against the file.
[[nodiscard]] inline std::string_view safetensors_header(std::span<std::byte const> bytes, std::string_view where) {
  check(bytes.size() >= 8, "safetensors: ", where, " has ", bytes.size(),
        " bytes; it must begin with 8 that tell the header's length.");
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), 8);
  check(length <= safetensors_header_max, "safetensors: ", where, ": the header's length is ", length,
        "; it must not be more than ", safetensors_header_max, ".");
  check(length <= bytes.size() - 8, "safetensors: ", where, ": the header's length is ", length, " but only ",
        bytes.size() - 8, " bytes follow.");
  std::string_view header(reinterpret_cast<char const*>(bytes.data() + 8), static_cast<std::size_t>(length));
  check(header.starts_with('{'), "safetensors: ", where, ": the header does not begin with '{'.");
  header = header.substr(0, header.find_last_not_of(' ') + 1);
  check(header.ends_with('}'), "safetensors: ", where, ": the header does not end with '}' and spaces.");
  // The parser takes a zero byte for the end of the text and would not look at what follows.
  check(header.find('\0') == header.npos, "safetensors: ", where, ": the header has a zero byte.");
  return header;
}

/// The tensors of the entries in the order of their bytes, which must be all there are.
[[nodiscard]] inline std::vector<Tensor> safetensors_tensors(std::vector<SafetensorsEntry> entries,
                                                             std::span<std::byte const> data,
                                                             std::shared_ptr<void const> const& owner,
                                                             std::string_view where) {
  std::ranges::sort(entries, {}, [](SafetensorsEntry const& entry) {
    return std::tuple(entry.begin, entry.end, std::string_view(entry.name));
  });
  std::vector<Tensor> tensors;
  tensors.reserve(entries.size());
  std::uint64_t reached = 0;
  for (SafetensorsEntry& entry : entries) {
    std::string const name = in_quotes(entry.name);
    check(entry.begin <= entry.end, "safetensors: ", where, ": tensor ", name, " begins at byte ", entry.begin,
          " and ends at ", entry.end, "; it must not end before.");
    check(entry.end <= data.size(), "safetensors: ", where, ": tensor ", name, " ends at byte ", entry.end,
          " but there are only ", data.size(), ".");
    check(entry.begin >= reached, "safetensors: ", where, ": tensor ", name, " begins at byte ", entry.begin,
          ", inside of the tensor before it, which ends at ", reached, ".");
    check(entry.begin <= reached, "safetensors: ", where, ": tensor ", name, " begins at byte ", entry.begin,
          " and leaves a hole behind ", reached, "; nothing may be left out.");
    reached = entry.end;
    auto const begin = static_cast<std::size_t>(entry.begin), size = static_cast<std::size_t>(entry.end - entry.begin);
    tensors.push_back({std::move(entry.name), entry.dtype, std::move(entry.shape), data.subspan(begin, size), owner});
    check_tensor(tensors.back(), "safetensors: " + std::string(where));
  }
  check(reached == data.size(), "safetensors: ", where, ": the tensors end at byte ", reached, " but there are ",
        data.size(), "; nothing may be left over.");
  return tensors;
}

/// Text as JSON writes it.
[[nodiscard]] inline std::string json_string(std::string_view text, std::string_view what) {
  nlohmann::json const json = std::string(text);
  std::string const written = json.dump(-1, ' ', false, nlohmann::json::error_handler_t::ignore);
  check(nlohmann::json::parse(written) == json, what, " ", in_quotes(text), " is not UTF-8; JSON cannot hold it.");
  return written;
}

}  // namespace detail

/// Reads a file that is in memory. The tensors are views of `bytes` and keep `owner`.
///
/// Throws   when anything differs from the format: the length of the header, its JSON, two equal names, other keys, an
/// unknown dtype, sizes whose product overflows or does not match the bytes, bytes that belong to no tensor or to two
/// Cost     the header is read once; no number is
[[nodiscard]] inline Safetensors parse_safetensors(std::span<std::byte const> bytes, std::string where,
                                                   std::shared_ptr<void const> const& owner = nullptr) {
  std::string_view const header = detail::safetensors_header(bytes, where);
  std::size_t header_size = 0;
  std::memcpy(&header_size, bytes.data(), 8);
  detail::SafetensorsHeaderReader reader(where);
  nlohmann::json::sax_parse(header.begin(), header.end(), &reader);
  std::vector<Tensor> tensors =
      detail::safetensors_tensors(std::move(reader.entries), bytes.subspan(8 + header_size), owner, where);
  return {std::move(tensors), std::move(reader.metadata), std::move(where)};
}

/// Maps a file. Its tensors keep the map, each by itself.
///
/// Throws   when the file cannot be mapped, and as parse_safetensors does
[[nodiscard]] inline Safetensors read_safetensors(std::string const& path) {
  auto const file = std::make_shared<MappedFile const>(path);
  return parse_safetensors(file->bytes(), path, file);
}

/// Writes tensors and metadata, byte for byte as the safetensors package does: the widest types first, then by name, so
/// that every number is aligned; the header padded with spaces to a multiple of 8. (Of more than one piece of metadata
/// that package's order is random; here it is by name.)
///
/// Throws   when two tensors have one name, a name is "__metadata__" or not UTF-8, the bytes of a tensor do not match
/// its shape, or the file cannot be written; see write_file
inline void write_safetensors(std::string const& path, std::span<Tensor const> tensors,
                              std::map<std::string, std::string> const& metadata = {}) {
  std::string const where = "write_safetensors: " + path;
  std::vector<Tensor const*> order;
  for (Tensor const& tensor : tensors) {
    check_tensor(tensor, where);
    check(tensor.name != "__metadata__", where, ": a tensor is named \"__metadata__\", as metadata are.");
    order.push_back(&tensor);
  }
  std::ranges::sort(order, {}, [](Tensor const* tensor) {
    return std::tuple(-static_cast<int>(tensor->dtype), std::string_view(tensor->name));
  });

  std::string header = "{";
  auto const comma = [&] { return header.size() > 1 ? "," : ""; };
  if (!metadata.empty()) {
    std::string separator = "\"__metadata__\":{";
    for (auto const& [key, value] : metadata) {
      header += separator + detail::json_string(key, where + ": metadata") + ":" +
                detail::json_string(value, where + ": metadata");
      separator = ",";
    }
    header += "}";
  }
  std::unordered_set<std::string_view> names;
  std::size_t end = 0;
  for (Tensor const* const tensor : order) {
    check(names.insert(tensor->name).second, where, ": two tensors are named ", in_quotes(tensor->name), ".");
    std::size_t const begin = end;
    end += tensor->bytes.size();
    header += comma() + detail::json_string(tensor->name, where + ": the name") + ":{\"dtype\":\"" +
              std::string(name_of(tensor->dtype)) + "\",\"shape\":[";
    for (std::size_t i = 0; i < tensor->shape.size(); ++i) header += (i ? "," : "") + std::to_string(tensor->shape[i]);
    header += "],\"data_offsets\":[" + std::to_string(begin) + "," + std::to_string(end) + "]}";
  }
  header += "}";
  header.append((8 - header.size() % 8) % 8, ' ');
  std::uint64_t const length = header.size();
  check(length <= safetensors_header_max, where, ": the header of ", tensors.size(), " tensors has ", length,
        " bytes; it must not have more than ", safetensors_header_max, ".");

  std::vector<std::span<std::byte const>> parts{std::as_bytes(std::span(&length, 1)), std::as_bytes(std::span(header))};
  for (Tensor const* const tensor : order) parts.push_back(tensor->bytes);
  write_file(path, parts);
}

}  // namespace attend::io
