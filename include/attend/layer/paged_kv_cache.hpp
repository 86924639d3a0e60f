#pragma once

#include <attend/core/check.hpp>
#include <attend/core/heads.hpp>
#include <attend/core/types.hpp>
#include <attend/layer/cache_scratch.hpp>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace attend {

/// Keys and values in pages of some tokens: memory is taken as tokens come, and copies share the pages that they have
/// in common until one of them writes. Beams of a search and questions about one text cost what they differ in.
///
/// To be looked at, pages are laid out one after another, which costs a copy of the tokens.
///
/// Shapes   (batch, heads, length, d) and (batch, heads, length, e), of any length
/// Cost     batch·⌈length / page⌉·page·heads·(d + e) numbers, less what is shared, and the scratch: one layer's tokens
/// Source   Kwon 2023, section 4 (arXiv 2309.06180)
template <class Storage>
class PagedKvCache {
 public:
  using Scratch = CacheScratch<Storage>;

  PagedKvCache() = default;
  /// `page` tokens a page. Caches of the layers of a model may share one scratch.
  PagedKvCache(Index heads, Index key_dim, Index value_dim, Index page = 64, Index batch = 1,
               std::shared_ptr<Scratch> scratch = std::make_shared<Scratch>())
      : scratch_(std::move(scratch)),
        batch_(batch),
        heads_(heads),
        key_dim_(key_dim),
        value_dim_(value_dim),
        page_(page) {
    check(batch > 0 && heads > 0 && key_dim > 0 && value_dim > 0 && page > 0, "PagedKvCache: ", batch, " sequences of ",
          heads, " heads of ", key_dim, " and ", value_dim, " numbers in pages of ", page,
          " tokens; all must be positive.");
    check(scratch_ != nullptr, "PagedKvCache: the scratch is null; hand in one, or none.");
  }
  PagedKvCache(PagedKvCache&&) noexcept = default;
  PagedKvCache& operator=(PagedKvCache&&) noexcept = default;

  /// A cache with the same tokens, whose pages are shared until one of the two writes to them.
  [[nodiscard]] PagedKvCache copy() const { return *this; }

  [[nodiscard]] Index batch() const { return batch_; }
  [[nodiscard]] Index heads() const { return heads_; }
  [[nodiscard]] Index key_dim() const { return key_dim_; }
  [[nodiscard]] Index value_dim() const { return value_dim_; }
  [[nodiscard]] Index page() const { return page_; }
  [[nodiscard]] Index length() const { return length_; }
  [[nodiscard]] Index seen() const { return length_; }
  /// Of the pages, a shared one in equal parts for those that share it; without the scratch.
  [[nodiscard]] std::size_t bytes() const {
    std::size_t sum = 0;
    for (auto const& page : pages_) sum += page->size() * sizeof(Storage) / static_cast<std::size_t>(page.use_count());
    return sum;
  }

  /// The next n tokens of every sequence: keys (b·n, heads·d), values (b·n, heads·e).
  template <class Number>
  void append(Matrix<Number> const& keys, Matrix<Number> const& values) {
    check(keys.rows() == values.rows() && batch_ > 0 && keys.rows() % batch_ == 0, "PagedKvCache: ", keys.rows(),
          " keys and ", values.rows(), " values for ", batch_,
          " sequences; there must be as many of both, and as many a sequence.");
    check(keys.cols() == heads_ * key_dim_ && values.cols() == heads_ * value_dim_, "PagedKvCache: keys have ",
          keys.cols(), " numbers and values ", values.cols(), "; they must have ", heads_ * key_dim_, " and ",
          heads_ * value_dim_, ".");
    Index const n = keys.rows() / batch_;
    for (Index i = 0; i < n; ++i) {
      Storage* const token = writable_page((length_ + i) / page_);
      for (Index b = 0; b < batch_; ++b) {
        Index const place = b * page_ + (length_ + i) % page_;
        put(keys, b * n + i, token + place * keys.cols());
        put(values, b * n + i, token + batch_ * page_ * keys.cols() + place * values.cols());
      }
    }
    length_ += n;
  }
  /// The same from anything of Eigen's; what is not row-major is copied.
  template <class Keys, class Values>
  void append(Eigen::DenseBase<Keys> const& keys, Eigen::DenseBase<Values> const& values) {
    append(Matrix<typename Keys::Scalar>(keys.derived()), Matrix<typename Values::Scalar>(values.derived()));
  }

  /// Forgets all tokens from `length` on, and gives their pages back.
  ///
  /// Throws   when there are fewer
  void truncate(Index length) {
    check(length >= 0 && length <= length_, "PagedKvCache: truncate to ", length, " tokens, but there are ", length_,
          ".");
    length_ = length;
    pages_.resize(static_cast<std::size_t>((length + page_ - 1) / page_));
  }

  /// (b, heads, length, d), in the scratch: until the next cache that shares it is looked at.
  [[nodiscard]] Heads<Storage const> keys() const { return laid_out(scratch_->keys, key_dim_, 0); }
  /// (b, heads, length, e)
  [[nodiscard]] Heads<Storage const> values() const {
    return laid_out(scratch_->values, value_dim_, batch_ * page_ * heads_ * key_dim_);
  }

 private:
  using Page = std::vector<Storage>;  // keys (batch, page, heads, d), then values (batch, page, heads, e)

  PagedKvCache(PagedKvCache const&) = default;
  PagedKvCache& operator=(PagedKvCache const&) = default;

  /// A page of this cache alone: made, or copied where others have it too.
  [[nodiscard]] Storage* writable_page(Index number) {
    auto const place = static_cast<std::size_t>(number);
    if (place == pages_.size())
      pages_.push_back(
          std::make_shared<Page>(static_cast<std::size_t>(batch_ * page_ * heads_ * (key_dim_ + value_dim_))));
    else if (pages_[place].use_count() > 1)
      pages_[place] = std::make_shared<Page>(*pages_[place]);
    return pages_[place]->data();
  }
  template <class Number>
  static void put(Matrix<Number> const& from, Index row, Storage* to) {
    std::transform(from.data() + row * from.cols(), from.data() + (row + 1) * from.cols(), to,
                   [](Number const& x) { return static_cast<Storage>(x); });
  }
  [[nodiscard]] Heads<Storage const> laid_out(std::vector<Storage>& room, Index dim, Index offset) const {
    Heads<Storage> const all = detail::in_scratch(room, {batch_, heads_, length_, dim});
    Index const width = heads_ * dim;
    for (Index first = 0; first < length_; first += page_)
      for (Index b = 0; b < batch_; ++b)
        std::copy_n(pages_[static_cast<std::size_t>(first / page_)]->data() + offset + b * page_ * width,
                    std::min(page_, length_ - first) * width, all.data() + (b * length_ + first) * width);
    return all;
  }

  std::vector<std::shared_ptr<Page>> pages_;
  std::shared_ptr<Scratch> scratch_;
  Index batch_ = 0, heads_ = 0, key_dim_ = 0, value_dim_ = 0, page_ = 1, length_ = 0;
};

}  // namespace attend
