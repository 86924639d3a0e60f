#pragma once

#include <attend/core/check.hpp>
#include <attend/core/random.hpp>

#include <cstdint>

namespace attend {

/// Which random picks: a number for each (seed, step, batch, head, row, sample), and for nothing else. The caller owns
/// it; another step is another, independent draw, and the same draw comes out for any number of threads.
struct Draw {
  std::uint64_t seed = 0;
  Index step = 0;     ///< of training, or of an episode
  Index samples = 1;  ///< M, picks of each row
  Index batch = 0;    ///< where a call is for one head of many: which it is
  Index head = 0;

  void check_sizes() const {
    check(samples >= 1, "Draw: ", samples, " samples were asked for; there must be at least 1.");
  }

  /// A number between 0 and 1, both excluded: an odd multiple of 2⁻⁵³, so that a key with a probability of 10⁻¹⁵ is
  /// still drawn as often as it should be.
  [[nodiscard]] double uniform(Index row, Index sample) const {
    RandomStream const of_step = random_stream(seed, step, 0, 0);
    std::uint64_t const mixed = (std::uint64_t{of_step.high} << 32) | of_step.low;
    RandomStream const of_row = random_stream(mixed, batch, head, row);
    std::uint64_t const high = random_bits(of_row, 2 * sample), low = random_bits(of_row, 2 * sample + 1);
    return static_cast<double>((((high << 32) | low) >> 12 << 1) | 1u) * 0x1p-53;
  }
};

}  // namespace attend
