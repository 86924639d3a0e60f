#pragma once

#include <attend/core/config.hpp>
#include <attend/core/types.hpp>

#include <algorithm>
#include <thread>

namespace attend {
inline namespace ATTEND_UNIT_NAME {
namespace kernel {

/// How many tasks an executor runs at a time; one that does not say may use every core.
template <class Executor>
[[nodiscard]] Index workers_of(Executor const& executor) {
  if constexpr (requires { executor.concurrency(); })
    return std::max<Index>(1, static_cast<Index>(executor.concurrency()));
  else
    return std::max<Index>(1, static_cast<Index>(std::thread::hardware_concurrency()));
}

}  // namespace kernel
}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
