#pragma once

#include <attend/core/heads.hpp>

#include <algorithm>
#include <vector>

namespace attend {

/// What linear attention remembers of all tokens so far: for each head a matrix, whatever their number.
///
///   S = Σ_j φ(k_j) · v_jᵀ      (d, e); with gates or the delta rule what these make of it
///   z = Σ_j φ(k_j)             (d): the sums of weights; LinearAttention alone keeps them
///
/// A call that is handed a state begins with it and leaves it as its last token does, so a sequence may be cut into
/// calls anywhere: the same bits come out.
template <class Number>
class LinearState {
 public:
  LinearState() = default;
  /// One head.
  LinearState(Index d, Index e) : LinearState(1, 1, d, e) {}
  /// `heads` are those of k and v.
  LinearState(Index batch, Index heads, Index d, Index e) : shape_{batch, heads, d, e} {
    check(batch >= 0 && heads >= 0 && d >= 0 && e >= 0, "LinearState: sizes (", batch, ", ", heads, ", ", d, ", ", e,
          ") must not be negative.");
    matrices_.resize(static_cast<std::size_t>(batch * heads * d * e));
    sums_.resize(static_cast<std::size_t>(batch * heads * d));
  }

  /// (batch, heads, d, e)
  [[nodiscard]] HeadsShape const& shape() const { return shape_; }
  [[nodiscard]] Heads<Number> matrices() { return heads(matrices_.data(), shape_); }
  [[nodiscard]] Heads<Number const> matrices() const { return heads(matrices_.data(), shape_); }
  /// (batch, heads, 1, d)
  [[nodiscard]] Heads<Number> sums() { return heads(sums_.data(), sums_shape()); }
  [[nodiscard]] Heads<Number const> sums() const { return heads(sums_.data(), sums_shape()); }

  /// As if no token had been seen.
  void clear() {
    std::fill(matrices_.begin(), matrices_.end(), Number(0));
    std::fill(sums_.begin(), sums_.end(), Number(0));
  }

 private:
  [[nodiscard]] HeadsShape sums_shape() const { return {shape_.batch, shape_.heads, 1, shape_.length}; }

  HeadsShape shape_;
  std::vector<Number> matrices_, sums_;
};

template <class Type>
inline constexpr bool is_linear_state = false;
template <class Number>
inline constexpr bool is_linear_state<LinearState<Number>> = true;

}  // namespace attend
