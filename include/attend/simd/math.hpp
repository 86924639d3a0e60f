#pragma once

/// The functions that score and mask functions may call on packs; the same names on plain numbers are in core/math.hpp.
/// Packs of whole numbers (positions) become reals of the same width.
///
/// Largest error in ulp. "fused" is AVX2, AVX-512 and every unit compiled for a machine with fma, "apart" plain SSE2.
///
///                          float, all 2³² of them     double, 2·10⁷ of them
///                              fused    apart             fused    apart
///   exp, exp_nonpositive       0.892    0.989             0.881    0.964
///   log                        0.970    0.959             1.10     1.23
///   tanh                       2.59     2.77              2.66     2.67
///   sigmoid                    2.41     2.41              2.42     2.42
///   softplus                   1.75     2.05              1.94     2.10
///   sqrt                       0.501    0.850             0.501    0.848
///   erf                        1.05     1.34              1.13     1.37
///   normal_cdf                 4.40     4.75              4.55     5.28
///   normal_density             2.72     2.78              2.45*    2.56*
///
/// * of 6·10⁴ doubles; and normal_density "fused" of all positive floats on AVX2.
///
/// The same bits come out of GCC 12 and Clang 14, of AVX2 and AVX-512 (checked on all floats, not for the last three).
/// tests/simd repeats the measurement on a sample, and with ATTEND_EXHAUSTIVE=1 in full.

#include <attend/core/math.hpp>
#include <attend/simd/erf.hpp>        // erf, normal_cdf, normal_density
#include <attend/simd/exp.hpp>        // exp, exp_nonpositive
#include <attend/simd/log.hpp>        // log
#include <attend/simd/magnitude.hpp>  // abs, max, min
#include <attend/simd/sigmoid.hpp>    // sigmoid, softplus
#include <attend/simd/sqrt.hpp>       // sqrt
#include <attend/simd/tanh.hpp>       // tanh
