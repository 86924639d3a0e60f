#include "laws.hpp"

#ifdef ATTEND_HAVE_TBB
#include <attend/executor/tbb.hpp>

TEST(Tbb, ObeysTheLawsOfExecutors) {
  attend::Tbb executor;
  executor_laws::obeys_all(executor);
}

TEST(Tbb, ObeysThemInAnArenaOfItsOwn) {
  tbb::task_arena arena(3);
  attend::Tbb executor(arena);
  EXPECT_EQ(executor.concurrency(), 3);
  executor_laws::obeys_all(executor);
}
#else
TEST(Tbb, IsNotOnThisMachine) { GTEST_SKIP() << "oneTBB was not found."; }
#endif
