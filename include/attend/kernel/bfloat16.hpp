#pragma once

#include <attend/kernel/call.hpp>
#include <attend/simd/bfloat16.hpp>
#include <attend/simd/transpose.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

/// Packed arrays for products of bfloat16 two at a time. Words of two numbers stand where one float would; they are
/// kept as floats, which are moved, never computed with.
///
///   queries   [word of features][row of a strip]      keys   [word of features][key of a panel]
///   weights   [row][word of keys]                     values [word of keys][feature]

ATTEND_QUIET_BEGIN

namespace attend {
inline namespace ATTEND_UNIT_NAME {
namespace kernel {

/// Whether a call's queries, keys and values may be multiplied as they are stored: all bfloat16, compared by products
/// of their own numbers, and weighed tile by tile.
template <class Call>
inline constexpr bool may_multiply_bfloat16 =
    compiles_bfloat16_products && std::is_same_v<typename Call::Query, Eigen::bfloat16> &&
    std::is_same_v<typename Call::Key, Eigen::bfloat16> && std::is_same_v<typename Call::Value, Eigen::bfloat16> &&
    is_dot_product<typename Call::Similarity> && !Call::maps_queries && !Call::maps_keys && !Call::scales_tokens &&
    !requires { Call::Similarity::keys_are_a_table; } &&
    (Call::Normalizer::family == Family::exponential || Call::Normalizer::family == Family::pointwise);

/// Whether it does so here and now.
template <class Call>
[[nodiscard]] bool multiplies_bfloat16(Call const& call) {
  if constexpr (may_multiply_bfloat16<Call>)
    return !call.float_products && !call.features.query.to_unit_length && !call.features.key.to_unit_length &&
           active_isa() == Isa::v4 && machine_multiplies_bfloat16();
  else
    return false;
}

/// A line of bfloat16 read by words.
struct WordLine {
  void const* first;
  ATTEND_INLINE void const* operator+(std::ptrdiff_t words) const {
    return static_cast<std::byte const*>(first) + 4 * words;
  }
};

/// Words of a token from feature `first` on, 0 behind its last.
template <int lanes>
ATTEND_INLINE void load_words(Eigen::bfloat16 const* token, Index stride, Index first, Index features,
                              raw_vector<float, lanes>& words) {
  if (stride == 1 && first + 2 * lanes <= features) {
    std::memcpy(&words, token + first, sizeof words);
    return;
  }
  Eigen::bfloat16 piece[2 * lanes] = {};
  for (Index f = first; f < std::min<Index>(features, first + 2 * lanes); ++f) piece[f - first] = token[f * stride];
  std::memcpy(&words, piece, sizeof words);
}

/// Column g of `square` becomes word first / 2 + g of the first `columns` tokens, token(i) each; a null token is zeros.
template <int columns, int lanes, class Token>
ATTEND_INLINE void load_word_square(Token const& token, Index stride, Index first, Index features,
                                    raw_vector<float, lanes> (&square)[lanes]) {
  alignas(64) static constexpr float zeros[lanes] = {};
  if (stride == 1 && first + 2 * lanes <= features) {
    load_transposed<float, lanes>(
        [&](int i) __attribute__((always_inline)) {
          Eigen::bfloat16 const* const from = i < columns ? token(i) : nullptr;
          return WordLine{from != nullptr ? static_cast<void const*>(from + first) : zeros};
        },
        square);
    return;
  }
  for (int i = 0; i < lanes; ++i) {
    Eigen::bfloat16 const* const from = i < columns ? token(i) : nullptr;
    square[i] = raw_vector<float, lanes>{};
    if (from != nullptr) load_words<lanes>(from, stride, first, features, square[i]);
  }
  transpose<float, lanes>(square);
}

/// Up to `columns` tokens to the first columns of `target` [word][target_stride]; a null token leaves zeros.
template <int columns, int lanes>
ATTEND_INLINE void transpose_words(Eigen::bfloat16 const* const (&token)[lanes], Index stride, Index features,
                                   float* target, Index target_stride) {
  for (Index f = 0; f < features; f += 2 * lanes) {
    raw_vector<float, lanes> square[lanes];
    load_word_square<
        columns, lanes>([&](int i) __attribute__((always_inline)) { return token[i]; }, stride, f, features, square);
    Index const count = std::min<Index>(lanes, (features - f + 1) / 2);
    for (Index g = 0; g < count; ++g)
      store_first<columns, float, lanes>(target + (f / 2 + g) * target_stride, square[g]);
  }
}

/// sum += x · y in every lane: of words both products.
template <class T, class Number>
ATTEND_INLINE void multiply_add(raw_vector<Number, T::lanes>& sum, Number const& x,
                                raw_vector<Number, T::lanes> const& y) {
  if constexpr (T::bfloat16) {
    std::uint32_t word;
    std::memcpy(&word, &x, sizeof word);
    add_bfloat16_products(sum, Bfloat16Words{} + word, reinterpret_cast<Bfloat16Words>(y));
  } else {
    sum = x * y + sum;
  }
}

/// Features of keys j and j + 1 as words: packed so, or as two rows of bfloat16, of which the second may lie behind the
/// last key.
template <int lanes, class Storage>
ATTEND_INLINE void load_value_words(raw_vector<float, lanes>& words, Storage const* values, Index stride, Index j,
                                    Index end) {
  if constexpr (std::is_same_v<Storage, float>) {
    std::memcpy(&words, values + j / 2 * stride, sizeof words);
  } else {
    using Words = raw_vector<std::uint32_t, lanes>;
    raw_vector<std::uint16_t, lanes> first, second{};
    std::memcpy(&first, values + j * stride, sizeof first);
    if (j + 1 < end) std::memcpy(&second, values + (j + 1) * stride, sizeof second);
    words = reinterpret_cast<raw_vector<float, lanes>>(__builtin_convertvector(first, Words) |
                                                       __builtin_convertvector(second, Words) << 16);
  }
}

/// The weights of keys j … of a row, two vectors of them, to their place: as words at half of it. What stood there was
/// the score of a key before.
template <class T, class Number>
ATTEND_INLINE void store_weights(Number* row, Index j, raw_vector<Number, T::lanes> const& first,
                                 raw_vector<Number, T::lanes> const& second) {
  if constexpr (T::bfloat16) {
    Bfloat16Words words;
    round_to_bfloat16(words, first, second);
    std::memcpy(row + j / 2, &words, sizeof words);
  } else {
    std::memcpy(row + j, &first, sizeof first);
    std::memcpy(row + j + T::lanes, &second, sizeof second);
  }
}

/// Weights that stand in place of their scores, from key `begin` to `end`, to words.
template <class T>
ATTEND_INLINE void round_weights(float* row, Index begin, Index end) {
  for (Index j = begin; j < end; j += T::panel) {
    raw_vector<float, T::lanes> first, second;
    std::memcpy(&first, row + j, sizeof first);
    std::memcpy(&second, row + j + T::lanes, sizeof second);
    store_weights<T>(row, j, first, second);
  }
}

}  // namespace kernel
}  // namespace ATTEND_UNIT_NAME
}  // namespace attend

ATTEND_QUIET_END
