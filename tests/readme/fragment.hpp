#pragma once

// What a fragment of README.md may take for granted.

#include <attend/attend.hpp>

#include <iostream>

namespace at = attend;

inline Eigen::MatrixXf const q = Eigen::MatrixXf::Random(8, 4);
inline Eigen::MatrixXf const k = Eigen::MatrixXf::Random(8, 4);
inline Eigen::MatrixXf const v = Eigen::MatrixXf::Random(8, 3);
