#pragma once

#include <attend/core/heads.hpp>
#include <attend/core/types.hpp>

#include <algorithm>
#include <memory>
#include <vector>

namespace attend {

/// Where a cache that keeps keys and values in another form lays them out to be looked at: one for all layers of a
/// model, which look one after the other.
template <class Number>
struct CacheScratch {
  std::vector<Number> keys, values;
};

namespace detail {

/// Heads (batch, heads, length, dim) in the first numbers of a scratch, which grows with room to spare.
template <class Number>
[[nodiscard]] Heads<Number> in_scratch(std::vector<Number>& room, HeadsShape const& shape) {
  auto const wanted = static_cast<std::size_t>(shape.batch * shape.heads * shape.length * shape.dim);
  if (room.size() < wanted) room.resize(std::max(wanted, room.size() * 3 / 2));
  Index const width = shape.heads * shape.dim;
  return {room.data(), shape, {shape.length * width, shape.dim, width, 1}};
}

}  // namespace detail
}  // namespace attend
