#pragma once

#include <attend/core/call_shape.hpp>
#include <attend/core/check.hpp>
#include <attend/normalize/family.hpp>
#include <attend/simd/random.hpp>

#include <cstdint>
#include <limits>
#include <type_traits>

namespace attend {

/// w_j = 1 for one key, drawn with the probability softmax(s/τ)_j, 0 for all others: hard attention by chance.
///
/// The key with the largest s_j/τ + g_j, where the g_j are independent Gumbel numbers, is such a draw. g is a function
/// of the seed and of batch, head and the positions of query and key, so a call draws the same keys whatever the number
/// of threads, the cut into calls, or prefill and decode; another seed is another draw.
///
/// Throws   at the call, when the temperature is not positive and finite
/// Edge     a row that sees nothing draws none and gets zeros
/// Cost     about 60 operations a pair; only the values drawn are read
/// Source   Maddison 2014, section 2 (arXiv 1411.0030); hard attention: Xu 2015, section 4.1 (arXiv 1502.03044)
struct GumbelMax {
  using kind = NormalizerKind;
  static constexpr Family family = Family::pick;

  std::uint64_t seed = 0;
  double temperature = 1;

  void check_sizes(CallShape const&) const {
    check(temperature > 0 && temperature <= std::numeric_limits<double>::max(), "GumbelMax: the temperature is ",
          temperature, "; it must be positive and finite.");
  }
  template <class Number, class Place>
  [[nodiscard]] ATTEND_INLINE Number perturb(Number const& score, Place const& p) const {
    RandomStream const row = random_stream(seed, p.batch, p.head, p.query);
    if constexpr (std::is_floating_point_v<Number>)
      return score / static_cast<Number>(temperature) + static_cast<Number>(gumbel(row, p.key));
    else
      return score / temperature + gumbel(row, p.key);
  }
};

}  // namespace attend
