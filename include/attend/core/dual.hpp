#pragma once

/// Numbers with a derivative.

#include <attend/core/dual_math.hpp>    // exp, log, tanh, sqrt, sigmoid, softplus, abs, max, min, fma, select
#include <attend/core/dual_number.hpp>  // Dual: arithmetic and comparisons
