#pragma once

#include <attend/core/executor.hpp>
#include <attend/core/task_counter.hpp>

#if !defined(_OPENMP)
#error \
    "attend: executor/openmp.hpp needs OpenMP: compile with -fopenmp, or use attend::ThreadPool, which needs nothing."
#endif

#include <omp.h>

namespace attend {

/// Runs the tasks on the threads of OpenMP, OMP_NUM_THREADS of them. Within a parallel region it runs on the calling
/// thread alone, unless the program has told OpenMP to nest.
///
/// Throws   the first exception that a task threw, after all threads have let go of f; tasks not begun are left out
struct OpenMp {
  template <class Function>
  void for_each(Index count, Function&& f) const {
    if (count <= 1) return Serial{}.for_each(count, f);
    auto call = [&f](Index task) { f(task); };
    detail::TaskCounter tasks(count, call);
#pragma omp parallel
    tasks.work();
    tasks.rethrow();
  }

  [[nodiscard]] Index concurrency() const { return omp_get_max_threads(); }
};

}  // namespace attend
