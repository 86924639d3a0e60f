#include "laws.hpp"

#ifdef ATTEND_HAVE_OPENMP
#include <attend/executor/openmp.hpp>

TEST(OpenMp, ObeysTheLawsOfExecutors) {
  attend::OpenMp executor;
  // GNU's OpenMP gives each calling thread a team of its own that waits by spinning: slow where cores are few.
  executor_laws::obeys_all(executor, 5);
}
#else
TEST(OpenMp, IsNotOnThisMachine) { GTEST_SKIP() << "OpenMP was not found."; }
#endif
