#include "agree.hpp"
#include "catalogue.hpp"
#include "policies.hpp"

#include <attend/core/thread_pool.hpp>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

/// The bits of a result do not depend on who computes it: how many threads, in which order, beside whom.

namespace threads_tests {


using namespace laws;

std::vector<std::unique_ptr<attend::ThreadPool>> pools_of_one_to_eight() {
  std::vector<std::unique_ptr<attend::ThreadPool>> pools;
  for (Index concurrency = 1; concurrency <= 8; ++concurrency)
    pools.push_back(std::make_unique<attend::ThreadPool>(concurrency));
  return pools;
}

/// The last task first.
struct Backwards {
  template <class Function>
  void for_each(Index count, Function&& f) const {
    for (Index task = count; task-- > 0;) f(task);
  }
  [[nodiscard]] Index concurrency() const { return 3; }
};

/// Runs three tasks at a time but promises only one.
struct Understated {
  template <class Function>
  void for_each(Index count, Function&& f) const {
    std::atomic<Index> next{0};
    auto const work = [&] {
      for (Index task = next++; task < count; task = next++) f(task);
    };
    std::thread first(work), second(work);
    work();
    first.join();
    second.join();
  }
  [[nodiscard]] Index concurrency() const { return 1; }
};

constexpr Shape small_shapes[] = {
    {.n = 1, .m = 1, .d = 1, .e = 1},
    {.n = 1, .m = 300, .d = 16, .e = 8},
    {.n = 2, .m = 17, .d = 4, .e = 3, .batch = 5, .heads = 2},
    {.n = 13, .m = 31, .d = 8, .e = 8, .batch = 2, .heads = 4, .kv_heads = 2},
    {.n = 97, .m = 97, .d = 16, .e = 16},
    {.n = 100, .m = 40, .d = 4, .e = 5, .heads = 3},
    {.n = 193, .m = 64, .d = 4, .e = 4},
    {.n = 5, .m = 520, .d = 8, .e = 32, .heads = 2, .kv_heads = 1},
    {.n = 1, .m = 64, .d = 8, .e = 8, .batch = 8, .heads = 4, .kv_heads = 1},
    {.n = 200, .m = 3, .d = 4, .e = 4},
    {.n = 64, .m = 64, .d = 16, .e = 16, .heads = 6},
    {.n = 31, .m = 257, .d = 3, .e = 7},
    {.n = 12, .m = 256, .d = 4, .e = 16, .batch = 3},
    {.n = 11, .m = 0, .d = 4, .e = 4, .batch = 2},
};

TEST(OneToEightThreads, GiveTheSameBitsIn250RepeatsOf14Shapes) {
  auto const pools = pools_of_one_to_eight();
  auto const softmax = scored_by(attend::ScaledDot{});
  static_assert(std::size(small_shapes) == 14);
  for (Shape const& shape : small_shapes) {
    Problem<float> const problem(shape, 51);
    Policies policies{.mask = causal()};
    auto const wanted = output_of(softmax, problem.inputs(), policies);
    attend::Workspace workspace;
    policies.workspace = &workspace;
    std::vector<float> found(wanted.size());
    for (std::size_t repeat = 0; repeat < 250; ++repeat) {
      policies.executor = AnyExecutor(*pools[repeat % pools.size()]);
      std::fill(found.begin(), found.end(), -1.f);
      softmax.into(attend::heads(found.data(), shape.output()), problem.inputs(), policies);
      ASSERT_TRUE(same_bits(wanted, found)) << shape << ", repeat " << repeat;
    }
  }
}

TEST(OneToEightThreads, GiveTheSameBitsForEveryKernel) {
  auto const pools = pools_of_one_to_eight();
  for (Shape const& shape : small_shapes) {
    Problem<float> const problem(shape, 52);
    for (Variant<float> const& variant : every_kernel(shape)) {
      Policies policies{.mask = causal()};
      auto const wanted = variant.forward(problem.inputs(), policies);
      for (auto const& pool : pools) {
        policies.executor = AnyExecutor(*pool);
        ASSERT_TRUE(same_bits(wanted, variant.forward(problem.inputs(), policies)))
            << variant.name << ", " << shape << ", " << pool->concurrency() << " threads";
      }
      if (!variant.weights) continue;
      policies.executor = AnyExecutor();
      auto const weights = weights_of(variant, problem.inputs(), policies);
      policies.executor = AnyExecutor(*pools[3]);
      ASSERT_TRUE(same_bits(weights, weights_of(variant, problem.inputs(), policies))) << variant.name << ", " << shape;
    }
  }
}

TEST(AnExecutor, MayRunTheTasksInAnyOrderAndMoreAtOnceThanItSays) {
  Backwards backwards;
  Understated understated;
  for (Shape const& shape : small_shapes) {
    Problem<float> const problem(shape, 53);
    for (Variant<float> const& variant : {scored_by(attend::ScaledDot{}), normalized_by(attend::Sparsemax{})}) {
      Policies policies{.mask = causal()};
      auto const wanted = variant.forward(problem.inputs(), policies);
      policies.executor = AnyExecutor(backwards);
      EXPECT_TRUE(same_bits(wanted, variant.forward(problem.inputs(), policies))) << variant.name << ", " << shape;
      policies.executor = AnyExecutor(understated);
      EXPECT_TRUE(same_bits(wanted, variant.forward(problem.inputs(), policies))) << variant.name << ", " << shape;
    }
  }
}

TEST(Calls, MayRunAtTheSameTime) {
  Shape const shape{.n = 40, .m = 300, .d = 8, .e = 8, .heads = 2};
  auto const variants = every_kernel(shape);
  std::vector<Result<float>> wanted;
  Problem<float> const problem(shape, 54);
  for (Variant<float> const& variant : variants) wanted.push_back(variant.forward(problem.inputs(), {}));
  attend::ThreadPool pool(2);
  std::atomic<int> wrong{0};
  std::vector<std::thread> callers;
  for (std::size_t caller = 0; caller < 4; ++caller)
    callers.emplace_back([&, caller] {
      Policies policies;
      if (caller % 2 == 0) policies.executor = AnyExecutor(pool);
      for (std::size_t i = 0; i < variants.size(); ++i) {
        std::size_t const turn = (i + caller * 5) % variants.size();
        if (!same_bits(wanted[turn], variants[turn].forward(problem.inputs(), policies))) ++wrong;
      }
    });
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace threads_tests
