#pragma once

#include <attend/core/check.hpp>
#include <attend/core/heads.hpp>
#include <attend/core/types.hpp>

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace attend {

/// Keys and values of the first tokens, the sinks, and of the last ones, the window, in the order in which they came:
/// decoding without an end in memory that does not grow. Without its first tokens a model that was trained on whole
/// texts loses its footing, because heads that have nothing to look for look there.
///
/// Until something is forgotten it is a KvCache, to the bit. Token i then sees the sinks and the `window` tokens up to
/// itself, however the text is cut into calls. Positions of a call are places in the cache: masks and ALiBi count the
/// distance to a sink as if nothing lay between. Rotary positions are those of the text.
///
/// Shapes   (batch, heads, length, d) and (batch, heads, length, e), length at most sinks + window
/// Cost     batch·(2·sinks + 2·window)·heads·(d + e) numbers; a step copies the sinks in front of the window, and once
/// a
///          window all of it
/// Source   Xiao 2023, section 3.2 (arXiv 2309.17453)
template <class Storage>
class RollingKvCache {
 public:
  /// Earlier tokens are forgotten as later ones come: MultiHead appends one at a time.
  static constexpr bool forgets = true;

  RollingKvCache() = default;
  RollingKvCache(Index heads, Index key_dim, Index value_dim, Index window, Index sinks = 4, Index batch = 1)
      : batch_(batch),
        heads_(heads),
        key_dim_(key_dim),
        value_dim_(value_dim),
        window_(window),
        sinks_(sinks),
        begin_(sinks) {
    check(batch > 0 && heads > 0 && key_dim > 0 && value_dim > 0 && window > 0 && sinks >= 0, "RollingKvCache: ", batch,
          " sequences of ", heads, " heads of ", key_dim, " and ", value_dim, " numbers, a window of ", window,
          " tokens and ", sinks, " sinks; all must be positive, the sinks may be 0.");
    auto const room = static_cast<std::size_t>(batch * rows() * heads);
    keys_.resize(room * static_cast<std::size_t>(key_dim));
    values_.resize(room * static_cast<std::size_t>(value_dim));
  }
  RollingKvCache(RollingKvCache&&) noexcept = default;
  RollingKvCache& operator=(RollingKvCache&&) noexcept = default;

  /// A cache with the same tokens.
  [[nodiscard]] RollingKvCache copy() const { return *this; }

  [[nodiscard]] Index batch() const { return batch_; }
  [[nodiscard]] Index heads() const { return heads_; }
  [[nodiscard]] Index key_dim() const { return key_dim_; }
  [[nodiscard]] Index value_dim() const { return value_dim_; }
  [[nodiscard]] Index window() const { return window_; }
  [[nodiscard]] Index sinks() const { return sinks_; }
  /// Tokens that can be looked at.
  [[nodiscard]] Index length() const { return std::min(seen_, sinks_ + window_); }
  /// Tokens that were appended.
  [[nodiscard]] Index seen() const { return seen_; }
  [[nodiscard]] std::size_t bytes() const { return (keys_.size() + values_.size()) * sizeof(Storage); }

  /// Token i of the rows of every sequence: keys (b·n, heads·d), values (b·n, heads·e).
  template <class Number>
  void append(Matrix<Number> const& keys, Matrix<Number> const& values, Index i) {
    check(keys.rows() == values.rows() && batch_ > 0 && keys.rows() % batch_ == 0 && i >= 0 && i < keys.rows() / batch_,
          "RollingKvCache: ", keys.rows(), " keys and ", values.rows(), " values for ", batch_, " sequences, of which ",
          i, " is appended; there must be as many of both, and as many a sequence.");
    check(keys.cols() == heads_ * key_dim_ && values.cols() == heads_ * value_dim_, "RollingKvCache: keys have ",
          keys.cols(), " numbers and values ", values.cols(), "; they must have ", heads_ * key_dim_, " and ",
          heads_ * value_dim_, ".");
    bool const full = seen_ >= sinks_ + window_;
    // Rows: the sinks to keep, then a stretch along which [sinks][window] moves by a row a token.
    if (full && begin_ + sinks_ + window_ == rows()) {
      move_rows(keys_, key_dim_, begin_ + sinks_ + 1, 2 * sinks_, window_ - 1);
      move_rows(values_, value_dim_, begin_ + sinks_ + 1, 2 * sinks_, window_ - 1);
      begin_ = sinks_;
    } else if (full) {
      ++begin_;
    }
    Index const place = begin_ + std::min(seen_, sinks_ + window_ - 1);
    put(keys, keys_, i, place);
    put(values, values_, i, place);
    if (seen_ < sinks_) {
      put(keys, keys_, i, seen_);
      put(values, values_, i, seen_);
    }
    if (full) {
      move_rows(keys_, key_dim_, 0, begin_, sinks_);
      move_rows(values_, value_dim_, 0, begin_, sinks_);
    }
    ++seen_;
  }
  /// The same from anything of Eigen's; what is not row-major is copied.
  template <class Keys, class Values>
  void append(Eigen::DenseBase<Keys> const& keys, Eigen::DenseBase<Values> const& values, Index i) {
    append(Matrix<typename Keys::Scalar>(keys.derived()), Matrix<typename Values::Scalar>(values.derived()), i);
  }

  /// Forgets all tokens from `length` on.
  ///
  /// Throws   when there are fewer, or some before them were forgotten already
  void truncate(Index length) {
    check(length >= 0 && length <= seen_, "RollingKvCache: truncate to ", length, " tokens, but ", seen_,
          " were appended.");
    check(length == seen_ || length == 0 || seen_ <= sinks_ + window_, "RollingKvCache: truncate to ", length,
          " tokens, but of ", seen_, " only the first ", sinks_, " and the last ", window_, " are kept.");
    if (length == 0) begin_ = sinks_;
    seen_ = length;
  }

  /// (b, heads, length, d)
  [[nodiscard]] Heads<Storage const> keys() const { return all(keys_, key_dim_); }
  /// (b, heads, length, e)
  [[nodiscard]] Heads<Storage const> values() const { return all(values_, value_dim_); }

 private:
  RollingKvCache(RollingKvCache const&) = default;
  RollingKvCache& operator=(RollingKvCache const&) = default;

  [[nodiscard]] Index rows() const { return 2 * sinks_ + 2 * window_; }
  [[nodiscard]] Heads<Storage const> all(std::vector<Storage> const& numbers, Index dim) const {
    Index const width = heads_ * dim;
    return {numbers.data() + begin_ * width, {batch_, heads_, length(), dim}, {rows() * width, dim, width, 1}};
  }
  template <class Number>
  void put(Matrix<Number> const& from, std::vector<Storage>& to, Index i, Index place) const {
    Index const width = from.cols(), n = from.rows() / batch_;
    for (Index b = 0; b < batch_; ++b)
      std::transform(from.data() + (b * n + i) * width, from.data() + (b * n + i + 1) * width,
                     to.data() + (b * rows() + place) * width, [](Number const& x) { return static_cast<Storage>(x); });
  }
  void move_rows(std::vector<Storage>& numbers, Index dim, Index from, Index to, Index count) const {
    Index const width = heads_ * dim;
    for (Index b = 0; b < batch_; ++b) {
      Storage* const first = numbers.data() + b * rows() * width;
      std::copy_n(first + from * width, count * width, first + to * width);
    }
  }

  std::vector<Storage> keys_;    // (batch, rows, heads, d)
  std::vector<Storage> values_;  // (batch, rows, heads, e)
  Index batch_ = 0, heads_ = 0, key_dim_ = 0, value_dim_ = 0, window_ = 0, sinks_ = 0;
  Index begin_ = 0, seen_ = 0;
};

}  // namespace attend
