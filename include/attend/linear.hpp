#pragma once

/// Attention whose cost is linear in the length of the sequence.

#include <attend/linear/elu_plus_one.hpp>         // EluPlusOne          φ of LinearAttention
#include <attend/linear/gates.hpp>                // Gates               decay and delta rule
#include <attend/linear/linear_attention.hpp>     // LinearAttention     φ(q)·φ(k) in place of softmax
#include <attend/linear/linear_state.hpp>         // LinearState         the memory, for sequences cut into calls
#include <attend/linear/recurrent_attention.hpp>  // RecurrentAttention  a matrix that tokens are written to
