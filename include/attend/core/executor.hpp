#pragma once

#include <attend/core/types.hpp>

namespace attend {

/// Runs the tasks one after another on the calling thread: the default.
struct Serial {
  template <class Function>
  void for_each(Index count, Function&& f) const {
    for (Index task = 0; task < count; ++task) f(task);
  }
  [[nodiscard]] Index concurrency() const { return 1; }
};

}  // namespace attend
