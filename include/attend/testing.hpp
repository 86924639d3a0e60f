#pragma once

/// What users check their own policies and layers with.

#include <attend/testing/central_difference.hpp>  // f′ by differences
#include <attend/testing/check_gradient.hpp>      // of a whole Attention
#include <attend/testing/compare_gradient.hpp>    // of any function, of any object with parameters
#include <attend/testing/gradient_report.hpp>     // the worst entry, as a sentence
