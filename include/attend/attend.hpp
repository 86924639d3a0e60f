#pragma once

/// All of attend. Each of these headers can be included by itself.

#include <attend/attention.hpp>
#include <attend/core/freeze.hpp>
#include <attend/core/frozen.hpp>
#include <attend/core/random.hpp>
#include <attend/core/thread_pool.hpp>
#include <attend/hard.hpp>
#include <attend/layer.hpp>
#include <attend/linear.hpp>
#include <attend/mask.hpp>
#include <attend/model.hpp>
#include <attend/normalize.hpp>
#include <attend/reference.hpp>
#include <attend/score.hpp>
