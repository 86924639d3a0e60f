#pragma once

/// The dense mathematics, for any scalar: what every fast path is compared with.

#include <attend/reference/attention.hpp>
#include <attend/reference/backward.hpp>
#include <attend/reference/heads.hpp>
#include <attend/reference/heads_backward.hpp>
#include <attend/reference/hessian.hpp>
#include <attend/reference/jacobian.hpp>
#include <attend/reference/linear_attention.hpp>
#include <attend/reference/normalize.hpp>
#include <attend/reference/similarity.hpp>
