#pragma once

#include <attend/core/check.hpp>
#include <attend/core/config.hpp>

#include <atomic>
#include <cstdlib>
#include <string_view>
#include <type_traits>

namespace attend {

/// The instruction sets that every kernel is compiled for. `baseline` is what the unit was compiled for without
/// flags (SSE2 on x86-64, NEON on aarch64), `v3` is AVX2 + FMA, `v4` AVX-512 (F, BW, DQ, VL, CD).
enum class Isa { baseline = 0, v3 = 1, v4 = 2 };

[[nodiscard]] constexpr char const* isa_name(Isa isa) {
  return isa == Isa::v4 ? "v4 (AVX-512)" : isa == Isa::v3 ? "v3 (AVX2)" : "baseline";
}

/// The best instruction set of the machine that runs the program.
[[nodiscard]] inline Isa machine_isa() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512cd"))
    return Isa::v4;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&
      __builtin_cpu_supports("bmi2"))
    return Isa::v3;
#endif
  return Isa::baseline;
}

/// Whether the machine multiplies bfloat16 two at a time (AVX512-BF16), summing floats.
[[nodiscard]] inline bool machine_multiplies_bfloat16() {
#if defined(__x86_64__)
  return machine_isa() == Isa::v4 && __builtin_cpu_supports("avx512bf16");
#else
  return false;
#endif
}

namespace detail {

inline Isa isa_from_environment() {
  Isa const best = machine_isa();
  char const* const wish = std::getenv("ATTEND_ISA");
  if (wish == nullptr || *wish == '\0') return best;
  std::string_view const name = wish;
  check(name == "baseline" || name == "v3" || name == "v4", "ATTEND_ISA is \"", name,
        "\"; it must be baseline, v3 or v4.");
  Isa const isa = name == "v4" ? Isa::v4 : name == "v3" ? Isa::v3 : Isa::baseline;
  check(isa <= best, "ATTEND_ISA is ", name, " but this machine has only ", isa_name(best), ".");
  return isa;
}

/// −1: not chosen yet.
inline std::atomic<int>& chosen_isa() {
  static std::atomic<int> isa{-1};
  return isa;
}

}  // namespace detail

/// The instruction set that calls use: the machine's best, or what the environment variable ATTEND_ISA
/// (baseline, v3, v4) said at the first call, or what `use_isa` said last.
///
/// Throws   when ATTEND_ISA names an unknown instruction set or one the machine lacks
[[nodiscard]] inline Isa active_isa() {
  int const isa = detail::chosen_isa().load(std::memory_order_relaxed);
  if (isa >= 0) return static_cast<Isa>(isa);
  Isa const found = detail::isa_from_environment();
  detail::chosen_isa().store(static_cast<int>(found), std::memory_order_relaxed);
  return found;
}

/// Makes every later call of the program use this instruction set.
///
/// Throws   when the machine lacks it
inline void use_isa(Isa isa) {
  check(isa <= machine_isa(), "use_isa: this machine has only ", isa_name(machine_isa()), ", not ", isa_name(isa), ".");
  detail::chosen_isa().store(static_cast<int>(isa), std::memory_order_relaxed);
}

