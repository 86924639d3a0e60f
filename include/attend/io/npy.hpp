#pragma once

#include <attend/core/check.hpp>
#include <attend/io/convert.hpp>
#include <attend/io/mapped_file.hpp>
#include <attend/io/npy_header.hpp>
#include <attend/io/tensor.hpp>
#include <attend/io/write_file.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The .npy format: one array of NumPy's.
///
///   6 bytes   \x93NUMPY
///   2 bytes   the version: 1.0, 2.0 or 3.0
///   2 bytes   the header's length, little-endian; 4 bytes from version 2.0 on
///   N bytes   the header, a Python dictionary of descr, fortran_order and shape; spaces; a line feed
///   the rest  the numbers
///
///   Matrix<float> const x = io::to_matrix<float>(io::read_npy("x.npy"));
///
/// Source   numpy.lib.format, "Format Version 1.0" to "3.0"

namespace attend::io {

namespace detail {

/// The numbers in row-major order and little-endian, in memory of their own.
[[nodiscard]] inline std::shared_ptr<std::vector<std::byte> const> npy_in_order(NpyHeader const& header,
                                                                                std::span<std::byte const> data) {
  std::size_t const item = size_of(header.dtype), count = data.size() / item;
  auto const rank = static_cast<std::ptrdiff_t>(header.shape.size());
  auto ordered = std::make_shared<std::vector<std::byte>>(data.size());

  // Row-major index of the numbers, counted up while their place in the file moves along by the strides of its order.
  std::vector<Index> strides(header.shape.size()), index(header.shape.size(), 0);
  Index stride = 1;
  for (std::ptrdiff_t i = 0; i < rank; ++i) {
    auto const axis = static_cast<std::size_t>(header.is_column_major ? i : rank - 1 - i);
    strides[axis] = stride;
    stride *= header.shape[axis];
  }
  Index place = 0;
  for (std::size_t i = 0; i < count; ++i) {
    auto const* const from = data.data() + static_cast<std::size_t>(place) * item;
    auto* const to = ordered->data() + i * item;
    std::copy(from, from + item, to);
    if (header.is_big_endian) std::reverse(to, to + item);
    for (auto axis = header.shape.size(); axis-- > 0;) {
      place += strides[axis];
      if (++index[axis] < header.shape[axis]) break;
      place -= strides[axis] * header.shape[axis];
      index[axis] = 0;
    }
  }
  return ordered;
}

}  // namespace detail

/// Reads a file that is in memory. The tensor, which is named after `where`, is a view of `bytes` and keeps `owner`;
/// one in Fortran order or big-endian is put in order in memory of its own.
///
/// Throws   when anything differs from the format: version, header, type of numbers, sizes whose product overflows, a
/// file that is longer or shorter than they say
/// Cost     none for row-major little-endian numbers; else a copy
[[nodiscard]] inline Tensor parse_npy(std::span<std::byte const> bytes, std::string_view where,
                                      std::shared_ptr<void const> owner = nullptr) {
  std::string_view const all(reinterpret_cast<char const*>(bytes.data()), bytes.size());
  check(all.starts_with("\x93NUMPY"), "npy: ", where, " does not begin with \\x93NUMPY.");
  check(all.size() >= 8, "npy: ", where, " has ", all.size(), " bytes; it ends before its version.");
  auto const byte = [&](std::size_t i) { return std::to_integer<std::uint32_t>(bytes[i]); };
  check(byte(6) >= 1 && byte(6) <= 3 && byte(7) == 0, "npy: ", where, " has version ", byte(6), ".", byte(7),
        "; known are 1.0, 2.0 and 3.0.");
  std::size_t const begin = byte(6) == 1 ? 10 : 12;
  check(all.size() >= begin, "npy: ", where, " has ", all.size(), " bytes; it ends before the header's length.");
  std::uint32_t length = byte(8) | byte(9) << 8;
  if (byte(6) > 1) length |= byte(10) << 16 | byte(11) << 24;
  check(length <= all.size() - begin, "npy: ", where, ": the header's length is ", length, " but only ",
        all.size() - begin, " bytes follow.");

  detail::NpyHeader header = detail::NpyHeaderReader(all.substr(begin, length), where).read();
  std::span<std::byte const> data = bytes.subspan(begin + length);
  auto const wanted = byte_count(header.shape, header.dtype);
  check(wanted.has_value(), "npy: ", where, " has shape ", shape_text(header.shape),
        ", more numbers than memory holds.");
  check(data.size() == *wanted, "npy: ", where, " has ", data.size(), " bytes of numbers; ", name_of(header.dtype),
        " of shape ", shape_text(header.shape), " must have ", *wanted, ".");
  if (header.is_big_endian || (header.is_column_major && header.shape.size() > 1)) {
    auto const ordered = detail::npy_in_order(header, data);
    data = *ordered;
    owner = ordered;
  }
  return {std::string(where), header.dtype, std::move(header.shape), data, std::move(owner)};
}

/// Maps a file; the tensor keeps the map.
///
/// Throws   when the file cannot be mapped, and as parse_npy does
[[nodiscard]] inline Tensor read_npy(std::string const& path) {
  auto const file = std::make_shared<MappedFile const>(path);
  return parse_npy(file->bytes(), path, file);
}

/// Writes a tensor, whose name is left out: version 1.0, row-major, little-endian, byte for byte as NumPy does.
///
/// Throws   when the numbers are BF16, which NumPy lacks, when they have more than 64 sizes or their bytes do not match
/// the shape, or the file cannot be written; see write_file
inline void write_npy(std::string const& path, Tensor const& tensor) {
  std::string const where = "write_npy: " + path;
  check_tensor(tensor, where);
  check(tensor.shape.size() <= 64, where, ": the shape has ", tensor.shape.size(), " sizes; NumPy has at most 64.");
  detail::DtypeFacts const& facts = detail::facts_of(tensor.dtype);
  check(!facts.npy.empty(), where, ": NumPy has no ", facts.name,
        "; convert the numbers to F32, which holds them all.");
  std::string header = std::string("{'descr': '") + (facts.size == 1 ? '|' : '<') + std::string(facts.npy) +
                       "', 'fortran_order': False, 'shape': (";
  for (std::size_t i = 0; i < tensor.shape.size(); ++i) header += (i ? ", " : "") + std::to_string(tensor.shape[i]);
  header += tensor.shape.size() == 1 ? ",), }" : "), }";
  // NumPy leaves room for the first size to grow to 20 digits when a file is appended to, then aligns the numbers.
  if (!tensor.shape.empty()) header.append(21 - std::to_string(tensor.shape[0]).size(), ' ');
  header.append(63 - (10 + header.size()) % 64, ' ');
  header += '\n';

  std::string start = std::string("\x93NUMPY\1\0", 8);
  start += static_cast<char>(header.size() & 255);
  start += static_cast<char>(header.size() >> 8);
  start += header;
  std::span<std::byte const> const parts[] = {std::as_bytes(std::span(start)), tensor.bytes};
  write_file(path, parts);
}

}  // namespace attend::io
