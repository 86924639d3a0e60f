#include "unit.hpp"

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

/// Numbers in [−1, 1) from a linear congruence, the same everywhere.
Numbers draw(int count, std::uint32_t seed) {
  Numbers numbers(static_cast<std::size_t>(count));
  for (float& number : numbers) {
    seed = seed * 1664525u + 1013904223u;
    number = static_cast<float>(seed >> 8) / 8388608.f - 1.f;
  }
  return numbers;
}

/// GCC fuses a·b + c into one rounding from -O1 on but not at -O0; Clang decides before it optimises. Where the
/// instruction set has no fused operation both give the same bits.
bool o0_rounds_alike() {
#if defined(__clang__)
  return true;
#else
  char const* const isa = std::getenv("ATTEND_ISA");
  return isa != nullptr && std::strcmp(isa, "baseline") == 0;
#endif
}

float largest_difference(Numbers const& a, Numbers const& b) {
  float largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    float const difference = std::fabs(a[i] - b[i]);
    // Not std::max: a NaN must show.
    if (!(difference <= largest)) largest = difference;
  }
  return largest;
}

}  // namespace

int main() {
  int faults = 0;
  for (Problem const& p : {Problem{1, 1, 1, 1, false}, Problem{5, 7, 3, 2, false}, Problem{33, 33, 16, 24, true},
                           Problem{67, 301, 64, 64, false}, Problem{130, 530, 40, 72, true}}) {
    Numbers const q = draw(p.n * p.d, 1), k = draw(p.m * p.d, 2), v = draw(p.m * p.e, 3);
    Numbers const o0 = unit_o0(p, q, k, v), o2 = unit_o2(p, q, k, v), native = unit_native(p, q, k, v);
    bool const same_bits = std::memcmp(o0.data(), o2.data(), o0.size() * sizeof(float)) == 0;
    float const o0_apart = largest_difference(o0, o2), native_apart = largest_difference(o2, native);
    bool const right = (o0_rounds_alike() ? same_bits : o0_apart <= 1e-6f) && native_apart <= 1e-5f;
    std::printf("n %3d  m %3d  d %2d  e %2d: -O0 and -O2 %s, %g apart; -O2 and -march=native %g apart%s\n", p.n, p.m,
                p.d, p.e, same_bits ? "same bits" : "other bits", static_cast<double>(o0_apart),
                static_cast<double>(native_apart), right ? "" : ": WRONG");
    faults += !right;
  }
  return faults;
}
