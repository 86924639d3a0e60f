#pragma once

/// What the compiler is told once, for every kernel.

#if defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__
#error \
    "attend: -ffast-math (or -ffinite-math-only) removes the infinities that masks and empty rows rest on; compile without it. The kernels do not gain from it."
#endif

/// Kernels are written once and inlined whole into an entry function of each instruction set (see dispatch.hpp).
/// A function that were left out of line would be compiled for the wrong one.
#define ATTEND_INLINE inline __attribute__((always_inline))

/// Loops over the registers of a micro-kernel must be unrolled completely for their array to live in registers.
/// Clang does so by itself at -O2, GCC only when told.
#if defined(__clang__)
#define ATTEND_UNROLL _Pragma("clang loop unroll(full)")
#else
#define ATTEND_UNROLL _Pragma("GCC unroll 64")
#endif

/// The instruction set that this translation unit is compiled for. It is part of the name of everything that holds
/// kernel code, so that two units with different flags can be linked into one program.
///
/// ATTEND_EMULATE_V4 makes the kernels of AVX-512 from whatever instructions the unit has: slow, but a machine without
/// AVX-512 can test them (cmake/emulate.cmake).
#if defined(ATTEND_EMULATE_V4)
#if !defined(ATTEND_NO_DISPATCH)
#error "attend: ATTEND_EMULATE_V4 makes kernels of one kind; define ATTEND_NO_DISPATCH beside it."
#endif
#define ATTEND_UNIT_LEVEL 2
#define ATTEND_UNIT_NAME ATTEND_KERNELS_NAME(emulating_v4)
#elif defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512DQ__) && defined(__AVX512VL__)
#define ATTEND_UNIT_LEVEL 2
#define ATTEND_UNIT_NAME ATTEND_KERNELS_NAME(built_for_v4)
#elif defined(__AVX2__) && defined(__FMA__)
#define ATTEND_UNIT_LEVEL 1
#define ATTEND_UNIT_NAME ATTEND_KERNELS_NAME(built_for_v3)
#else
#define ATTEND_UNIT_LEVEL 0
#define ATTEND_UNIT_NAME ATTEND_KERNELS_NAME(built_for_baseline)
#endif

/// With ATTEND_NO_DISPATCH every kernel is compiled once, for the instruction set of the unit, instead of once for each
/// that a machine may have: a third of the code and of the time to compile, for programs that are built with
/// -march=native or need no speed. `active_isa` and ATTEND_ISA then say nothing about this unit.
#if defined(ATTEND_NO_DISPATCH)
#define ATTEND_KERNELS_NAME(unit) unit##_alone
#else
#define ATTEND_KERNELS_NAME(unit) unit
#endif

/// GCC notes that vectors wider than the unit's own registers are passed in memory. Packs always are, on purpose.
#if defined(__clang__)
#define ATTEND_QUIET_BEGIN _Pragma("clang diagnostic push") _Pragma("clang diagnostic ignored \"-Wpsabi\"")
#define ATTEND_QUIET_END _Pragma("clang diagnostic pop")
#else
#define ATTEND_QUIET_BEGIN _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wpsabi\"")
#define ATTEND_QUIET_END _Pragma("GCC diagnostic pop")
#endif
