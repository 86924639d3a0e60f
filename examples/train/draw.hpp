#pragma once

#include <attend/core/random.hpp>
#include <attend/core/types.hpp>

#include <cstdint>

namespace train {

/// Random numbers in the order they are asked for.
class Draw {
 public:
  explicit Draw(std::uint64_t seed, attend::Index stream) : stream_(attend::random_stream(seed, stream, 0, 0)) {}
  /// Between 0 and 1.
  [[nodiscard]] double uniform() { return attend::uniform(stream_, next_++); }
  /// In [0, count).
  [[nodiscard]] attend::Index below(attend::Index count) {
    return static_cast<attend::Index>(uniform() * static_cast<double>(count));
  }

 private:
  attend::RandomStream stream_;
  attend::Index next_ = 0;
};

}  // namespace train
