#pragma once

#include "kinds.hpp"

#include <algorithm>
#include <chrono>
#include <vector>

namespace look {

/// Tokens a second of one kind of attention over the whole text: the median of at least three runs, or of as many as
/// fit in a thirtieth of a second; runs longer than a second are not repeated.
[[nodiscard]] inline double tokens_per_second(Kind const& kind, Vectors const& x, at::ThreadPool& pool) {
  using Clock = std::chrono::steady_clock;
  std::vector<double> seconds;
  auto const started = Clock::now();
  auto const elapsed = [](Clock::time_point since) {
    return std::chrono::duration<double>(Clock::now() - since).count();
  };
  do {
    auto const begin = Clock::now();
    Vectors const out = kind.output(x, pool);
    seconds.push_back(elapsed(begin));
  } while (elapsed(started) < 1 && (seconds.size() < 3 || elapsed(started) < 0.03));
  std::nth_element(seconds.begin(), seconds.begin() + static_cast<std::ptrdiff_t>(seconds.size() / 2), seconds.end());
  return static_cast<double>(x.rows()) / seconds[seconds.size() / 2];
}

}  // namespace look
