#pragma once

#include <attend/core/config.hpp>
#include <attend/core/types.hpp>
#include <attend/simd/dispatch.hpp>
#include <attend/simd/math.hpp>
#include <attend/simd/pack.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

/// One row of a large call, weighed with vectors: what Categorical is for small ones.

ATTEND_QUIET_BEGIN

namespace attend {
inline namespace ATTEND_UNIT_NAME {
namespace hard_detail {

/// Keys are summed up by chunks, so that a pick looks into one chunk and not at all keys.
inline constexpr Index chunk_keys = 64;

/// exp(d/τ) of a row of score differences, and what each chunk comes to.
template <class Number>
struct WeighRow {
  Number const* differences;  // (m), as ScoreDifferences gives them
  Index keys;
  Number per_temperature;
  Number* exponentials;    // (m)
  Number* chunk_sums;      // Σ exp(d/τ)
  Number* chunk_largests;  // the largest d; −∞ where nothing is seen
  Number* weighted_sum;    // Σ exp(d/τ) d/τ

  template <class Set>
  ATTEND_INLINE void run() const {
    constexpr int lanes = Set::vector_bytes / static_cast<int>(sizeof(Number));
    using Pack = pack<Number, lanes>;
    Pack weighted(Number(0));
    Index const whole = keys / chunk_keys, rest = keys % chunk_keys;
    for (Index chunk = 0; chunk < whole; ++chunk)
      weigh(chunk, differences + chunk * chunk_keys, exponentials + chunk * chunk_keys, weighted);
    if (rest > 0) {
      Number d[chunk_keys] = {}, e[chunk_keys];  // past the end: not seen
      std::copy_n(differences + whole * chunk_keys, rest, d);
      weigh(whole, d, e, weighted);
      std::copy_n(e, rest, exponentials + whole * chunk_keys);
    }
    *weighted_sum = sum_of(weighted);
  }

 private:
  template <int lanes>
  ATTEND_INLINE void weigh(Index chunk, Number const* from, Number* to, pack<Number, lanes>& weighted) const {
    using Pack = pack<Number, lanes>;
    static_assert(chunk_keys % lanes == 0);
    Number const minus_infinity = -std::numeric_limits<Number>::infinity();
    Pack sum(Number(0)), largest(minus_infinity);
    for (int j = 0; j < chunk_keys; j += lanes) {
      // One comparison: GCC 12 joins two of the same vector lane by lane.
      Pack const loaded = Pack::load(from + j), d = select(loaded == Pack(Number(0)), Pack(minus_infinity), loaded);
      Pack const z = larger(Pack(Number(-1000)), d * Pack(per_temperature));  // exp(−1000) = 0, and 0 · z too
      Pack const e = exp_nonpositive(z);
      e.store(to + j);
      sum = sum + e;
      weighted = weighted + e * z;
      largest = larger(d, largest);
    }
    chunk_sums[chunk] = sum_of(sum);
    chunk_largests[chunk] = minus_infinity;
    for (int lane = 0; lane < lanes; ++lane) chunk_largests[chunk] = std::max(chunk_largests[chunk], largest[lane]);
  }
};

/// p_j = exp(d_j/τ) / Σ exp(d/τ) of one row.
template <class Number>
class ScoredRow {
 public:
  /// `differences` and `exponentials` must live as long as the row.
  ScoredRow(Number const* differences, Index keys, Number temperature, Number* exponentials)
      : differences_(differences), exponentials_(exponentials), keys_(keys), per_temperature_(1 / temperature) {
    auto const chunks = static_cast<std::size_t>((keys + chunk_keys - 1) / chunk_keys);
    std::vector<Number> sums(chunks);
    largests_.resize(chunks);
    until_.resize(chunks);
    dispatch(active_isa(), WeighRow<Number>{differences, keys, per_temperature_, exponentials, sums.data(),
                                            largests_.data(), &weighted_sum_});
    for (std::size_t chunk = 0; chunk < chunks; ++chunk) until_[chunk] = sum_ += static_cast<double>(sums[chunk]);
  }

  /// NaN or +∞ was seen.
  [[nodiscard]] bool is_poisoned() const { return sum_ != sum_; }
  [[nodiscard]] bool sees_something() const { return sum_ != 0; }

  /// −Σ p log p = log Σ − Σ e z / Σ e
  [[nodiscard]] Number entropy() const {
    if (!sees_something()) return Number(0);
    return static_cast<Number>(std::log(sum_) - static_cast<double>(weighted_sum_) / sum_);
  }
  /// log Σ exp(s/τ) of scores whose largest is `largest`.
  [[nodiscard]] Number log_sum_exp(Number largest) const {
    return sees_something() ? static_cast<Number>(static_cast<double>(largest * per_temperature_) + std::log(sum_))
                            : -std::numeric_limits<Number>::infinity();
  }
  [[nodiscard]] Number log_probability(Index key) const {
    return static_cast<Number>(static_cast<double>(differences_[key] * per_temperature_) - std::log(sum_));
  }

  /// The first key with Σ_{i ≤ key} p_i > u.
  [[nodiscard]] Index key_at(double u) const {
    double const target = std::min(u * sum_, std::nextafter(sum_, 0.0));  // so that a chunk with weight is found
    auto const chunk = std::upper_bound(until_.begin(), until_.end(), target) - until_.begin();
    double sum = chunk > 0 ? until_[static_cast<std::size_t>(chunk - 1)] : 0;
    // A chunk was summed in another order: where rounding leads past its end, its last key with weight is taken.
    Index key = -1;
    for (Index j = chunk * chunk_keys; j < std::min(keys_, (chunk + 1) * chunk_keys) && !(sum > target); ++j) {
      if (exponentials_[j] > Number(0)) key = j;
      sum += static_cast<double>(exponentials_[j]);
    }
    return key;
  }

  /// The keys with the largest scores, in falling order, the first of equals first.
  [[nodiscard]] std::vector<Index> largest_keys(Index count) const {
    auto const comes_before = [this](Index a, Index b) {
      return differences_[a] > differences_[b] || (differences_[a] == differences_[b] && a < b);
    };
    std::vector<Index> best;  // a heap, whose front is the last of them
    auto const is_full = [&best, count] { return static_cast<Index>(best.size()) == count; };
    for (std::size_t chunk = 0; chunk < largests_.size(); ++chunk) {
      if (is_full() && !(largests_[chunk] > differences_[best.front()])) continue;
      Index const begin = static_cast<Index>(chunk) * chunk_keys, end = std::min(keys_, begin + chunk_keys);
      for (Index j = begin; j < end; ++j) {
        if (differences_[j] == Number(0) || (is_full() && !comes_before(j, best.front()))) continue;
        if (is_full()) {
          std::pop_heap(best.begin(), best.end(), comes_before);
          best.pop_back();
        }
        best.push_back(j);
        std::push_heap(best.begin(), best.end(), comes_before);
      }
    }
    std::sort_heap(best.begin(), best.end(), comes_before);
    return best;
  }

 private:
  Number const* differences_;
  Number const* exponentials_;
  Index keys_;
  Number per_temperature_;
  std::vector<Number> largests_;  // of each chunk
  std::vector<double> until_;     // Σ of all chunks up to this one
  double sum_ = 0;
  Number weighted_sum_ = 0;
};

}  // namespace hard_detail
}  // namespace ATTEND_UNIT_NAME
}  // namespace attend

ATTEND_QUIET_END
