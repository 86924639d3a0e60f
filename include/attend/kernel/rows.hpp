#pragma once

#include <attend/kernel/scores.hpp>

#include <cmath>

/// What a row remembers from tile to tile, one way for each family of normalisers. All sums are kept lane by lane and
/// joined once at the end, so a key adds to the same lane in the same order whatever stands beside it.

ATTEND_QUIET_BEGIN

namespace attend {
inline namespace ATTEND_UNIT_NAME {
namespace kernel {

/// A number for each row of a strip, in whole vectors.
template <class T, class Number>
struct RowFactors {
  static constexpr int size = (T::rows + T::lanes - 1) / T::lanes * T::lanes;
  Number of_row[size];

  ATTEND_INLINE explicit RowFactors(Number x) {
    for (int r = 0; r < size; ++r) of_row[r] = x;
  }
};

template <class T, class Block>
ATTEND_INLINE void begin_rows(Block const& block) {
  using Number = typename Block::Number;
  auto const& scratch = block.scratch;
  for (int r = 0; r < block.count; ++r) {
    scratch.largest[r] = Block::minus_infinity;
    scratch.picked[r] = -1;
  }
  for (Index i = 0; i < block.count * Index{T::lanes}; ++i) scratch.weight_sum[i] = Number(0);
}

/// The largest score of a range. NaN is passed over: it reaches the sum of weights by itself.
template <class T, class Number>
[[nodiscard]] ATTEND_INLINE Number largest_score(Number const* scores, KeyRange const& range) {
  using Raw = raw_vector<Number, T::lanes>;
  // Two chains: a comparison takes several cycles.
  Raw a = -std::numeric_limits<Number>::infinity() - Raw{}, b = a;
  Index const end = range.template vectors_end<T::lanes>();
  Index j = range.begin;
  for (; j + T::panel <= end; j += T::panel) {
    Raw x, y;
    load(x, scores + j);
    load(y, scores + j + T::lanes);
    a = x > a ? x : a;
    b = y > b ? y : b;
  }
  if (j < end) {
    Raw x;
    load(x, scores + j);
    a = x > a ? x : a;
  }
  return largest_of(pack<Number, T::lanes>(Raw(b > a ? b : a)));
}

/// exponential: weights exp(s − largest so far). `factor` brings what was summed before to the new maximum.
///
/// First the maxima of all rows, then their exponentials: the rows of the first loop are short and independent, so
/// their latencies overlap; taken row by row each would wait for its maximum (6 % of the time at d = 64).
template <class T, class Block>
ATTEND_INLINE void weigh_exponential(Block const& block, int strip, int rows, KeyRange const& range,
                                     typename Block::Number* scores, RowFactors<T, typename Block::Number>& factor) {
  using Number = typename Block::Number;
  using Pack = typename Block::Pack;
  auto const& scratch = block.scratch;
  Number shift[T::rows] = {};
  for (int r = 0; r < rows; ++r) {
    Number const before = scratch.largest[strip + r];
    Number const here = largest_score<T>(scores + r * scratch.score_stride, range);
    Number const largest = here > before ? here : before;
    scratch.largest[strip + r] = largest;
    // −∞ − (−∞) is no number: while nothing is seen, subtract 0.
    shift[r] = largest == Block::minus_infinity ? Number(0) : largest;
    factor.of_row[r] = before - shift[r];
  }
  for (int r = 0; r < factor.size; r += T::lanes)
    exp_nonpositive(Pack::load(factor.of_row + r)).store(factor.of_row + r);
  Index const end = range.template vectors_end<T::lanes>();
  for (int r = 0; r < rows; ++r) {
    Number* const row = scores + r * scratch.score_stride;
    Number* const sum_of_row = scratch.weight_sum + (strip + r) * T::lanes;
    Pack sum = Pack::load(sum_of_row) * Pack(factor.of_row[r]);
    Pack const subtract(shift[r]);
    // Two vectors at a time share the constants of exp, which 16 registers cannot all hold.
    Index j = range.begin;
    for (; j + T::panel <= end; j += T::panel) {
      Pack const a = exp_nonpositive(Pack::load(row + j) - subtract);
      Pack const b = exp_nonpositive(Pack::load(row + j + T::lanes) - subtract);
      store_weights<T>(row, j, a.value(), b.value());
      sum = sum + a;
      sum = sum + b;
    }
    if (j < end) {
      Pack const a = exp_nonpositive(Pack::load(row + j) - subtract);
      store_weights<T>(row, j, a.value(), Pack(Number(0)).value());
      sum = sum + a;
    }
    sum.store(sum_of_row);
  }
}

/// pointwise: weights f(s + shift); nothing seen before changes.
template <class T, class Block>
ATTEND_INLINE void weigh_pointwise(Block const& block, int strip, int rows, KeyRange const& range,
                                   typename Block::Number* scores) {
  using Number = typename Block::Number;
  using Pack = typename Block::Pack;
  auto const& scratch = block.scratch;
  auto const& normalizer = block.call.normalizer;
  Pack const shift(normalizer.template shift<Number>(block.segment.keys));
  // A 0 that GCC does not know: it would join this choice with one that a normaliser makes between 0 and a number, and
  // then lane by lane (see pack_mask::opaque). ReLU took three times as long.
  Number nothing = 0;
#if !defined(__clang__)
  asm("" : "+m"(nothing));
#endif
  Pack const zero(nothing);
  Index const end = range.template vectors_end<T::lanes>();
  for (int r = 0; r < rows; ++r) {
    Number* const row = scores + r * scratch.score_stride;
    Number const here = largest_score<T>(row, range);
    if (here > scratch.largest[strip + r]) scratch.largest[strip + r] = here;
    Number* const sum_of_row = scratch.weight_sum + (strip + r) * T::lanes;
    Pack sum = Pack::load(sum_of_row);
    for (Index j = range.begin; j < end; j += T::lanes) {
      Pack const score = Pack::load(row + j);
      Pack const weight = select(score == Pack(Block::minus_infinity), zero, Pack(normalizer.weight(score + shift)));
      weight.store(row + j);
      sum = sum + weight;
    }
    if constexpr (T::bfloat16) round_weights<T>(row, range.begin, range.end);
    sum.store(sum_of_row);
  }
}

/// pick: the largest score so far and its key, the first of equals. A NaN that is seen makes the row NaN.
template <class T, class Block>
ATTEND_INLINE void pick_largest(Block const& block, int strip, int rows, Index tile, KeyRange const& range,
                                typename Block::Number const* scores) {
  using Number = typename Block::Number;
  using Pack = typename Block::Pack;
  using Whole = typename Block::Whole;
  auto const& scratch = block.scratch;
  for (int r = 0; r < rows; ++r) {
    Number const* const row = scores + r * scratch.score_stride;
    Pack best(Block::minus_infinity), poison(Number(0));
    Whole where(-1);
    for (Index j = range.begin; j < range.end; j += T::lanes) {
      Pack const score = Pack::load(row + j);
      auto const better = score > best;
      best = select(better, score, best);
      where = select(better, Whole::consecutive(static_cast<integer_like<Number>>(j)), where);
      poison = select(score != score, score, poison);
    }
    for (int lane = 0; lane < T::lanes; ++lane) {
      Number& largest = scratch.largest[strip + r];
      Index& picked = scratch.picked[strip + r];
      if (poison[lane] != poison[lane]) largest = poison[lane];
      if (where[lane] < 0) continue;
      Index const key = tile + where[lane];
      if (best[lane] > largest || (best[lane] == largest && (picked < 0 || key < picked))) {
        largest = best[lane];
        picked = key;
      }
    }
  }
}

/// One full row of scores, as whole-row normalisers see it: reductions over what is seen.
template <class T, class Number>
class ScoreRow {
 public:
  using Pack = pack<Number, T::lanes>;
  using Whole = pack<integer_like<Number>, T::lanes>;
  using number = Number;

  ATTEND_INLINE ScoreRow(Number const* scores, Index padded_keys) : scores_(scores), keys_(padded_keys) {}

  [[nodiscard]] ATTEND_INLINE Number largest() const { return largest_score<T>(scores_, KeyRange{0, keys_, 0, 0}); }
  /// Σ f(s), or Σ f(s, column)
  template <class Function>
  [[nodiscard]] ATTEND_INLINE Number sum(Function const& f) const {
    Pack total(Number(0));
    for (Index j = 0; j < keys_; j += T::lanes) {
      Pack const score = Pack::load(scores_ + j);
      total = total + select(score == minus_infinity(), Pack(Number(0)), Pack(value(f, score, j)));
    }
    return sum_of(total);
  }
  /// How many satisfy f(s), or f(s, column)
  template <class Function>
  [[nodiscard]] ATTEND_INLINE Index count(Function const& f) const {
    Whole total(0);
    for (Index j = 0; j < keys_; j += T::lanes) {
      Pack const score = Pack::load(scores_ + j);
      typename Pack::mask const holds(value(f, score, j));
      total = total + select(holds && score != minus_infinity(), Whole(1), Whole(0));
    }
    return static_cast<Index>(sum_of(total));
  }

 private:
  [[nodiscard]] static ATTEND_INLINE Pack minus_infinity() { return Pack(-std::numeric_limits<Number>::infinity()); }

  template <class Function>
  [[nodiscard]] static ATTEND_INLINE auto value(Function const& f, Pack const& score, Index j) {
    if constexpr (std::is_invocable_v<Function const&, Pack const&, Whole const&>)
      return f(score, Whole::consecutive(static_cast<integer_like<Number>>(j)));
    else
      return f(score);
  }

  Number const* scores_;
  Index keys_;
};

/// whole_row: solves one row of scores and puts its weights in their place.
template <class T, class Block>
ATTEND_INLINE void weigh_whole_row(Block const& block, int row_of_block, Index padded_keys,
                                   typename Block::Number* scores) {
  using Number = typename Block::Number;
  using Pack = typename Block::Pack;
  using Whole = typename Block::Whole;
  auto const& normalizer = block.call.normalizer;
  auto const& scratch = block.scratch;
  ScoreRow<T, Number> const row(scores, padded_keys);
  Number const largest = row.largest();
  bool const poisoned = row.count([](auto const& s) __attribute__((always_inline)) { return s != s; }) > 0;
  Number statistic = Block::minus_infinity;
  if (largest != Block::minus_infinity && !poisoned) {
    auto const state = normalizer.solve(row);
    statistic = static_cast<Number>(state.log_sum_exp);
    for (Index j = 0; j < padded_keys; j += T::lanes) {
      Pack const score = Pack::load(scores + j);
      Pack const weight(normalizer.weight(state, score, Whole::consecutive(static_cast<integer_like<Number>>(j))));
      select(score == Pack(Block::minus_infinity), Pack(Number(0)), weight).store(scores + j);
    }
  } else {
    Number const fill = poisoned ? std::numeric_limits<Number>::quiet_NaN() : Number(0);
    if (poisoned) statistic = fill;
    for (Index j = 0; j < padded_keys; j += T::lanes)
      select(Pack::load(scores + j) == Pack(Block::minus_infinity), Pack(Number(0)), Pack(fill)).store(scores + j);
  }
  scratch.largest[row_of_block] = statistic;
}

/// What a row came to: outputs are sums · scale / total, and the number that is kept of it.
template <class Number>
struct RowResult {
  Number scale = 1;
  Number total = 1;
  Number kept = 0;
  bool seen = true;
};

/// `keeps` says whether the number that is kept is wanted: its logarithm is 4 % of a small call.
template <class T, class Block>
[[nodiscard]] ATTEND_INLINE RowResult<typename Block::Number> finish_row(Block const& block, int r, bool keeps) {
  using Call = typename Block::Call;
  using Number = typename Block::Number;
  using Pack = typename Block::Pack;
  auto const& scratch = block.scratch;
  auto const& normalizer = block.call.normalizer;
  RowResult<Number> result;
  Number const largest = scratch.largest[r];
  Number const sum = sum_of(Pack::load(scratch.weight_sum + r * T::lanes));
  if constexpr (Call::Normalizer::family == Family::exponential) {
    result.seen = sum != Number(0);
    result.total = sum;
    Number const sink = static_cast<Number>(normalizer.sink(block.place(r).head));
    Number top = largest;
    if (sink != Block::minus_infinity && result.seen) {
      top = sink > largest ? sink : largest;
      result.scale = std::exp(largest - top);
      result.total = sum * result.scale + std::exp(sink - top);
    }
    if (keeps) result.kept = result.seen ? top + std::log(result.total) : Block::minus_infinity;
  } else if constexpr (Call::Normalizer::family == Family::pointwise) {
    result.seen = largest != Block::minus_infinity || sum != sum;
    result.total = normalizer.normalized ? sum : Number(1);
    if (keeps) result.kept = !result.seen ? Block::minus_infinity : normalizer.normalized ? std::log(sum) : Number(0);
    // All f are 0, and so are the sums, unless a value that is seen is no number: divide by 1, not by 0.
    if (result.total == Number(0)) result.total = Number(1);
  } else {
    result.seen = largest != Block::minus_infinity;
    result.kept = largest;
  }
  return result;
}

}  // namespace kernel
}  // namespace ATTEND_UNIT_NAME
}  // namespace attend

ATTEND_QUIET_END
