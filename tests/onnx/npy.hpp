#pragma once

#include <attend/core/types.hpp>

#include <cstddef>
#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

namespace onnx {

using attend::Index;

/// An array as a .npy file holds it: C order, little endian.
struct Array {
  std::string type;  // NumPy's name without byte order: f4, f8, f2, b1, i8
  std::vector<Index> shape;
  std::vector<char> bytes;

  [[nodiscard]] Index size() const {
    return std::accumulate(shape.begin(), shape.end(), Index(1), std::multiplies<>());
  }

  /// The numbers, whatever their type, as doubles.
  [[nodiscard]] std::vector<double> numbers() const {
    if (type == "f4") return converted<float>();
    if (type == "f8") return converted<double>();
    if (type == "f2") return converted<Eigen::half>();
    if (type == "b1") return converted<bool>();
    if (type == "i8") return converted<std::int64_t>();
    throw std::runtime_error("unknown type " + type);
  }

  /// The numbers as they are stored.
  template <class Number>
  [[nodiscard]] std::vector<Number> stored() const {
    std::vector<Number> all(static_cast<std::size_t>(size()));
    if (bytes.size() != all.size() * sizeof(Number)) throw std::runtime_error("wrong size");
    if (!all.empty()) std::memcpy(static_cast<void*>(all.data()), bytes.data(), bytes.size());
    return all;
  }

 private:
  template <class Number>
  [[nodiscard]] std::vector<double> converted() const {
    std::vector<double> all(static_cast<std::size_t>(size()));
    if (bytes.size() != all.size() * sizeof(Number)) throw std::runtime_error("wrong size");
    for (std::size_t i = 0; i < all.size(); ++i) {
      Number number;
      std::memcpy(static_cast<void*>(&number), bytes.data() + i * sizeof(Number), sizeof(Number));
      all[i] = static_cast<double>(number);
    }
    return all;
  }
};

/// Reads NumPy format 1.0: "\x93NUMPY", two bytes of version, two of header length, a Python dict, the numbers.
inline Array read_npy(std::string const& path) {
  std::ifstream file(path, std::ios::binary);
  std::string const all{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (all.size() < 10 || all.substr(1, 5) != "NUMPY" || all[6] != 1) throw std::runtime_error(path + " is no .npy 1.0");
  std::size_t const length = static_cast<unsigned char>(all[8]) + 256u * static_cast<unsigned char>(all[9]);
  std::string const header = all.substr(10, length);
  if (header.find("'fortran_order': False") == std::string::npos) throw std::runtime_error(path + " is not in C order");

  Array array;
  std::size_t const type = header.find("'descr': '") + 10;
  array.type = header.substr(type + 1, header.find('\'', type) - type - 1);
  std::size_t const begin = header.find('(') + 1;
  std::string const sizes = header.substr(begin, header.find(')') - begin);
  for (std::size_t at = 0; at < sizes.size();) {
    std::size_t const end = std::min(sizes.find(',', at), sizes.size());
    std::string const size = sizes.substr(at, end - at);
    if (size.find_first_not_of(' ') != std::string::npos) array.shape.push_back(std::stoll(size));
    at = end + 1;
  }
  array.bytes.assign(all.begin() + static_cast<std::ptrdiff_t>(10 + length), all.end());
  return array;
}

}  // namespace onnx
