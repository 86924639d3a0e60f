#pragma once

#include <attend/core/check.hpp>
#include <attend/core/types.hpp>
#include <attend/io/in_quotes.hpp>
#include <attend/io/tensor.hpp>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

/// Tensors in another arrangement, of any type of numbers: what stands between the files of other libraries and the
/// parameters of an object.

namespace attend::io {

namespace detail {

/// Bytes of one entry along the first axis: of a row.
[[nodiscard]] inline std::size_t row_bytes(Tensor const& tensor) {
  return tensor.shape[0] == 0 ? 0 : tensor.bytes.size() / static_cast<std::size_t>(tensor.shape[0]);
}

}  // namespace detail

/// Rows become columns; as for GPT-2, whose linear maps are kept as (in, out).
///
/// Shapes   tensor (rows, columns)  →  (columns, rows)
/// Throws   when the rank is not 2
/// Cost     a copy
[[nodiscard]] inline Tensor transpose(Tensor const& tensor) {
  check_tensor(tensor, "transpose");
  check(tensor.rank() == 2, "transpose: tensor ", in_quotes(tensor.name), " has shape ", shape_text(tensor.shape),
        "; it must have 2 sizes.");
  auto const rows = static_cast<std::size_t>(tensor.shape[0]), columns = static_cast<std::size_t>(tensor.shape[1]);
  std::size_t const item = size_of(tensor.dtype);
  auto const turned = std::make_shared<std::vector<std::byte>>(tensor.bytes.size());
  if (!turned->empty())  // else one of the two may be any number
    for (std::size_t j = 0; j < columns; ++j)
      for (std::size_t i = 0; i < rows; ++i)
        std::copy_n(tensor.bytes.data() + (i * columns + j) * item, item, turned->data() + (j * rows + i) * item);
  return {tensor.name, tensor.dtype, {tensor.shape[1], tensor.shape[0]}, *turned, turned};
}

/// A part of a tensor that was packed: its name and how many rows it has.
struct Part {
  std::string name;
  Index rows = 0;
};

/// Cuts a tensor along its first axis: as q, k and v of a packed projection with grouped queries.
///
/// Shapes   tensor (Σ rows, …)  →  for each part (rows, …)
/// Throws   when the parts' rows are negative or not together those of the tensor
/// Cost     nothing is copied
[[nodiscard]] inline std::vector<Tensor> split_rows(Tensor const& tensor, std::span<Part const> parts) {
  check_tensor(tensor, "split_rows");
  check(tensor.rank() > 0, "split_rows: tensor ", in_quotes(tensor.name), " is a single number.");
  std::vector<Tensor> pieces;
  std::size_t const row = detail::row_bytes(tensor);
  Index at = 0;
  for (Part const& part : parts) {
    check(part.rows >= 0 && part.rows <= tensor.shape[0] - at, "split_rows: tensor ", in_quotes(tensor.name), " has ",
          tensor.shape[0], " rows, of which ", tensor.shape[0] - at, " are left for ", in_quotes(part.name),
          "; it asks for ", part.rows, ".");
    Tensor piece = tensor;
    piece.name = part.name;
    piece.shape[0] = part.rows;
    piece.bytes = tensor.bytes.subspan(static_cast<std::size_t>(at) * row, static_cast<std::size_t>(part.rows) * row);
    pieces.push_back(std::move(piece));
    at += part.rows;
  }
  check(at == tensor.shape[0], "split_rows: tensor ", in_quotes(tensor.name), " has ", tensor.shape[0],
        " rows but its parts have ", at, "; nothing may be left over.");
  return pieces;
}

/// Cuts a tensor along its first axis into equal parts: PyTorch's in_proj_weight (3·d, d) into q, k and v (d, d).
///
/// Throws   when the parts cannot be equal
[[nodiscard]] inline std::vector<Tensor> split(Tensor const& tensor, std::span<std::string const> names) {
  check(tensor.rank() > 0 && !names.empty() && tensor.shape[0] % static_cast<Index>(names.size()) == 0,
        "split: tensor ", in_quotes(tensor.name), " of shape ", shape_text(tensor.shape), " cannot be cut into ",
        names.size(), " equal parts of rows.");
  std::vector<Part> parts;
  for (std::string const& name : names) parts.push_back({name, tensor.shape[0] / static_cast<Index>(names.size())});
  return split_rows(tensor, parts);
}

/// Joins tensors along their first axis: what `split_rows` cuts.
///
/// Shapes   tensors (rows, …)  →  (Σ rows, …)
/// Throws   when there is none, or types of numbers or the other sizes differ
/// Cost     a copy
[[nodiscard]] inline Tensor concat(std::span<Tensor const> tensors, std::string name) {
  check(!tensors.empty(), "concat: ", in_quotes(name), " is made of no tensors.");
  auto const buffer = std::make_shared<std::vector<std::byte>>();
  Tensor joined{std::move(name), tensors[0].dtype, tensors[0].shape, {}, buffer};
  check(joined.rank() > 0, "concat: tensor ", in_quotes(tensors[0].name), " is a single number; wanted are rows.");
  joined.shape[0] = 0;
  for (Tensor const& tensor : tensors) {
    check_tensor(tensor, "concat");
    bool const fits = tensor.dtype == joined.dtype && tensor.rank() == joined.rank() &&
                      std::equal(tensor.shape.begin() + 1, tensor.shape.end(), joined.shape.begin() + 1);
    check(fits, "concat: tensor ", in_quotes(tensor.name), " is ", name_of(tensor.dtype), " of shape ",
          shape_text(tensor.shape), " but ", in_quotes(tensors[0].name), " is ", name_of(joined.dtype), " of shape ",
          shape_text(tensors[0].shape), "; only the number of rows may differ.");
    // Rows without bytes can be any number of them.
    check(tensor.shape[0] <= std::numeric_limits<Index>::max() - joined.shape[0], "concat: ", in_quotes(joined.name),
          " has more rows than an index can count.");
    joined.shape[0] += tensor.shape[0];
    buffer->insert(buffer->end(), tensor.bytes.begin(), tensor.bytes.end());
  }
  joined.bytes = *buffer;
  return joined;
}

}  // namespace attend::io