inline namespace ATTEND_UNIT_NAME {

/// What a kernel is instantiated with: the bytes of one vector and the registers there are.
struct BaselineSet {
  static constexpr Isa isa = Isa::baseline;
  static constexpr int vector_bytes = 16;
  static constexpr bool bfloat16_products = false;
};
struct V3Set {
  static constexpr Isa isa = Isa::v3;
  static constexpr int vector_bytes = 32;
  static constexpr bool bfloat16_products = false;
};
struct V4Set {
  static constexpr Isa isa = Isa::v4;
  static constexpr int vector_bytes = 64;
  static constexpr bool bfloat16_products = false;
};
/// v4 for calls that multiply bfloat16 two at a time; nothing else is compiled for it.
struct V4Bfloat16Set {
  static constexpr Isa isa = Isa::v4;
  static constexpr int vector_bytes = 64;
  static constexpr bool bfloat16_products = true;
};

/// Whether this unit compiles kernels for V4Bfloat16Set.
#if defined(__x86_64__) && (!defined(ATTEND_NO_DISPATCH) || (ATTEND_UNIT_LEVEL == 2 && defined(__AVX512BF16__)))
inline constexpr bool compiles_bfloat16_products = true;
#else
inline constexpr bool compiles_bfloat16_products = false;
#endif

namespace dispatch_detail {

// Where the unit itself is compiled for the instruction set the attribute would only hinder inlining. GCC is told the
// instructions by name: `arch` would take away what else the unit may use (-march=haswell, -maes), and GCC inlines
// nothing where that happens.
#if defined(__clang__)
#define ATTEND_V3_INSTRUCTIONS "arch=x86-64-v3"
#define ATTEND_V4_INSTRUCTIONS "arch=x86-64-v4"
#else
#define ATTEND_V3_INSTRUCTIONS "avx2,fma,f16c,bmi,bmi2,lzcnt,movbe,popcnt"
#define ATTEND_V4_INSTRUCTIONS ATTEND_V3_INSTRUCTIONS ",avx512f,avx512bw,avx512cd,avx512dq,avx512vl"
#endif
#if defined(__x86_64__) && ATTEND_UNIT_LEVEL < 1
#define ATTEND_TARGET_V3 __attribute__((target(ATTEND_V3_INSTRUCTIONS)))
#else
#define ATTEND_TARGET_V3
#endif
#if defined(__x86_64__) && ATTEND_UNIT_LEVEL < 2
#define ATTEND_TARGET_V4 __attribute__((target(ATTEND_V4_INSTRUCTIONS)))
#else
#define ATTEND_TARGET_V4
#endif

// GCC is told the two instructions as text, which need no target.
#if defined(__clang__) && defined(__x86_64__) && !defined(__AVX512BF16__)
#if ATTEND_UNIT_LEVEL < 2
#define ATTEND_TARGET_V4_BFLOAT16 __attribute__((target(ATTEND_V4_INSTRUCTIONS ",avx512bf16")))
#else
#define ATTEND_TARGET_V4_BFLOAT16 __attribute__((target("avx512bf16")))
#endif
#else
#define ATTEND_TARGET_V4_BFLOAT16 ATTEND_TARGET_V4
#endif

// Clang splits 64-byte vectors in two for x86-64-v4 unless a function says that it wants them whole.
#if defined(__clang__)
#define ATTEND_WHOLE_VECTORS __attribute__((min_vector_width(512)))
#else
#define ATTEND_WHOLE_VECTORS
#endif

template <class Kernel>
__attribute__((noinline, flatten)) void run_baseline(Kernel const& kernel) {
  kernel.template run<BaselineSet>();
}
#if defined(__x86_64__)
template <class Kernel>
ATTEND_TARGET_V3 __attribute__((noinline, flatten)) void run_v3(Kernel const& kernel) {
  kernel.template run<V3Set>();
}
template <class Kernel>
ATTEND_TARGET_V4 ATTEND_WHOLE_VECTORS __attribute__((noinline, flatten)) void run_v4(Kernel const& kernel) {
  kernel.template run<V4Set>();
}
template <class Kernel>
ATTEND_TARGET_V4_BFLOAT16 ATTEND_WHOLE_VECTORS __attribute__((noinline, flatten)) void run_v4_bfloat16(
    Kernel const& kernel) {
  kernel.template run<V4Bfloat16Set>();
}
#endif
#undef ATTEND_V3_INSTRUCTIONS
#undef ATTEND_V4_INSTRUCTIONS
#undef ATTEND_TARGET_V3
#undef ATTEND_TARGET_V4
#undef ATTEND_TARGET_V4_BFLOAT16
#undef ATTEND_WHOLE_VECTORS

}  // namespace dispatch_detail

/// Calls kernel.run<Set>() as a function of its own, compiled for that instruction set; `run` and all that it calls are
/// ATTEND_INLINE. Also for use within a kernel, where a part is large and not hot.
template <class Set, class Kernel>
void enter(Kernel const& kernel) {
#if defined(__x86_64__)
  if constexpr (Set::bfloat16_products)
    return dispatch_detail::run_v4_bfloat16(kernel);
  else if constexpr (Set::isa == Isa::v4)
    return dispatch_detail::run_v4(kernel);
  else if constexpr (Set::isa == Isa::v3)
    return dispatch_detail::run_v3(kernel);
#endif
  if constexpr (Set::isa == Isa::baseline) dispatch_detail::run_baseline(kernel);
}

/// Calls visit.operator()<Set>() with the instruction set named at run time.
template <class Visit>
decltype(auto) with_set(Isa isa, Visit const& visit) {
#if defined(ATTEND_NO_DISPATCH)
  (void)isa;
  using UnitSet =
      std::conditional_t<ATTEND_UNIT_LEVEL == 2, V4Set, std::conditional_t<ATTEND_UNIT_LEVEL == 1, V3Set, BaselineSet>>;
  return visit.template operator()<UnitSet>();
#else
#if defined(__x86_64__)
  if (isa == Isa::v4) return visit.template operator()<V4Set>();
  if (isa == Isa::v3) return visit.template operator()<V3Set>();
#endif
  (void)isa;
  return visit.template operator()<BaselineSet>();
#endif
}

/// Calls kernel.run<Set>() as a function of its own, for the instruction set named at run time.
template <class Kernel>
void dispatch(Isa isa, Kernel const& kernel) {
  with_set(isa, [&]<class Set>() { enter<Set>(kernel); });
}

}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
