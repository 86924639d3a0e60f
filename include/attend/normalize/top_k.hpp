#pragma once

#include <attend/core/call_shape.hpp>
#include <attend/core/check.hpp>
#include <attend/core/config.hpp>
#include <attend/core/math.hpp>
#include <attend/normalize/family.hpp>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace attend {

/// Softmax over the k largest scores of the row, exactly 0 for all others.
///
/// Throws   at the call, when k is less than 1
/// Edge     of equal scores the first keys are kept; a row that sees no more than k keys: plain softmax; a row that
///          sees nothing: weights 0. NaN or +∞ among the scores seen: the row is NaN
/// Cost     about log₂ m passes over the row where scores are spread, never more than 16 + 32 (64 in double) and twice
///          log₂ m for equal scores
/// Source   Gupta 2021 (arXiv 2106.06899)
struct TopK {
  using kind = NormalizerKind;
  static constexpr Family family = Family::whole_row;

  Index k = 1;

  template <class Scalar>
  struct State {
    Scalar threshold;  // kept are the scores above it …
    Index last_tied;   // … and those equal to it, up to this column
    Scalar largest;  // weights are exp(s − largest) · scale; exp(s − log_sum_exp) would lose digits of large scores
    Scalar scale;
    Scalar log_sum_exp;  // of the scores kept
  };

  void check_sizes(CallShape const&) const { check(k >= 1, "TopK: k is ", k, "; it must be at least 1."); }

  template <class Row>
  [[nodiscard]] ATTEND_INLINE auto solve(Row const& row) const {
    using Scalar = decltype(row.largest());
    State<Scalar> state{};
    state.largest = row.largest();
    state.scale = 1;
    choose(row, state);
    auto const term = [state](auto score, auto column) __attribute__((always_inline)) {
      return weight(state, score, column);
    };
    Scalar const sum = row.sum(term);
    state.scale = Scalar(1) / sum;
    state.log_sum_exp = state.largest + std::log(sum);
    if (sum != sum) {  // the row is NaN wherever it sees something
      state.threshold = -std::numeric_limits<Scalar>::infinity();
      state.last_tied = -1;
    }
    return state;
  }

  template <class Scalar, class Number, class Column>
  [[nodiscard]] static ATTEND_INLINE Number weight(State<Scalar> const& state, Number const& score,
                                                   Column const& column) {
    // NaN is kept, so that it shows.
    auto const is_dropped = score < state.threshold || (score == state.threshold && column > state.last_tied);
    return select(is_dropped, Scalar(0), exp(score - state.largest) * state.scale);
  }
  /// ∂w_j/∂s_i = w_j·(1[i = j] − w_i): that of a softmax over the keys kept.
  template <class Number>
  [[nodiscard]] static ATTEND_INLINE Number gate(Number const& weight) {
    return weight;
  }

 private:
  /// Sets what is kept.
  template <class Row, class Scalar>
  ATTEND_INLINE void choose(Row const& row, State<Scalar>& state) const {
    auto const count_above = [&row](Scalar threshold) __attribute__((always_inline)) {
      return row.count([threshold](auto score) __attribute__((always_inline)) { return score > threshold; });
    };
    Scalar low = -std::numeric_limits<Scalar>::infinity(), high = state.largest;
    state.threshold = low;
    state.last_tied = -1;
    if (count_above(low) <= k) return;

    // More than k scores lie above `low`, no more than k above `high`. Halving the distance soon finds a threshold with
    // exactly k above it, where scores are spread. Where they are not, halving the bit patterns between, which are in
    // the order of the numbers, ends after as many steps as there are bits, whatever the scores.
    Index above_high = 0;
    for (int step = 0; key_of(high) - key_of(low) > 1; ++step) {
      Scalar middle = low / 2 + high / 2;
      if (step >= 16 || !(middle > low && middle < high))
        middle = number_of(key_of(low) + (key_of(high) - key_of(low)) / 2);
      Index const above = count_above(middle);
      (above > k ? low : high) = middle;
      if (above <= k) above_high = above;
      if (above == k) break;
    }
    state.threshold = high;
    if (above_high == k) return;

    // `high` is the k-th largest score, and as more than k scores lie above the next number down, it has equals enough:
    // the first of them fill up to k.
    auto const count_tied = [&row, high ](Index last) __attribute__((always_inline)) {
      return row.count([ high, last ](auto score, auto column)
                           __attribute__((always_inline)) { return score == high && column <= last; });
    };
    Index too_few = -1, enough = 0;
    while (count_tied(enough) < k - above_high) {
      too_few = enough;
      enough = 2 * enough + 1;
    }
    while (enough - too_few > 1) {
      Index const middle = too_few + (enough - too_few) / 2;
      (count_tied(middle) < k - above_high ? too_few : enough) = middle;
    }
    state.last_tied = enough;
  }

  /// Whole numbers in the order of the real ones.
  template <class Scalar>
  [[nodiscard]] static ATTEND_INLINE auto key_of(Scalar number) {
    using Bits = std::conditional_t<sizeof(Scalar) == 8, std::uint64_t, std::uint32_t>;
    constexpr Bits sign = Bits(1) << (8 * sizeof(Bits) - 1);
    Bits const bits = std::bit_cast<Bits>(number);
    return (bits & sign) != 0 ? static_cast<Bits>(~bits) : static_cast<Bits>(bits | sign);
  }
  template <class Bits>
  [[nodiscard]] static ATTEND_INLINE auto number_of(Bits key) {
    using Scalar = std::conditional_t<sizeof(Bits) == 8, double, float>;
    constexpr Bits sign = Bits(1) << (8 * sizeof(Bits) - 1);
    return std::bit_cast<Scalar>((key & sign) != 0 ? static_cast<Bits>(key & ~sign) : static_cast<Bits>(~key));
  }
};

}  // namespace attend
