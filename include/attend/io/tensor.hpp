#pragma once

#include <attend/core/check.hpp>
#include <attend/core/types.hpp>
#include <attend/io/dtype.hpp>
#include <attend/io/in_quotes.hpp>

#include <cstddef>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace attend::io {

/// A named array of a file, read in place: numbers in row-major order, little-endian, at any alignment.
///
/// Copying one copies no numbers. Whatever was read keeps its memory alive through `owner`; a tensor of the caller's
/// own memory (`tensor_of`) has no owner and must not outlive it.
struct Tensor {
  std::string name;
  Dtype dtype = Dtype::f32;
  std::vector<Index> shape;             ///< sizes, outermost first; empty for a single number
  std::span<std::byte const> bytes;     ///< product of sizes · size_of(dtype)
  std::shared_ptr<void const> owner{};  ///< of the bytes: a mapped file, a buffer, or nobody

  [[nodiscard]] Index rank() const { return static_cast<Index>(shape.size()); }
  /// How many numbers.
  [[nodiscard]] Index size() const { return static_cast<Index>(bytes.size() / size_of(dtype)); }
};

/// Bytes of an array of this shape, or nothing when a size is negative or they are more than memory can be.
///
/// Edge     sizes beside a 0 must fit together as if it were not there, so the answer does not depend on their order
[[nodiscard]] inline std::optional<std::size_t> byte_count(std::span<Index const> shape, Dtype dtype) {
  std::size_t count = size_of(dtype);
  bool is_empty = false;
  for (Index const size : shape) {
    if (size < 0) return std::nullopt;
    if (size == 0) {
      is_empty = true;
      continue;
    }
    if (count > static_cast<std::size_t>(std::numeric_limits<Index>::max()) / static_cast<std::size_t>(size))
      return std::nullopt;
    count *= static_cast<std::size_t>(size);
  }
  return is_empty ? 0 : count;
}

/// "(2, 3)", for sentences; of more than 8 sizes the first 8.
[[nodiscard]] inline std::string shape_text(std::span<Index const> shape) {
  std::string text = "(";
  for (std::size_t i = 0; i < shape.size() && i < 8; ++i) text += (i > 0 ? ", " : "") + std::to_string(shape[i]);
  return text + (shape.size() > 8 ? ", …)" : ")");
}

/// Refuses a tensor whose bytes are not those of its shape.
inline void check_tensor(Tensor const& tensor, std::string_view where) {
  std::optional<std::size_t> const wanted = byte_count(tensor.shape, tensor.dtype);
  check(wanted.has_value(), where, ": tensor ", in_quotes(tensor.name), " has shape ", shape_text(tensor.shape),
        ", a negative size or more numbers than memory holds.");
  check(tensor.bytes.size() == *wanted, where, ": tensor ", in_quotes(tensor.name), " has ", tensor.bytes.size(),
        " bytes; ", name_of(tensor.dtype), " of shape ", shape_text(tensor.shape), " must have ", *wanted, ".");
}

/// The caller's numbers as a tensor of any shape, to be written. Nothing is copied.
///
/// Throws   when there are not as many numbers as the shape says
template <Storable Number, std::size_t Extent>
[[nodiscard]] Tensor tensor_of(std::string name, std::span<Number, Extent> numbers, std::vector<Index> shape) {
  Tensor tensor{std::move(name), dtype_of<Number>, std::move(shape), std::as_bytes(numbers)};
  check_tensor(tensor, "tensor_of");
  return tensor;
}

/// A row-major matrix (rows, columns) or a vector (size) as a tensor. Nothing is copied.
template <class Derived>
[[nodiscard]] Tensor tensor_of(std::string name, Eigen::PlainObjectBase<Derived> const& matrix) {
  static_assert(Storable<typename Derived::Scalar>,
                "attend: tensor_of takes bool, whole numbers, Eigen::half, Eigen::bfloat16, float and double.");
  static_assert(Derived::IsVectorAtCompileTime || Derived::IsRowMajor,
                "attend: files are row-major: copy the matrix to an attend::Matrix first.");
  std::vector<Index> shape{matrix.size()};
  if constexpr (!Derived::IsVectorAtCompileTime) shape = {matrix.rows(), matrix.cols()};
  return tensor_of(std::move(name), std::span(matrix.data(), static_cast<std::size_t>(matrix.size())),
                   std::move(shape));
}
/// A tensor would look at a matrix that is gone.
template <class Derived>
Tensor tensor_of(std::string name, Eigen::PlainObjectBase<Derived> const&& matrix) = delete;

}  // namespace attend::io
