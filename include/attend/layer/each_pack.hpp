#pragma once

#include <attend/core/config.hpp>
#include <attend/core/types.hpp>
#include <attend/simd/pack.hpp>

#include <cstring>

ATTEND_QUIET_BEGIN

/// How layers go through a line of numbers with packs.

namespace attend {
inline namespace ATTEND_UNIT_NAME {
namespace layer_detail {

/// Any Eigen expression as lines of contiguous numbers: what has such lines is read in place, the rest is evaluated.
template <class Scalar>
using Rows = Eigen::Ref<Matrix<Scalar> const, 0, Eigen::OuterStride<>>;

/// A whole pack.
struct WholePack {
  template <class Pack>
  [[nodiscard]] ATTEND_INLINE Pack load(typename Pack::number const* from) const {
    return Pack::load(from);
  }
  template <class Pack>
  ATTEND_INLINE void store(Pack const& x, typename Pack::number* to) const {
    x.store(to);
  }
  /// x where there are numbers, 0 past the end of the line: before a sum.
  template <class Pack>
  [[nodiscard]] ATTEND_INLINE Pack kept(Pack const& x) const {
    return x;
  }
};

/// The first `count` lanes: the end of a line, in the same arithmetic as the rest. Zeros are read past the end.
struct PartOfPack {
  Index count;

  template <class Pack>
  [[nodiscard]] ATTEND_INLINE Pack load(typename Pack::number const* from) const {
    typename Pack::number lane[Pack::size] = {};
    std::memcpy(lane, from, bytes<Pack>());
    return Pack::load(lane);
  }
  template <class Pack>
  ATTEND_INLINE void store(Pack const& x, typename Pack::number* to) const {
    typename Pack::number lane[Pack::size];
    x.store(lane);
    std::memcpy(to, lane, bytes<Pack>());
  }
  template <class Pack>
  [[nodiscard]] ATTEND_INLINE Pack kept(Pack const& x) const {
    using Number = typename Pack::number;
    return select(Pack::consecutive(Number(0)) < static_cast<Number>(count), x, Pack(Number(0)));
  }

 private:
  template <class Pack>
  [[nodiscard]] ATTEND_INLINE std::size_t bytes() const {
    return static_cast<std::size_t>(count) * sizeof(typename Pack::number);
  }
};

/// step(part, j) for the packs of a line, which begin at j.
template <int lanes, class Step>
ATTEND_INLINE void each_pack(Index columns, Step const& step) {
  Index j = 0;
  for (; j + lanes <= columns; j += lanes) step(WholePack{}, j);
  if (j < columns) step(PartOfPack{columns - j}, j);
}

/// step(part, j, chain): sums go into four chains in turn, because an addition takes four cycles and two can begin in
/// each.
inline constexpr int chains = 4;
template <int lanes, class Step>
ATTEND_INLINE void each_pack_in_chains(Index columns, Step const& step) {
  Index j = 0;
  for (; j + chains * lanes <= columns; j += chains * lanes) {
    ATTEND_UNROLL
    for (int chain = 0; chain < chains; ++chain) step(WholePack{}, j + chain * lanes, chain);
  }
  for (; j + lanes <= columns; j += lanes) step(WholePack{}, j, 0);
  if (j < columns) step(PartOfPack{columns - j}, j, 0);
}

/// The sum of all lanes of all chains.
template <class Pack>
[[nodiscard]] ATTEND_INLINE typename Pack::number sum_of_chains(Pack const (&sum)[chains]) {
  return sum_of(Pack((sum[0] + sum[1]) + (sum[2] + sum[3])));
}

}  // namespace layer_detail
}  // namespace ATTEND_UNIT_NAME
}  // namespace attend

ATTEND_QUIET_END
