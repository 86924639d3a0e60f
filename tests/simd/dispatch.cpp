#include <attend/simd/dispatch.hpp>

#include "core/sentence.hpp"
#include "isas.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

namespace dispatch_tests {

namespace at = attend;

struct WhichSet {
  at::Isa* isa;
  int* bytes;
  template <class Set>
  ATTEND_INLINE void run() const {
    *isa = Set::isa;
    *bytes = Set::vector_bytes;
  }
};

/// ATTEND_ISA set to something else for as long as it lives.
class Environment {
 public:
  explicit Environment(char const* value) {
    if (char const* const before = std::getenv("ATTEND_ISA")) before_ = before;
    setenv("ATTEND_ISA", value, 1);
  }
  ~Environment() { before_.empty() ? unsetenv("ATTEND_ISA") : setenv("ATTEND_ISA", before_.c_str(), 1); }
  Environment(Environment const&) = delete;
  Environment& operator=(Environment const&) = delete;

 private:
  std::string before_;
};

TEST(Dispatch, RunsTheKernelOfTheInstructionSetNamed) {
  for (at::Isa const isa : isas()) {
    at::Isa ran{};
    int bytes = 0;
    at::dispatch(isa, WhichSet{&ran, &bytes});
    EXPECT_EQ(ran, isa);
    EXPECT_EQ(bytes, isa == at::Isa::v4 ? 64 : isa == at::Isa::v3 ? 32 : 16);
  }
}

TEST(Dispatch, TakesTheMachinesBestUnlessTold) {
  Environment const nothing("");
  EXPECT_EQ(at::detail::isa_from_environment(), at::machine_isa());
}

TEST(Dispatch, ObeysTheEnvironment) {
  Environment const baseline("baseline");
  EXPECT_EQ(at::detail::isa_from_environment(), at::Isa::baseline);
}

TEST(Dispatch, RefusesAnInstructionSetThatNobodyKnows) {
  Environment const wrong("avx");
  EXPECT_EQ(sentences::sentence_of([] { (void)at::detail::isa_from_environment(); }),
            "ATTEND_ISA is \"avx\"; it must be baseline, v3 or v4.");
}

TEST(Dispatch, RefusesAnInstructionSetThatTheMachineLacks) {
  if (at::machine_isa() == at::Isa::v4) GTEST_SKIP() << "this machine has them all";
  Environment const wrong("v4");
  EXPECT_THROW((void)at::detail::isa_from_environment(), at::Error);
  EXPECT_THROW(at::use_isa(at::Isa::v4), at::Error);
}

TEST(Dispatch, UsesWhatItWasToldLast) {
  at::Isa const before = at::active_isa();
  for (at::Isa const isa : isas()) {
    at::use_isa(isa);
    EXPECT_EQ(at::active_isa(), isa);
    EXPECT_NE(at::isa_name(isa), nullptr);
  }
  at::use_isa(before);
}

}  // namespace dispatch_tests
