#pragma once

// What nearly every test reads first. Tests include what they use all the same.

#include <attend/attention.hpp>

#include <gtest/gtest.h>

#include <Eigen/Core>
