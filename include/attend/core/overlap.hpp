#pragma once

#include <attend/core/config.hpp>
#include <attend/core/heads.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace attend {
namespace detail {

/// From the first to the last byte of some heads.
struct Reach {
  std::uintptr_t lowest, highest;

  template <class Storage>
  ATTEND_INLINE explicit Reach(Heads<Storage> const& heads) {
    Index below = 0, above = 0;
    auto const walk = [&](Index count, Index stride) {
      Index const last = (count - 1) * stride;
      below += last < 0 ? last : 0;
      above += last < 0 ? 0 : last;
    };
    walk(heads.batch(), heads.strides().batch);
    walk(heads.heads(), heads.strides().heads);
    walk(heads.length(), heads.strides().length);
    walk(heads.dim(), heads.strides().dim);
    auto const first = reinterpret_cast<std::uintptr_t>(heads.data());
    lowest = first + static_cast<std::uintptr_t>(below) * sizeof(Storage);
    highest = first + static_cast<std::uintptr_t>(above + 1) * sizeof(Storage) - 1;
  }
  [[nodiscard]] bool holds(std::uintptr_t byte) const { return lowest <= byte && byte <= highest; }
};

/// All bytes of some heads: along each dimension `count` of them every `step`, the last dimension being the bytes of
/// one number. Steps are positive: it does not matter from which end a dimension is counted.
struct Bytes : Reach {
  std::array<Index, 5> count, step;

  template <class Storage>
  explicit Bytes(Heads<Storage> const& heads) : Reach(heads) {
    constexpr Index size = sizeof(Storage);
    auto const& shape = heads.shape();
    auto const& strides = heads.strides();
    count = {shape.batch, shape.heads, shape.length, shape.dim, size};
    step = {strides.batch * size, strides.heads * size, strides.length * size, strides.dim * size, 1};
    for (std::size_t i = 0; i < count.size(); ++i) step[i] = count[i] <= 1 ? 0 : std::abs(step[i]);
  }
  /// The dimensions, that of the largest step first.
  [[nodiscard]] std::array<std::size_t, 5> order() const {
    std::array<std::size_t, 5> dimension{0, 1, 2, 3, 4};
    std::sort(dimension.begin(), dimension.end(), [&](std::size_t i, std::size_t j) { return step[i] > step[j]; });
    return dimension;
  }
  /// Whether they lie side by side, without a gap or a byte twice.
  [[nodiscard]] bool solid() const {
    auto const dimension = order();
    Index inner = 1;
    for (auto i = dimension.rbegin(); i != dimension.rend(); ++i) {
      if (count[*i] > 1 && step[*i] != inner) return false;
      inner *= count[*i];
    }
    return true;
  }
};

/// Whether some t_i with −b_i < t_i < a_i make  Σ t_i·step_i = distance,  for dimensions from `dimension` on.
[[nodiscard]] inline bool meet(Bytes const& a, Bytes const& b, std::array<std::size_t, 5> const& order,
                               std::size_t dimension, Index distance) {
  if (dimension == order.size()) return distance == 0;
  std::size_t const i = order[dimension];
  if (a.step[i] == 0) return meet(a, b, order, dimension + 1, distance);
  // Smaller steps together reach less far than one of these, so only the two whole numbers beside the quotient can do.
  Index const quotient = distance / a.step[i] - (distance % a.step[i] < 0 ? 1 : 0);
  for (Index const t : {quotient, quotient + 1})
    if (-b.count[i] < t && t < a.count[i] && meet(a, b, order, dimension + 1, distance - t * a.step[i])) return true;
  return false;
}

/// What share_memory says where the reaches meet.
[[nodiscard]] inline bool share_bytes(Bytes const& a, Bytes const& b) {
  bool same_steps = true;
  for (std::size_t i = 0; i < a.step.size(); ++i)
    same_steps = same_steps && (a.step[i] == b.step[i] || a.count[i] == 1 || b.count[i] == 1);
  if (!same_steps)
    return (a.solid() && (a.holds(b.lowest) || a.holds(b.highest))) ||
           (b.solid() && (b.holds(a.lowest) || b.holds(a.highest)));
  Bytes both = a;
  for (std::size_t i = 0; i < a.step.size(); ++i) both.step[i] = std::max(a.step[i], b.step[i]);
  return meet(both, b, both.order(), 0, static_cast<Index>(b.lowest - a.lowest));
}

/// Whether some byte belongs to both. Never wrongly so; heads of different strides of which neither is without gaps, or
/// whose dimensions overlap one another, may be said to share none although they do.
template <class First, class Second>
[[nodiscard]] ATTEND_INLINE bool share_memory(Heads<First> const& first, Heads<Second> const& second) {
  Reach const a(first), b(second);
  if (a.highest < b.lowest || b.highest < a.lowest) return false;
  auto const empty = [](HeadsShape const& s) { return s.batch * s.heads * s.length * s.dim == 0; };
  return !empty(first.shape()) && !empty(second.shape()) && share_bytes(Bytes(first), Bytes(second));
}

/// What is written must not be read from, nor be something else that is written.
template <class Written, class Other>
ATTEND_INLINE void check_apart(char const* call, Heads<Written> const& written, char const* name,
                               Heads<Other> const& other, char const* other_name) {
  check(!share_memory(written, other), call, ": ", name, " shares memory with ", other_name,
        "; it must have memory of its own.");
}

}  // namespace detail
}  // namespace attend
