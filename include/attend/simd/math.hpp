#pragma once

/// The functions that score and mask functions may call on packs; the same names on plain numbers are in core/math.hpp.
/// Packs of whole numbers (positions) become reals of the same width.
///
/// Largest error found in ulp, of all floats and of 10⁸ doubles:
///
///                       float: with fma, without          double: with fma, without

#include <attend/core/math.hpp>
#include <attend/simd/exp.hpp>        // exp, exp_nonpositive
#include <attend/simd/log.hpp>        // log
#include <attend/simd/magnitude.hpp>  // abs, max, min, sqrt
#include <attend/simd/sigmoid.hpp>    // sigmoid, softplus
#include <attend/simd/tanh.hpp>       // tanh
