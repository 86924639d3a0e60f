#pragma once

#include <attend/core/types.hpp>

#if !__has_include(<tbb/parallel_for.h>)
#error "attend: executor/tbb.hpp needs oneTBB (Debian: libtbb-dev); or use attend::ThreadPool, which needs nothing."
#endif

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>
#include <tbb/partitioner.h>
#include <tbb/task_arena.h>

namespace attend {

/// Runs the tasks on TBB's threads: of the arena of the calling thread, or of one that is named, `Tbb{arena}`, which
/// must outlive it.
///
/// Throws   the exception that a task threw, after all have ended
class Tbb {
 public:
  Tbb() = default;
  explicit Tbb(tbb::task_arena& arena) : arena_(&arena) {}

  template <class Function>
  void for_each(Index count, Function&& f) const {
    auto const run = [&] {
      tbb::parallel_for(
          tbb::blocked_range<Index>(0, count < 0 ? 0 : count, 1),
          [&](tbb::blocked_range<Index> const& range) {
            for (Index task = range.begin(); task != range.end(); ++task) f(task);
          },
          tbb::simple_partitioner());
    };
    if (arena_ != nullptr)
      arena_->execute(run);
    else
      run();
  }

  [[nodiscard]] Index concurrency() const {
    return arena_ != nullptr ? arena_->max_concurrency() : tbb::this_task_arena::max_concurrency();
  }

 private:
  tbb::task_arena* arena_ = nullptr;
};

}  // namespace attend
