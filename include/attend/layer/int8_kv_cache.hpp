#pragma once

#include <attend/core/check.hpp>
#include <attend/core/heads.hpp>
#include <attend/core/token_scales.hpp>
#include <attend/core/types.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

namespace attend {

/// Keys and values as bytes, with one scale for each head of a token: x ≈ scale · byte, scale = max |x| / 127.
///
/// A little more than a quarter of the memory of float, and as much less to read in a step of decoding: bytes are
/// widened where they are multiplied, and scores and weights take the scales.
///
/// Shapes   (batch, heads, length, d) and (batch, heads, length, e); room for `capacity` tokens a sequence
/// Throws   when more is appended than there is room for; then nothing has changed
/// Error    at most scale / 2 a number: 0.4 % of the largest of its head
/// Edge     a head of zeros is kept exactly; NaN or infinity makes its head NaN
/// Cost     batch·capacity·heads·(d + e + 8) bytes
/// Source   per-token scales: Yao 2022, section 4.1 (arXiv 2206.01861)
template <class Number>
class Int8KvCache {
 public:
  static_assert(std::is_same_v<Number, float>, "attend: Int8KvCache is computed with in float.");

  Int8KvCache() = default;
  Int8KvCache(Index heads, Index key_dim, Index value_dim, Index capacity, Index batch = 1)
      : keys_{key_dim, {}, {}}, values_{value_dim, {}, {}}, batch_(batch), heads_(heads), capacity_(capacity) {
    check(batch > 0 && heads > 0 && key_dim > 0 && value_dim > 0 && capacity >= 0, "Int8KvCache: ", batch,
          " sequences of ", heads, " heads of ", key_dim, " and ", value_dim, " numbers with room for ", capacity,
          " tokens; all must be positive, the room may be 0.");
    for (Part* const part : {&keys_, &values_}) {
      part->scales.resize(static_cast<std::size_t>(batch * capacity * heads));
      part->bytes.resize(part->scales.size() * static_cast<std::size_t>(part->dim));
    }
  }
  Int8KvCache(Int8KvCache&&) noexcept = default;
  Int8KvCache& operator=(Int8KvCache&&) noexcept = default;

  /// A cache with the same tokens, such as for a beam of a search.
  [[nodiscard]] Int8KvCache copy() const { return *this; }

  [[nodiscard]] Index batch() const { return batch_; }
  [[nodiscard]] Index heads() const { return heads_; }
  [[nodiscard]] Index key_dim() const { return keys_.dim; }
  [[nodiscard]] Index value_dim() const { return values_.dim; }
  [[nodiscard]] Index capacity() const { return capacity_; }
  [[nodiscard]] Index length() const { return length_; }
  [[nodiscard]] Index seen() const { return length_; }
  [[nodiscard]] std::size_t bytes() const {
    return keys_.bytes.size() + values_.bytes.size() + (keys_.scales.size() + values_.scales.size()) * sizeof(float);
  }

  /// The next n tokens of every sequence: keys (b·n, heads·d), values (b·n, heads·e).
  void append(Matrix<Number> const& keys, Matrix<Number> const& values) {
    check(keys.rows() == values.rows() && batch_ > 0 && keys.rows() % batch_ == 0, "Int8KvCache: ", keys.rows(),
          " keys and ", values.rows(), " values for ", batch_,
          " sequences; there must be as many of both, and as many a sequence.");
    check(keys.cols() == heads_ * key_dim() && values.cols() == heads_ * value_dim(), "Int8KvCache: keys have ",
          keys.cols(), " numbers and values ", values.cols(), "; they must have ", heads_ * key_dim(), " and ",
          heads_ * value_dim(), ".");
    Index const n = keys.rows() / batch_;
    check(n <= capacity_ - length_, "Int8KvCache: ", n, " more tokens were appended to ", length_,
          ", but there is room for ", capacity_, " only.");
    round(keys, keys_, n);
    round(values, values_, n);
    length_ += n;
  }

  /// Forgets all tokens from `length` on.
  ///
  /// Throws   when there are fewer
  void truncate(Index length) {
    check(length >= 0 && length <= length_, "Int8KvCache: truncate to ", length, " tokens, but there are ", length_,
          ".");
    length_ = length;
  }

  /// (b, heads, length, d), to be multiplied by the scales
  [[nodiscard]] Heads<std::int8_t const> keys() const { return tokens(keys_.bytes, keys_.dim); }
  /// (b, heads, length, e)
  [[nodiscard]] Heads<std::int8_t const> values() const { return tokens(values_.bytes, values_.dim); }
  [[nodiscard]] TokenScales<Number> scales() const { return {tokens(keys_.scales, 1), tokens(values_.scales, 1)}; }

 private:
  Int8KvCache(Int8KvCache const&) = default;
  Int8KvCache& operator=(Int8KvCache const&) = default;

  struct Part {
    Index dim = 0;
    std::vector<std::int8_t> bytes;  // (batch, capacity, heads, dim)
    std::vector<float> scales;       // (batch, capacity, heads)
  };

  void round(Matrix<Number> const& rows, Part& part, Index n) const {
    for (Index b = 0; b < batch_; ++b)
      for (Index i = 0; i < n; ++i)
        for (Index h = 0; h < heads_; ++h) {
          Number const* const from = rows.data() + (b * n + i) * rows.cols() + h * part.dim;
          Index const place = (b * capacity_ + length_ + i) * heads_ + h;
          Number largest = 0;
          bool is_finite = true;
          for (Index f = 0; f < part.dim; ++f) {
            largest = std::max(largest, std::abs(from[f]));
            is_finite = is_finite && std::isfinite(from[f]);
          }
          float const scale = is_finite ? static_cast<float>(largest / 127) : std::numeric_limits<float>::quiet_NaN();
          part.scales[static_cast<std::size_t>(place)] = scale;
          std::int8_t* const to = part.bytes.data() + place * part.dim;
          for (Index f = 0; f < part.dim; ++f)
            to[f] = scale > 0 ? static_cast<std::int8_t>(
                                    std::clamp(std::lround(static_cast<float>(from[f]) / scale), -127L, 127L))
                              : std::int8_t{0};
        }
  }
  template <class Item>
  [[nodiscard]] Heads<Item const> tokens(std::vector<Item> const& items, Index dim) const {
    Index const width = heads_ * dim;
    return {items.data(), {batch_, heads_, length_, dim}, {capacity_ * width, dim, width, 1}};
  }

  Part keys_, values_;
  Index batch_ = 0, heads_ = 0, capacity_ = 0, length_ = 0;
};

}  // namespace attend
