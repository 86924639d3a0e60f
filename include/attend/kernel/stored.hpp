#pragma once

#include <attend/kernel/features.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

/// Products of a row or a few with tokens as they lie in memory, as in decoding: packing tokens would cost more than
/// what is done with them, so each square of them is turned in registers and used there.

ATTEND_QUIET_BEGIN

namespace attend {
inline namespace ATTEND_UNIT_NAME {
namespace kernel {

/// Number f of row r stands at first[f * step + r * row_step].
template <class Storage>
struct FewRows {
  Storage const* first;
  Index step, row_step;
};

/// Row `row` of `target`, whatever its stride, becomes the numbers from `from` on.
template <class Number>
ATTEND_INLINE void store_row(Number const* from, MutableView<Number> const& target, Index row) {
  if (target.column_stride == 1)
    std::copy_n(from, target.columns, target.row(row));
  else
    for (Index f = 0; f < target.columns; ++f) target(row, f) = from[f];
}

/// Asks for the lines of `count` numbers that follow each other.
template <class Storage>
ATTEND_INLINE void fetch_lines(Storage const* from, Index count) {
  constexpr Index line = 64 / static_cast<Index>(sizeof(Storage));
  for (Index i = 0; i < count; i += line) __builtin_prefetch(from + i, 0, 1);
}

/// Asks for tokens to come. Tokens side by side are as many streams, which no hardware prefetcher foresees. Where
/// tokens follow each other in memory, those of the groups to come are asked for in that order: twice as fast. A group
/// must be there when its first square is used, so they are asked for a group and a little more ahead.
template <int lanes, class Storage>
class FetchAhead {
 public:
  ATTEND_INLINE explicit FetchAhead(View<Storage> const& tokens)
      : fetches_(tokens.row_stride == tokens.columns && tokens.rows >= 3 * lanes) {
    Index const group = lanes * tokens.columns;
    first_ = tokens.row(0) + group + std::min<Index>(group, 4096);
  }

  /// As many numbers as the square of tokens that begins with feature f.
  ATTEND_INLINE void operator()(Index f) const {
    if (fetches_) fetch_lines(first_ + lanes * f, lanes * lanes);
  }

 private:
  Storage const* first_;
  bool fetches_;
};

/// Numbers of less than 32 bits are turned as words of two or four, which takes as many shuffles as one number would.
template <class Number, class Storage>
inline constexpr int numbers_in_word =
    std::is_same_v<Number, float> && std::endian::native == std::endian::little ? 4 / static_cast<int>(sizeof(Storage))
                                                                                : 1;

/// The numbers of words, the one in the lowest bits first.
template <class Storage, int lanes, int count>
ATTEND_INLINE void take_apart(raw_vector<float, lanes> const& words, raw_vector<float, lanes> (&number)[count]) {
  auto const bits = reinterpret_cast<raw_vector<std::uint32_t, lanes>>(words);
  if constexpr (std::is_same_v<Storage, Eigen::bfloat16>) {
    number[0] = reinterpret_cast<raw_vector<float, lanes>>(bits << 16);
    number[1] = reinterpret_cast<raw_vector<float, lanes>>(bits & 0xffff0000u);
  } else if constexpr (std::is_same_v<Storage, Eigen::half>) {
    using Halves = raw_vector<std::uint16_t, lanes>;
    number[0] = widen<Storage, lanes>(__builtin_convertvector(bits, Halves)).value();
    number[1] = widen<Storage, lanes>(__builtin_convertvector(bits >> 16, Halves)).value();
  } else {
    auto const whole = reinterpret_cast<raw_vector<std::int32_t, lanes>>(words);
    ATTEND_UNROLL
    for (int i = 0; i < count; ++i)
      number[i] = __builtin_convertvector((whole << (24 - 8 * i)) >> 24, raw_vector<float, lanes>);
  }
}

/// Rows that one pass over the tokens serves; for more, packed tokens are faster.
inline constexpr Index most_few_rows = 4;

/// sum[r] += number `at` of row r · tokens
template <class T, int rows, class Number, class RowStorage>
ATTEND_INLINE void multiply_rows(FewRows<RowStorage> const& row, Index at, raw_vector<Number, T::lanes> const& tokens,
                                 raw_vector<Number, T::lanes> (&sum)[rows]) {
  ATTEND_UNROLL
  for (int r = 0; r < rows; ++r)
    multiply_add<T>(sum[r], static_cast<Number>(row.first[at * row.step + r * row.row_step]), tokens);
}

/// part[r] += Σ_f row(r, f) · token(i, f) in lane i, for features [begin, end), in chains like those of packed panels:
/// the sums are theirs, number by number.
///
///   tokens   (≥ count, all features), with contiguous features and at least `count` ≤ T::lanes tokens, 0 for the rest
template <class T, int rows, class Number, class RowStorage, class Storage>
ATTEND_INLINE void add_stored_products(FewRows<RowStorage> const& row, View<Storage> const& tokens, Index count,
                                       Index begin, Index end, raw_vector<Number, T::lanes> (&part)[rows]) {
  constexpr int lanes = T::lanes;
  using Raw = raw_vector<Number, lanes>;
  FetchAhead<lanes, Storage> const fetch(tokens);
  Storage const* const first = tokens.row(0);
  for (Index chain = begin; chain < end; chain += T::chain) {
    Index const chain_end = std::min<Index>(chain + T::chain, end);
    Raw sum[rows] = {};
    for (Index f = chain; f < chain_end; f += lanes) {
      Index const width = std::min<Index>(lanes, chain_end - f);
      Raw square[lanes];
      auto const multiply = [&](Index of, Raw const& feature) __attribute__((always_inline)) {
        multiply_rows<T, rows, Number>(row, of, feature, sum);
      };
      fetch(f);
      constexpr int in_word = numbers_in_word<Number, Storage>;
      if constexpr (in_word > 1)
        if (count == lanes && chain_end - f >= in_word * lanes) {
          for (int i = 1; i < in_word; ++i) fetch(f + i * lanes);
          load_transposed<float, lanes>(
              [&](int i) __attribute__((always_inline)) { return WordLine{first + i * tokens.row_stride + f}; },
              square);
          ATTEND_UNROLL
          for (int g = 0; g < lanes; ++g) {
            Raw number[in_word];
            take_apart<Storage, lanes>(square[g], number);
            ATTEND_UNROLL
            for (int i = 0; i < in_word; ++i) multiply(f + in_word * g + i, number[i]);
          }
          f += (in_word - 1) * lanes;
          continue;
        }
      if (count == lanes && width == lanes) {
        if constexpr (std::is_same_v<Storage, Number>) {
          load_transposed<Number, lanes>(
              [&](int i) __attribute__((always_inline)) { return first + i * tokens.row_stride + f; }, square);
        } else {
          ATTEND_UNROLL
          for (int i = 0; i < lanes; ++i) square[i] = load_as<lanes>(first + i * tokens.row_stride + f).value();
          transpose<Number, lanes>(square);
        }
        ATTEND_UNROLL
        for (int g = 0; g < lanes; ++g) multiply(f + g, square[g]);
      } else {
        for (int i = 0; i < lanes; ++i) {
          square[i] = Raw{};
          if (i < count) square[i] = load_some<Number, lanes>(first + i * tokens.row_stride + f, 1, width).value();
        }
        transpose<Number, lanes>(square);
        for (int g = 0; g < width; ++g) multiply(f + g, square[g]);
      }
    }
    ATTEND_UNROLL
    for (int r = 0; r < rows; ++r) part[r] = part[r] + sum[r];
  }
}

/// The same of bfloat16 multiplied by words: the sums of score_panel before they are scaled.
///
///   row   words of features as floats
template <class T, int rows>
ATTEND_INLINE void add_stored_words(FewRows<float> const& row, View<Eigen::bfloat16> const& tokens, Index count,
                                    raw_vector<float, T::lanes> (&part)[rows]) {
  constexpr int lanes = T::lanes;
  using Raw = raw_vector<float, lanes>;
  FetchAhead<lanes, Eigen::bfloat16> const fetch(tokens);
  Index const words = T::steps(tokens.columns);
  for (Index chain = 0; chain < words; chain += T::chain) {
    Index const chain_end = std::min<Index>(chain + T::chain, words);
    Raw sum[rows] = {};
    for (Index f = chain; f < chain_end; f += lanes) {
      Raw square[lanes];
      fetch(2 * f);
      fetch(2 * f + lanes);
      load_word_square<lanes, lanes>(
          [&](int i) __attribute__((always_inline)) { return i < count ? tokens.row(i) : nullptr; }, 1, 2 * f,
          tokens.columns, square);
      int const width = static_cast<int>(std::min<Index>(lanes, chain_end - f));
      if (width == lanes) {
        ATTEND_UNROLL
        for (int g = 0; g < lanes; ++g) multiply_rows<T, rows, float>(row, f + g, square[g], sum);
      } else {
        for (int g = 0; g < width; ++g) multiply_rows<T, rows, float>(row, f + g, square[g], sum);
      }
    }
    ATTEND_UNROLL
    for (int r = 0; r < rows; ++r) part[r] = part[r] + sum[r];
  }
}

}  // namespace kernel
}  // namespace ATTEND_UNIT_NAME
}  // namespace attend

ATTEND_QUIET_END
