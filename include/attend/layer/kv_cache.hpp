#pragma once

#include <attend/core/check.hpp>
#include <attend/core/heads.hpp>
#include <attend/core/types.hpp>

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace attend {

namespace detail {

/// Calls use(scales) for a cache that keeps numbers with scales, use() for others.
template <class Cache, class Use>
void with_scales_of(Cache const& cache, Use const& use) {
  if constexpr (requires { cache.scales(); })
    use(cache.scales());
  else
    use();
}

/// Refuses `rows` more tokens, those of all sequences together, before the first of a stack's caches has taken them.
template <class Cache>
void check_caches(std::vector<Cache> const& caches, Index rows, char const* layer) {
  for (Cache const& cache : caches) {
    Cache const& first = caches.front();
    check(cache.batch() == first.batch() && cache.seen() == first.seen(), layer, ": one cache has seen ", first.seen(),
          " tokens of ", first.batch(), " sequences, another ", cache.seen(), " of ", cache.batch(),
          "; all must have seen the same.");
    if constexpr (requires { cache.capacity(); } && !requires { Cache::forgets; }) {
      Index const n = cache.batch() == 0 ? 0 : rows / cache.batch();
      check(n <= cache.capacity() - cache.length(), layer, ": ", n, " more tokens were handed to a cache of ",
            cache.length(), ", which has room for ", cache.capacity(), " only.");
    }
  }
}

}  // namespace detail

/// Keys and values of the tokens that were seen so far, for decoding: each is projected once.
///
/// What MultiHead::decode takes is any class with the members of this one: RollingKvCache keeps the first tokens and
/// the last ones, PagedKvCache takes memory as tokens come and shares it between copies, Int8KvCache keeps bytes.
///
/// Storage is what one number is kept as: float, double, or Eigen::half and Eigen::bfloat16, which take half the memory
/// of float and are read at twice the tokens a second; numbers are rounded to it once, when they are appended.
///
/// Shapes   (batch, heads, length, d) and (batch, heads, length, e); room for `capacity` tokens a sequence
/// Throws   when more is appended than there is room for; then nothing has changed
/// Cost     batch·capacity·heads·(d + e) numbers, taken when it is made. Copied only by `copy()`
template <class Storage>
class KvCache {
 public:
  KvCache() = default;
  KvCache(Index heads, Index key_dim, Index value_dim, Index capacity, Index batch = 1)
      : batch_(batch), heads_(heads), key_dim_(key_dim), value_dim_(value_dim), capacity_(capacity) {
    check(batch > 0 && heads > 0 && key_dim > 0 && value_dim > 0 && capacity >= 0, "KvCache: ", batch, " sequences of ",
          heads, " heads of ", key_dim, " and ", value_dim, " numbers with room for ", capacity,
          " tokens; all must be positive, the room may be 0.");
    keys_.resize(static_cast<std::size_t>(batch * capacity * heads * key_dim));
    values_.resize(static_cast<std::size_t>(batch * capacity * heads * value_dim));
  }
  KvCache(KvCache&&) noexcept = default;
  KvCache& operator=(KvCache&&) noexcept = default;

  /// A cache with the same tokens, such as for a beam of a search.
  [[nodiscard]] KvCache copy() const { return *this; }

  [[nodiscard]] Index batch() const { return batch_; }
  [[nodiscard]] Index heads() const { return heads_; }
  [[nodiscard]] Index key_dim() const { return key_dim_; }
  [[nodiscard]] Index value_dim() const { return value_dim_; }
  [[nodiscard]] Index capacity() const { return capacity_; }
  /// Tokens that each sequence has.
  [[nodiscard]] Index length() const { return length_; }
  /// The position of the next token: as many have been appended.
  [[nodiscard]] Index seen() const { return length_; }
  [[nodiscard]] std::size_t bytes() const { return (keys_.size() + values_.size()) * sizeof(Storage); }

  /// The next n tokens of every sequence: keys (b·n, heads·d), values (b·n, heads·e).
  template <class Number>
  void append(Matrix<Number> const& keys, Matrix<Number> const& values) {
    check(keys.rows() == values.rows() && batch_ > 0 && keys.rows() % batch_ == 0, "KvCache: ", keys.rows(),
          " keys and ", values.rows(), " values for ", batch_,
          " sequences; there must be as many of both, and as many a ", "sequence.");
    check(keys.cols() == heads_ * key_dim_ && values.cols() == heads_ * value_dim_, "KvCache: keys have ", keys.cols(),
          " numbers and values ", values.cols(), "; they must have ", heads_ * key_dim_, " and ", heads_ * value_dim_,
          ".");
    Index const n = keys.rows() / batch_;
    check(n <= capacity_ - length_, "KvCache: ", n, " more tokens were appended to ", length_,
          ", but there is room for ", capacity_, " only.");
    copy_rows(keys, keys_, n);
    copy_rows(values, values_, n);
    length_ += n;
  }
  /// The same from anything of Eigen's; what is not row-major is copied.
  template <class Keys, class Values>
  void append(Eigen::DenseBase<Keys> const& keys, Eigen::DenseBase<Values> const& values) {
    append(Matrix<typename Keys::Scalar>(keys.derived()), Matrix<typename Values::Scalar>(values.derived()));
  }

  /// Forgets all tokens from `length` on: what a draft guessed wrong, or the next question over the same text.
  ///
  /// Throws   when there are fewer
  void truncate(Index length) {
    check(length >= 0 && length <= length_, "KvCache: truncate to ", length, " tokens, but there are ", length_, ".");
    length_ = length;
  }

  /// (b, heads, length, d), to be handed to attention.
  [[nodiscard]] Heads<Storage const> keys() const { return all(keys_, key_dim_); }
  /// (b, heads, length, e)
  [[nodiscard]] Heads<Storage const> values() const { return all(values_, value_dim_); }

 private:
  KvCache(KvCache const&) = default;
  KvCache& operator=(KvCache const&) = default;

  // A token's heads lie side by side, so that a step writes, and decoding reads, whole stretches of memory.
  [[nodiscard]] Heads<Storage const> all(std::vector<Storage> const& numbers, Index dim) const {
    return {numbers.data(), {batch_, heads_, length_, dim}, {capacity_ * heads_ * dim, dim, heads_ * dim, 1}};
  }
  template <class Number>
  void copy_rows(Matrix<Number> const& rows, std::vector<Storage>& numbers, Index n) {
    Index const width = rows.cols();
    for (Index b = 0; b < batch_; ++b) {
      Number const* const from = rows.data() + b * n * width;
      std::transform(from, from + n * width, numbers.data() + (b * capacity_ + length_) * width,
                     [](Number const& x) { return static_cast<Storage>(x); });
    }
  }

  std::vector<Storage> keys_;    // (batch, capacity, heads, d)
  std::vector<Storage> values_;  // (batch, capacity, heads, e)
  Index batch_ = 0, heads_ = 0, key_dim_ = 0, value_dim_ = 0, capacity_ = 0, length_ = 0;
};

}  // namespace attend
